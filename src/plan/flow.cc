#include "plan/flow.h"

#include <algorithm>
#include <map>

#include "plan/geometry.h"

namespace mapwright::plan {

namespace {

using program::Launch;
using program::Loop;
using program::Privilege;

class Walker {
 public:
  Walker(const program::Program& program, std::size_t max_nodes, const std::function<void(const Flow&, double)>& f)
      : program_(program), max_nodes_(max_nodes), call_(f), geometry_(make_geometry(program)), current_(geometry_.cells.size(), kNone),
        stamp_(geometry_.cells.size(), 0), futures_(program.futures.size(), kNone) {
    for (const program::Task& t : program.tasks) {
      inner_.push_back(!t.variants.empty() && std::all_of(t.variants.begin(), t.variants.end(), [](const auto& v) { return v.inner; }));
    }
  }

  bool run() {
    Frame top;
    const bool timed = has_timer(program_.main);
    if (!timed) {
      open();
      flow_.whole = flow_.from_fence = flow_.from_wait = flow_.to_fence = true;
    }
    walk(program_.main, top);
    if (!timed) close();
    return !too_large_;
  }

 private:
  // The task that launches. Fences hold for everything below, gates for the statements of the top level.
  struct Frame {
    std::uint32_t parent = kNone, parent_vertex = kNone, parent_site = kNone;
    std::uint32_t fence = kNone, gate = kNone;
    bool traced = false;
    double times = 1;
  };

  bool has_timer(const program::Body& body) const {
    return std::any_of(body.begin(), body.end(), [&](const program::Statement& s) {
      if (const auto* loop = std::get_if<Loop>(&s.what)) return loop->count > 0 && has_timer(loop->body);
      const auto* timer = std::get_if<program::Timer>(&s.what);
      return timer && timer->label == program_.metric.label;
    });
  }

  // --- Intervals.

  void open() {
    flow_ = Flow();
    flow_.read_offsets = flow_.write_offsets = flow_.future_offsets = {0};
    open_ = true;
    ++epoch_;
    std::fill(futures_.begin(), futures_.end(), kNone);
    vertices_.clear();
    sites_.clear();
    starting_ = false;
    last_begin_ = last_end_ = 0;
  }

  void close() {
    for (std::uint32_t i = last_begin_; i < last_end_; ++i) flow_.nodes[i].stops = true;
    open_ = false;
    if (!too_large_) call_(flow_, interval_times_);
  }

  void timer(const program::Timer& t, const program::Statement* before, Frame& frame) {
    if (t.label != program_.metric.label) return;
    // A plan may put a join after the fence that ends an iteration, so only a fence in the same block surely counts.
    const auto* fence = before ? std::get_if<program::Fence>(&before->what) : nullptr;
    if (t.start && !open_) {
      interval_times_ = frame.times;
      frame.times = 1;
      open();
      flow_.from_fence = fence != nullptr;
      flow_.from_wait = fence && fence->wait;
      starting_ = !fence;
      frame.fence = frame.gate = kNone;
    } else if (!t.start && open_ && !flow_.whole) {
      flow_.to_fence = fence != nullptr;
      close();
      frame.times = interval_times_;
      frame.fence = frame.gate = kNone;
    }
  }

  // --- Statements.

  void walk(const program::Body& body, Frame& frame) {
    const program::Statement* before = nullptr;
    for (const program::Statement& s : body) {
      if (too_large_) return;
      if (const auto* t = std::get_if<program::Timer>(&s.what)) {
        timer(*t, before, frame);
      } else if (const auto* loop = std::get_if<Loop>(&s.what)) {
        walk_loop(*loop, frame);
      } else if (open_) {
        walk_other(s, frame);
      }
      // Fills and waits add nothing to a plan, so a fence before them is still the latest.
      const bool silent = std::holds_alternative<program::Fill>(s.what) || std::holds_alternative<program::FutureWait>(s.what);
      if (!silent) before = &s;
    }
  }

  void walk_other(const program::Statement& s, Frame& frame) {
    if (const auto* launch = std::get_if<Launch>(&s.what)) {
      walk_launch(*launch, frame);
    } else if (const auto* fill = std::get_if<program::Fill>(&s.what)) {
      walk_fill(*fill);
    } else if (const auto* fence = std::get_if<program::Fence>(&s.what)) {
      Flow::Node node;
      node.kind = Flow::Kind::Fence;
      node.times = frame.times;
      frame.fence = add(node);
      if (fence->wait) set_gate(frame, frame.fence);
    } else if (const auto* wait = std::get_if<program::FutureWait>(&s.what)) {
      const std::uint32_t future = futures_[wait->future.value];
      if (future != kNone) set_gate(frame, future);
    }
  }

  void set_gate(Frame& frame, std::uint32_t node) {
    frame.gate = node;
    std::uint32_t& from = flow_.nodes[node].gates_from;
    if (from == kNone) from = static_cast<std::uint32_t>(flow_.nodes.size());
  }

