// engine/executor/body.h - statements of a program as operations of Legion, at top level and inside tasks. Private.
#pragma once

#include <legion.h>
#include <vector>

#include "engine/executor/tree.h"

namespace mapwright::engine::executor {

// Issues the statements of one body in program order.
class Body {
 public:
  // At top level.
  Body(Legion::Context context, Legion::Runtime* runtime, Job& job, const Tree& tree);
  // Inside a point of a task: `frame` is the task's, `regions` its own requirements.
  Body(Legion::Context context, Legion::Runtime* runtime, Job& job, const Frame& frame, const Point& point, const Legion::Task& task);

  void run(const program::Body& statements);
  // Timers of the program in order, top level only.
  const std::vector<Stamp>& stamps() const { return stamps_; }

 private:
  void launch(const program::Launch& l);
  void loop(const program::Loop& l);
  void fence(const program::Fence& f);
  void fill(const program::Fill& f);
  void timer(const program::Timer& t);
  template <typename Launcher>
  void add_arguments(Launcher& launcher, const Frame& frame);
  Legion::RegionRequirement requirement(const program::Argument& a, std::size_t position, const Frame& frame);
  Legion::Future execute(const program::Launch& l, const Frame& frame);

  Legion::Context context_;
  Legion::Runtime* runtime_;
  Job& job_;
  const Tree* tree_ = nullptr;          // top level
  const Legion::Task* task_ = nullptr;  // inside a task
  const Frame* above_ = nullptr;        // likewise
  std::vector<std::optional<std::pair<program::PartitionId, std::uint32_t>>> as_;  // what its regions are
  std::vector<Point> ancestors_;
  std::vector<program::LoopCounter> loops_;
  std::vector<Legion::Future> futures_;
  std::uint64_t next_launch_ = 0;
  std::optional<double> fenced_;  // when the fence ended that is the latest operation
  bool tracing_ = false;
  std::map<std::string, Legion::TraceID> traces_;
  std::vector<Stamp> stamps_;
};

// Registers the projections of programs with Legion.
void register_projections();

}  // namespace mapwright::engine::executor
