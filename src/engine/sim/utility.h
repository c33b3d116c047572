// engine/sim/utility.h - utility processors: the order and the time in which point tasks are mapped.
// Model: docs/models/overhead.md.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/sim/blocks.h"

namespace mapwright::engine::sim {

// A mapped task: it and what its mapping issues can start from `time` on.
struct Mapped {
  std::uint32_t item = 0;  // into Workload::items
  std::uint32_t block = 0;
  Ticks time = 0;
  std::uint32_t server = 0;  // the utility processor that mapped it
};

// The utility processors of all address spaces. In one space, whatever can be mapped is mapped in program order, each
// item by the utility processor that is free first. A gate stops the list that it stands in; a task that InstanceLimit
// holds back does not stop others. The top level stops when kWindow launches are mapped but not over.
//
// Mapping can run far ahead of execution, so it is computed late, in the same steps and with the same times as if every
// step were an event: provide() goes on until all operations that wait for nothing but their mapping have it, or to the
// present; where such operations could be overlooked (Workload::lazy is false), always to the present. Before anything
// changes what can be mapped (a gate, a limit, a finished parent), advance() catches up to the present. The caller passes
// on what was mapped before it does anything else.
class Utility {
 public:
  // Launches of the top level that may be mapped and not over in an address space, in order: Legion's `-lg:window`.
  static constexpr std::uint64_t kWindow = 1024;

  Utility(const Workload& workload, Blocks& blocks);

  // Maps everything in `space` whose turn comes until `now`; appends it to `mapped`.
  void advance(std::uint32_t space, Ticks now, std::vector<Mapped>& mapped) { run(space, now, mapped, false); }
  // Maps what is wanted in `space` and whose turn comes until `now`; appends it to `mapped`.
  void provide(std::uint32_t space, Ticks now, std::vector<Mapped>& mapped) { run(space, now, mapped, true); }
  // When the next item of `space` is mapped, if something wants it: then provide() has to be called again.
  std::optional<Ticks> next(std::uint32_t space) const;

  // After advance(space, now): a task of `space` has ended and what it launches can be mapped.
  void open(plan::OpIndex task, std::uint32_t block, std::uint32_t space, Ticks now);
  // After advance(space, now): the last limit on the mapping of a task is gone.
  void release(plan::OpIndex op, std::uint32_t block, Ticks now);
  // A point task of the top level is over. True if the list of its space can go on: then after advance(space, now) comes
  // move_window(space, now).
  bool end_point(plan::OpIndex task, std::uint64_t rep, Ticks now);
  void move_window(std::uint32_t space, Ticks now);
  // After advance(s, now) of every space: a gate has been passed once more.
  void pass(std::uint32_t gate, Ticks now);

  // When the mapping of an operation of `space` that has begun ends or has ended, as seen from `now`: not before.
  Ticks mapped_at(std::uint32_t space, plan::OpIndex op, std::uint32_t block, Ticks now) const;
  // Operations of `space` that wait for nothing but their mapping.
  void await(std::uint32_t space) { ++spaces_[space].awaited; }
  bool idle(std::uint32_t space) const { return spaces_[space].ready.empty(); }

  // ---- For executions that repeat themselves (skip.cc).

  // Mapping held something up.
  void hindered() { watched_.unhindered = false; }
  // What was seen of mapping in a part of the execution. If it held nothing up, and would have held up nothing had all
  // utility processors been busy until `margin` before the beginning, then it does not in other parts with the same course.
  struct Watched {
    bool unhindered = false;
    Ticks begin = 0, margin = 0;
  };
  // Ends a part and begins the next.
  Watched watch(Ticks now);
  // The state, seen from `now` and after `repetitions` of `segment`; `times`: with what utility processors still have to do.
  void describe(Digest& state, std::uint32_t segment, std::uint64_t repetitions, Ticks now, bool times) const;
  // The latest repetition of `segment` that mapping has come to.
  std::uint64_t furthest(std::uint32_t segment) const;
  // Parts of a period of `repetitions` held nothing up with this margin: none to come does either.
  bool stays_unhindered(std::uint32_t segment, std::uint64_t repetitions, Ticks margin, Ticks period, Ticks now) const;
  // The latest period of `repetitions` of `segment` happens `times` more times. With `unhindered`, utility processors have
  // not come to the same state again, and are brought to the one they reach.
  void repeat(std::uint32_t segment, std::uint64_t repetitions, Ticks period, std::uint64_t times, bool unhindered);