  void walk_loop(const Loop& loop, Frame& frame) {
    if (loop.count <= 0) return;
    const bool timers = has_timer(loop.body);
    if (!open_ && !timers) return;
    const bool traced = std::exchange(frame.traced, frame.traced || loop.traced);
    const double times = frame.times;
    const bool alike = !program_.reads_counter(loop.body, loop.name);
    counters_.push_back({loop.name, 0});
    if (!open_ && alike) {
      // Intervals begin and end inside: all iterations have the same.
      frame.times *= static_cast<double>(loop.count);
      walk(loop.body, frame);
    } else if (alike && !timers && loop.count > Flow::kShown) {
      walk_shown(loop, frame);
    } else {
      for (std::int64_t i = 0; i < loop.count && !too_large_; ++i) {
        counters_.back().value = i;
        walk(loop.body, frame);
      }
    }
    counters_.pop_back();
    frame.times = times;
    frame.traced = traced;
  }

  void walk_shown(const Loop& loop, Frame& frame) {
    const double times = frame.times;
    Flow::Repeat repeat;
    repeat.begin = static_cast<std::uint32_t>(flow_.nodes.size());
    repeat.count = loop.count;
    repeat.nested = repeating_ > 0;
    ++repeating_;
    for (std::uint32_t i = 0; i < Flow::kShown; ++i) {
      const bool others = i + 2 == Flow::kShown;
      frame.times = others ? times * static_cast<double>(loop.count - Flow::kShown + 1) : times;
      counters_.back().value = i;
      walk(loop.body, frame);
      if (i == 0) repeat.length = static_cast<std::uint32_t>(flow_.nodes.size()) - repeat.begin;
    }
    --repeating_;
    MW_CHECK(too_large_ || flow_.nodes.size() == repeat.begin + std::size_t {Flow::kShown} * repeat.length, "iterations are alike");
    if (repeat.length > 0) flow_.repeats.push_back(repeat);
  }

  void walk_fill(const program::Fill& fill) {
    const Geometry::RegionAtoms& atoms = geometry_.regions[fill.region.value];
    const auto clear = [&](std::uint32_t set) {
      for (const std::uint32_t piece : geometry_.pieces_of(set)) {
        for (std::uint32_t k = atoms.first_group; k < atoms.first_group + atoms.groups; ++k) {
          if (std::find(fill.fields.begin(), fill.fields.end(), geometry_.groups[k].fields.front()) == fill.fields.end()) continue;
          stamp_[geometry_.cell(atoms, piece, k)] = 0;
        }
      }
    };
    if (!fill.partition) {
      clear(geometry_.whole[fill.region.value]);
    } else {
      for (const std::uint32_t set : geometry_.colored[fill.partition->value]) clear(set);
    }
  }

  // --- Launches.

  void walk_launch(const Launch& launch, Frame& frame) {
    const auto begin = static_cast<std::uint32_t>(flow_.nodes.size());
    const std::int64_t points = launch.domain.volume();
    if (begin + static_cast<std::size_t>(points) > max_nodes_) {
      too_large_ = true;
      return;
    }
    const auto [site, new_site] = sites_.try_emplace({frame.parent_site, launch.id.value}, flow_.sites);
    flow_.sites += new_site ? 1 : 0;
    const auto next = static_cast<std::uint32_t>(flow_.site_of.size());
    const auto [vertex, new_vertex] = vertices_.try_emplace({frame.parent_vertex, launch.id.value}, next);
    if (new_vertex) flow_.site_of.resize(next + static_cast<std::size_t>(points), site->second);
    const bool top = frame.parent == kNone;
    for (std::int64_t i = 0; i < points && !too_large_; ++i) {
      Flow::Node node;
      node.first = i == 0;
      node.traced = frame.traced;
      node.starts = top && starting_;
      node.launch = &launch;
      node.point = static_cast<std::uint32_t>(i);
      node.site = site->second;
      node.vertex = vertex->second + node.point;
      node.parent = frame.parent;
      node.fence = frame.fence;
      node.gate = frame.gate;
      node.counters = static_cast<std::uint32_t>(flow_.counters.size());
      node.loops = static_cast<std::uint32_t>(counters_.size());
      node.times = frame.times;
      walk_point(launch, node, frame);
    }
    const auto end = static_cast<std::uint32_t>(flow_.nodes.size());
    if (launch.result && !too_large_) {
      Flow::Node future;
      future.kind = Flow::Kind::Future;
      future.launch = &launch;
      future.points_begin = begin;
      future.times = frame.times;
      futures_[launch.result->first.value] = add(future);
    }
    if (top) {
      starting_ = false;
      last_begin_ = begin;
      last_end_ = end;
    }
  }

