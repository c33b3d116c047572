// engine/executor/job.h - what all tasks of a process share: the program, its numbering for Legion, what was seen. Private.
#pragma once

#include <legion.h>
#include <map>
#include <mutex>
#include <unordered_map>

#include "engine/executor/report.h"
#include "engine/executor/run.h"
#include "program/program.h"

namespace mapwright::engine::executor {

// Where a launch stands: which one, in which execution of the top-level statement, below which points, in which rounds.
// Travels as the argument of its tasks and of its projections.
struct Frame {
  const program::Launch* launch = nullptr;
  std::uint64_t number = 0;                 // of the top-level launch above it (or itself)
  std::vector<Point> ancestors;             // immediate parent first
  std::vector<program::LoopCounter> loops;  // outermost first

  program::ExprContext at(const Point& p) const {
    program::ExprContext c;
    c.point = p;
    c.ancestors = ancestors;
    c.loops = loops;
    return c;
  }
};

inline constexpr Legion::TaskID kTopLevel = 1, kCheck = 2, kFirstTask = 3;
inline constexpr Legion::MapperID kCheckMapper = 1;  // of kCheck, about which no mapper file decides
inline constexpr Legion::ProjectionID kProjection = 1;

class Job {
 public:
  Job(program::Program program, RunOptions options);

  const program::Program& program() const { return program_; }
  const RunOptions& options() const { return options_; }

  // A frame as bytes and back; `extra` is handed through.
  std::vector<std::int64_t> encode(const Frame& f, std::int64_t extra = 0) const;
  Frame decode(const void* data, std::size_t size, std::int64_t* extra = nullptr) const;

  // Does a projection of the launches in `body`, or in what they launch, read the counter?
  bool reads_loop(const program::Body& body, std::string_view counter) const;

  // --- what was seen; thread-safe
  void ran(const Frame& f, ProcessorKind kind, const std::string& processor, double start, double end);
  void failed(std::string why);
  Report& report() { return report_; }  // only while no task runs

  // Name of the processor and its kind as machine models have them.
  struct Place {
    std::string name;
    ProcessorKind kind = ProcessorKind::Cpu;
  };
  void look_at(Legion::Machine machine);
  const Place& place(Legion::Processor p) const { return places_.at(p.id); }

 private:
  program::Program program_;
  RunOptions options_;
  std::vector<const program::Launch*> launches_;  // by id
  std::vector<const program::Loop*> loops_;
  std::unordered_map<std::string_view, std::int64_t> loop_numbers_;
  std::unordered_map<unsigned long long, Place> places_;
  std::mutex mutex_;
  Report report_;
  std::map<std::pair<std::uint32_t, ProcessorKind>, std::size_t> task_rows_;
  std::unordered_map<std::string, std::size_t> used_rows_;
};

// The job of this process: Legion calls tasks and functors without any context of ours.
Job& job();
void set_job(Job* j);

double now();  // seconds since the epoch

inline Legion::DomainPoint to_legion(const Point& p) {
  Legion::DomainPoint out;
  out.dim = p.dim;
  for (int d = 0; d < p.dim; ++d) out[static_cast<unsigned>(d)] = p[d];
  return out;
}
inline Point from_legion(const Legion::DomainPoint& p) {
  Point out;
  out.dim = p.get_dim();
  for (int d = 0; d < out.dim; ++d) out[d] = p[static_cast<unsigned>(d)];
  return out;
}
inline Legion::Domain to_legion(const Rect& r) { return {to_legion(r.lo), to_legion(r.hi)}; }

}  // namespace mapwright::engine::executor