 private:
  // Items that become mappable one after the other.
  struct List {
    std::uint64_t order = 0;  // of its next item: position in program order
    std::uint32_t item = 0, end = 0;
    std::uint32_t segment = 0, block = 0;
    std::uint64_t rep = 0;
    std::uint64_t launch = 0; // top: number of the launch of its next item
    std::uint32_t left = 0;   // top: items of that launch still to come
    bool open = false;        // top: the gate of that launch has been passed
    bool top = false;         // continues with the next repetition and segment
    static bool later(const List& a, const List& b) { return a.order > b.order; }
  };
  struct Given {
    std::uint32_t item = kAbsent, block = 0;
  };
  struct Space {
    std::vector<Ticks> free;        // by utility processor: when it has mapped all it was given
    std::vector<Given> latest;      // ... of which this is the last, and the only one that can still be under way
    Ticks clock = 0;                // nothing is given to one before this time
    std::vector<List> ready;        // heap by program order
    std::vector<List> at_gate, at_window;
    std::vector<std::uint32_t> points;  // by launch modulo kWindow: points that are not over
    std::vector<Ticks> over;            // by launch modulo kWindow: when it and all before it were
    std::uint64_t begun = 0, done = 0;  // launches with a mapped point; launches over, in order
    std::uint32_t awaited = 0;
    std::uint32_t nested = 0;       // lists in `ready` other than the top level
    std::uint32_t top_segment = 0;  // where the top level is
    bool windowed = false;          // it may come to stand at the window; else points that are over are not counted
    std::vector<Ticks> watched;     // by utility processor: as `free`, had it been busy until the watch began
  };

  std::uint64_t launches_of(std::uint32_t segment, std::uint32_t space) const {
    const std::size_t at = std::size_t {segment} * workload_.spaces + space;
    return workload_.launch_offsets[at + 1] - workload_.launch_offsets[at];
  }
  void describe(Digest& state, const List& list, std::uint32_t segment, std::uint64_t repetitions) const;
  void describe_under_way(Digest& state, const Space& s, std::uint32_t segment, std::uint64_t repetitions, Ticks now) const;
  void catch_up_with(Space& s, std::uint32_t space, std::uint64_t repetitions, Ticks period, std::uint64_t times);
  void map_unhindered(Space& s, List list, std::uint64_t items);
  void run(std::uint32_t space, Ticks now, std::vector<Mapped>& mapped, bool wanted_only);
  bool wanted(const Space& s, std::uint32_t space) const;
  std::uint32_t awaited_of(const List& list, std::uint32_t block) const;  // by the item and what it issues
  bool maps(std::uint32_t item, plan::OpIndex op) const;                  // or issues
  bool gate_open(const List& list) const;
  void push(Space& s, List list);
  // Number of the first launch of a repetition in an address space, which counts those of the top level.
  std::uint64_t first_launch(std::uint32_t segment, std::uint32_t space, std::uint64_t rep) const {
    return launches_before_[std::size_t {segment} * workload_.spaces + space] + rep * launches_of(segment, space);
  }
  std::uint32_t points_of(const List& list, std::uint32_t space) const;  // of its launch
  bool start_segment(List& list, std::uint32_t space) const;  // false: no segment from list.segment on has items
  void start_repetition(List& list, std::uint32_t space) const;
  void step(Space& s, std::uint32_t space, List list);        // puts back what is left of a list after one item

  const Workload& workload_;
  Blocks& blocks_;
  std::vector<Space> spaces_;
  std::vector<std::uint64_t> passed_;  // by gate: repetitions that have ended
  std::vector<std::uint64_t> launches_before_;  // [segment * spaces + space]
  Watched watched_;
};

}  // namespace mapwright::engine::sim
