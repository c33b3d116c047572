// engine/legion/assemble.h - a recording as a program: what is launched where, bodies of tasks, and data by piece. Private.
#pragma once

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/legion/record.h"

namespace mapwright::engine::legion {

// Names that are not taken yet, each once.
class Names {
 public:
  std::string take(std::string_view wanted, std::string_view otherwise) {
    std::string base = plain_name(wanted);
    if (base.empty()) base = otherwise;
    std::string name = base;
    for (int n = 2; !taken_.insert(name).second; ++n) name = fmt::format("{}_{}", base, n);
    return name;
  }

 private:
  std::set<std::string> taken_;
};

// A recording that becomes a program, once.
class Assembler {
 public:
  Assembler(const Recorder::Data& data, std::string name) : data_(data), name_(std::move(name)) {}
  program::Program run(bool flatten);

 private:
  using Call = Recorder::Call;
  using Known = Recorder::Known;
  using Path = Recorder::Path;
  using Touched = Recorder::Touched;

  // What a task does at one place in its order: a launch or an access with its data, or a call without.
  struct Item {
    std::optional<std::uint32_t> known;
    const Path* path = nullptr;          // of launches
    const Call* call = nullptr;
    std::optional<std::uint32_t> number; // of the call
  };

  // One point of a task that launches others.
  struct Instance {
    std::vector<std::int64_t> points;     // of its own, then of the tasks above it
    std::vector<std::uint32_t> launches;  // what launched them
    std::vector<Item> items;
  };

  struct Resolved {
    std::vector<Touched> used;  // by point of the launch, then by points of the tasks above it where they matter
    bool by_ancestors = false;
    bool whole = false;
    std::optional<std::uint32_t> partition;  // the only one
  };

  // A launch as a body has it, for all points of the tasks above it.
  struct Site {
    std::vector<std::uint32_t> knowns;  // by the points of the tasks above it, the nearest fastest
    std::vector<Rect> above;            // their domains, the nearest first
    std::vector<Resolved> arguments;
  };

  // What `site` launches there (or another call) and the futures between them; equal ones are one statement.
  struct Step {
    Call::What what = Call::What::Launch;
    std::uint32_t site = 0;               // Launch, Access, Fill
    std::vector<std::uint32_t> futures;   // what has produced them, as known
    std::uint32_t trace = 0;
    bool waited = false, start = false;   // a fence; a clock
    bool top = true;                      // of the top-level task
    friend auto operator<=>(const Step&, const Step&) = default;
  };

  using Instances = std::map<std::string, std::vector<Instance>>;
  using Key = std::pair<std::uint32_t, std::vector<Touched>>;  // of a partition that is made

  // --- who launches what
  void find_equals();
  void read();
  void merge_calls(const Path& task, std::vector<Item>& items);
  std::vector<Item> items_of(const Path& task) const;
  void collect(const std::vector<Item>& items, const std::vector<std::int64_t>& points, const std::vector<std::uint32_t>& launches, Instances& out) const;
  void find_bodies(bool flatten);
  std::optional<std::vector<Site>> unify(const std::vector<Instance>& all, std::string& why) const;
  bool covered(const std::vector<Instance>& all) const;
  void steps_of_main();
  std::uint32_t add_site(Site site);
  std::uint32_t add_step(Step step);

  // --- what it is done to
  std::vector<Touched> touched(const Known& known, std::size_t position) const;
  void resolve(Site& site) const;
  void order();
  void use_partition(std::uint32_t id);
  void write_regions();
  void write_tasks();
  void write_argument(const Site& site, std::size_t position, program::Argument& a);
  program::PartitionId made(const Key& key, const std::string& task);
  program::Launch launch_of(const Site& site);
  program::Fill fill_of(const Site& site);
  void write(const std::vector<Repeated>& all, program::Body& body);
  void write_step(const Step& step, program::Body& body);
  program::FutureId future(std::uint32_t known);

  const Known& known(std::uint32_t id) const { return data_.known[id]; }
  const Known& known(const Site& site) const { return data_.known[site.knowns.front()]; }

  const Recorder::Data& data_;
  const std::string name_;
  std::vector<std::uint32_t> equal_;             // by known: the first one that does the same
  std::map<Path, std::vector<Item>> tasks_;      // what each point does
  std::set<std::string> parents_;                // tasks that launch
  std::map<std::string, std::string> flat_;      // why a task has no body
  std::map<std::string, std::vector<std::uint32_t>> bodies_;  // steps
  std::map<std::string, std::vector<Site>> unified_;
  std::string unplaced_, unseen_;
  std::set<std::string> written_;                // tasks that reduce what program files cannot reduce

  std::vector<Site> sites_;
  std::map<std::pair<std::vector<std::uint32_t>, std::vector<Rect>>, std::uint32_t> site_at_;
  std::vector<Step> steps_;
  std::map<Step, std::uint32_t> step_at_;
  std::vector<std::uint32_t> main_;
  std::map<std::uint32_t, program::ReductionOp> producing_;  // launches whose result is read

  program::Program p_;
  Names names_;
  std::vector<std::uint32_t> regions_, partitions_;
  std::map<std::uint32_t, std::uint32_t> region_at_, partition_at_;
  std::map<Key, program::PartitionId> made_;
  std::map<std::string, program::TaskId> task_ids_;
  std::map<std::uint32_t, program::FutureId> futures_;
  int loops_ = 0;
  bool timed_ = false;
};

}  // namespace mapwright::engine::legion