  void walk_point(const Launch& launch, const Flow::Node& node, const Frame& frame) {
    for (const program::FutureId f : launch.futures) {
      if (futures_[f.value] != kNone) flow_.futures.push_back(futures_[f.value]);
    }
    flow_.counters.insert(flow_.counters.end(), counters_.begin(), counters_.end());
    const bool inner = inner_[launch.task.value];
    const bool leaf = program_.tasks[launch.task.value].body.empty();
    const Point point = launch.index ? launch.domain.delinearize(node.point) : Point();
    if (leaf) touch(launch, point, static_cast<std::uint32_t>(flow_.nodes.size()));
    const std::uint32_t self = add(node);
    if (!inner || leaf) return;
    Frame below;
    below.parent = self;
    below.parent_vertex = node.vertex;
    below.parent_site = node.site;
    below.fence = frame.fence;
    below.traced = frame.traced;
    below.times = frame.times;
    ancestors_.insert(ancestors_.begin(), point);
    walk(program_.tasks[launch.task.value].body, below);
    ancestors_.erase(ancestors_.begin());
  }

  // What a leaf task needs and what it leaves.
  void touch(const Launch& launch, const Point& point, std::uint32_t node) {
    program::ExprContext context;
    context.point = point;
    context.ancestors = ancestors_;
    context.loops = counters_;
    const auto cells_of = [&](std::size_t k, auto&& f) {
      const program::Argument& a = launch.arguments[k];
      if (a.privilege == Privilege::None) return;
      const std::uint32_t set = a.partition ? geometry_.colored[a.partition->value][program_.color(launch, a, context)]
                                            : geometry_.whole[a.region.value];
      const Geometry::RegionAtoms& atoms = geometry_.regions[a.region.value];
      for (const std::uint32_t piece : geometry_.pieces_of(set)) {
        for (const std::uint32_t group : geometry_.argument_groups[launch.id.value][k]) f(geometry_.cell(atoms, piece, group));
      }
    };
    for (std::size_t k = 0; k < launch.arguments.size(); ++k) {
      const Privilege p = launch.arguments[k].privilege;
      if (p == Privilege::Read || p == Privilege::ReadWrite) cells_of(k, [&](std::uint32_t cell) { read(cell); });
    }
    for (std::size_t k = 0; k < launch.arguments.size(); ++k) {
      const Privilege p = launch.arguments[k].privilege;
      if (p == Privilege::ReadWrite || p == Privilege::WriteDiscard) cells_of(k, [&](std::uint32_t cell) { write(cell, kNone); });
      if (p == Privilege::Reduce) cells_of(k, [&](std::uint32_t cell) { reduce(cell); });
    }
    too_large_ = too_large_ || flow_.reads.size() + flow_.writes.size() > 16 * max_nodes_ || node >= max_nodes_;
  }

  // The current version of a cell; kNone for what is older than the interval.
  std::uint32_t& current(std::uint32_t cell) {
    if (stamp_[cell] != epoch_) {
      stamp_[cell] = epoch_;
      current_[cell] = kNone;
    }
    return current_[cell];
  }

  void read(std::uint32_t cell) {
    const std::uint32_t v = current(cell);
    if (v == kNone) return;
    flow_.reads.push_back(v);
    was_read_[v] = true;
  }

  void write(std::uint32_t cell, std::uint32_t previous) {
    current(cell) = static_cast<std::uint32_t>(flow_.versions.size());
    was_read_.resize(flow_.versions.size() + 1);
    was_read_.back() = false;
    flow_.versions.push_back({geometry_.cells[cell].bytes, previous});
    flow_.writes.push_back(current_[cell]);
  }

  void reduce(std::uint32_t cell) {
    const std::uint32_t v = current(cell);
    if (v == kNone || was_read_[v]) return write(cell, v);
    flow_.writes.push_back(v);
  }

  std::uint32_t add(const Flow::Node& node) {
    flow_.nodes.push_back(node);
    flow_.read_offsets.push_back(static_cast<std::uint32_t>(flow_.reads.size()));
    flow_.write_offsets.push_back(static_cast<std::uint32_t>(flow_.writes.size()));
    flow_.future_offsets.push_back(static_cast<std::uint32_t>(flow_.futures.size()));
    too_large_ = too_large_ || flow_.nodes.size() > max_nodes_;
    return static_cast<std::uint32_t>(flow_.nodes.size()) - 1;
  }

  const program::Program& program_;
  std::size_t max_nodes_;
  const std::function<void(const Flow&, double)>& call_;
  Geometry geometry_;
  std::vector<bool> inner_;                     // by TaskId: every variant is
  Flow flow_;
  bool open_ = false, starting_ = false, too_large_ = false;
  double interval_times_ = 1;
  std::uint32_t last_begin_ = 0, last_end_ = 0; // nodes of the latest launch of the top level
  int repeating_ = 0;

  std::vector<std::uint32_t> current_, stamp_;  // by cell
  std::uint32_t epoch_ = 0;
  std::vector<bool> was_read_;                  // by version
  std::vector<std::uint32_t> futures_;          // by FutureId: node
  std::vector<program::LoopCounter> counters_;
  std::vector<Point> ancestors_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> vertices_, sites_;
};

}  // namespace

bool for_each_interval(const program::Program& program, std::size_t max_nodes, const std::function<void(const Flow&, double times)>& f) {
  return Walker(program, max_nodes, f).run();
}

}  // namespace mapwright::plan
