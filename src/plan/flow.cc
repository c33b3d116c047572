#include "plan/flow.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

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
    find_products(program.main);
    for (const program::Task& t : program.tasks) find_products(t.body);
    if (!products_.empty()) holders_.assign(geometry_.cells.size(), kNone);
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
    flow_.read_offsets = flow_.write_offsets = flow_.future_offsets = flow_.operand_offsets = {0};
    open_ = true;
    ++epoch_;
    std::fill(futures_.begin(), futures_.end(), kNone);
    vertices_.clear();
    sites_.clear();
    operand_numbers_.clear();
    opened_ = holders_;
    made_.assign(holders_.size(), false);
    loose_.assign(holders_.size(), false);
    starting_ = false;
    last_begin_ = last_end_ = 0;
  }

  void close() {
    for (std::uint32_t i = last_begin_; i < last_end_; ++i) flow_.nodes[i].stops = true;
    finish_operands();
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
      } else {
        pass(s);
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
    if (!open_ && !timers) return pass_loop(loop);
    const bool traced = std::exchange(frame.traced, frame.traced || loop.traced);
    const double times = frame.times;
    const bool alike = !program_.reads_counter(loop.body, loop.name);
    counters_.push_back({loop.name, 0});
    if (!open_ && alike) {
      // Intervals begin and end inside: all iterations have the same.
      frame.times *= static_cast<double>(loop.count);
      expect_iterations(loop);
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
    filled_cells(fill, [&](std::uint32_t cell) {
      stamp_[cell] = 0;
      make(cell, kNone);
    });
  }

  template <typename F>
  void filled_cells(const program::Fill& fill, F&& f) const {
    const Geometry::RegionAtoms& atoms = geometry_.regions[fill.region.value];
    const auto clear = [&](std::uint32_t set) {
      for (const std::uint32_t piece : geometry_.pieces_of(set)) {
        for (std::uint32_t k = atoms.first_group; k < atoms.first_group + atoms.groups; ++k) {
          if (std::find(fill.fields.begin(), fill.fields.end(), geometry_.groups[k].fields.front()) == fill.fields.end()) continue;
          f(geometry_.cell(atoms, piece, k));
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
    if (!leaf && !inner) lost_ = true;
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

  // The point sets that the arguments of a point use, kNone without privilege; until the next call.
  const std::vector<std::uint32_t>& find_sets(const Launch& launch, const Point& point) {
    program::ExprContext context;
    context.point = point;
    context.ancestors = ancestors_;
    context.loops = counters_;
    sets_.clear();
    for (const program::Argument& a : launch.arguments) {
      const bool none = a.privilege == Privilege::None;
      sets_.push_back(none ? kNone : a.partition ? geometry_.colored[a.partition->value][program_.color(launch, a, context)] : geometry_.whole[a.region.value]);
    }
    return sets_;
  }

  template <typename F>
  void cells_of(const Launch& launch, std::size_t k, std::uint32_t set, F&& f) const {
    const Geometry::RegionAtoms& atoms = geometry_.regions[launch.arguments[k].region.value];
    for (const std::uint32_t piece : geometry_.pieces_of(set)) {
      for (const std::uint32_t group : geometry_.argument_groups[launch.id.value][k]) f(geometry_.cell(atoms, piece, group));
    }
  }

  // What a leaf task needs and what it leaves.
  void touch(const Launch& launch, const Point& point, std::uint32_t node) {
    const std::vector<std::uint32_t>& sets = find_sets(launch, point);
    const auto each = [&](std::size_t k, auto&& f) { cells_of(launch, k, sets[k], f); };
    for (std::size_t k = 0; k < launch.arguments.size(); ++k) {
      const Privilege p = launch.arguments[k].privilege;
      if (p == Privilege::Read || p == Privilege::ReadWrite) each(k, [&](std::uint32_t cell) { read(cell); });
    }
    for (std::size_t k = 0; k < launch.arguments.size(); ++k) {
      const Privilege p = launch.arguments[k].privilege;
      if (p == Privilege::ReadWrite || p == Privilege::WriteDiscard) each(k, [&](std::uint32_t cell) { write(cell, kNone); });
      if (p == Privilege::Reduce) each(k, [&](std::uint32_t cell) { reduce(cell); });
    }
    hold(launch, sets);
    use_operands(launch, sets);
    too_large_ = too_large_ || flow_.reads.size() + flow_.writes.size() + flow_.operand_uses.size() > 16 * max_nodes_ || node >= max_nodes_;
  }

  // --- Operands, and who may hold their data without having been brought them.

  bool cuts(const program::Argument& a) const {
    const bool needs = a.privilege == Privilege::Read || a.privilege == Privilege::ReadWrite || a.privilege == Privilege::Reduce;
    return needs && a.partition && program_.partitions[a.partition->value].disjoint;
  }

  void find_products(const program::Body& body) {
    for (const program::Statement& s : body) {
      if (const auto* loop = std::get_if<Loop>(&s.what)) find_products(loop->body);
      const auto* launch = std::get_if<Launch>(&s.what);
      if (!launch || !program_.tasks[launch->task.value].body.empty()) continue;
      std::set<std::uint32_t> regions;
      for (const program::Argument& a : launch->arguments) {
        if (cuts(a)) regions.insert(a.region.value);
      }
      if (regions.size() >= 3) products_.insert(launch->id.value);
    }
  }

  void use_operands(const Launch& launch, const std::vector<std::uint32_t>& sets) {
    if (!products_.contains(launch.id.value)) return;
    for (std::size_t k = 0; k < launch.arguments.size(); ++k) {
      const std::uint32_t set = cuts(launch.arguments[k]) ? sets[k] : kNone;
      if (set == kNone || geometry_.point_sets[set].empty()) {
        flow_.operand_uses.push_back(kNone);
        continue;
      }
      const auto [known, fresh] = operand_numbers_.try_emplace({launch.id.value, k, set}, Use {static_cast<std::uint32_t>(flow_.operands.size()), &launch});
      if (fresh) {
        std::int64_t bytes = 0;
        cells_of(launch, k, set, [&](std::uint32_t cell) { bytes += geometry_.cells[cell].bytes; });
        flow_.operands.push_back({bytes, kNone});
      }
      flow_.operand_uses.push_back(known->second.operand);
    }
  }

  // Of operands that are written as a whole inside the interval nothing is known; nor of sums that nobody asks for there.
  void finish_operands() {
    for (const auto& [key, use] : operand_numbers_) {
      const auto [id, k, set] = key;
      std::uint32_t holders = 0;
      cells_of(*use.launch, k, set, [&](std::uint32_t cell) {
        const bool unknown = lost_ || made_[cell] || loose_[cell];
        holders = std::max(holders, unknown ? kNone : opened_[cell]);
      });
      const bool sum = use.launch->arguments[k].privilege == Privilege::Reduce;
      flow_.operands[use.operand].holders = sum && holders != kNone ? 1 : holders;
    }
  }

  // A leaf task has used its arguments.
  void hold(const Launch& launch, const std::vector<std::uint32_t>& sets) {
    if (holders_.empty() || lost_) return;
    for (std::size_t k = 0; k < launch.arguments.size(); ++k) {
      const Privilege p = launch.arguments[k].privilege;
      if (p == Privilege::None) continue;
      cells_of(launch, k, sets[k], [&](std::uint32_t cell) {
        if (p == Privilege::WriteDiscard) return make(cell, 1);
        std::uint32_t& holders = holders_[cell];
        holders = p == Privilege::ReadWrite ? 1 : holders == kNone ? kNone : holders + 1;
        if (open_) loose_[cell] = p == Privilege::Reduce;
      });
    }
  }

  // Contents come into being at so many nodes.
  void make(std::uint32_t cell, std::uint32_t holders) {
    if (holders_.empty()) return;
    holders_[cell] = holders;
    if (open_) made_[cell] = true;
  }

  // Outside of intervals a statement matters for who holds data after it. Two executions of the same point are on the same node: a
  // loop is gone through once.
  void pass(const program::Statement& s) {
    if (holders_.empty() || lost_) return;
    if (const auto* loop = std::get_if<Loop>(&s.what)) return pass_loop(*loop);
    if (const auto* fill = std::get_if<program::Fill>(&s.what)) return filled_cells(*fill, [&](std::uint32_t cell) { make(cell, kNone); });
    const auto* launch = std::get_if<Launch>(&s.what);
    if (!launch) return;
    const program::Body& body = program_.tasks[launch->task.value].body;
    for (std::int64_t i = 0; i < launch->domain.volume() && !lost_; ++i) {
      lost_ = ++passed_ > max_nodes_ || (!body.empty() && !inner_[launch->task.value]);
      const Point point = launch->index ? launch->domain.delinearize(i) : Point();
      if (body.empty()) {
        hold(*launch, find_sets(*launch, point));
        continue;
      }
      ancestors_.insert(ancestors_.begin(), point);
      for (const program::Statement& below : body) pass(below);
      ancestors_.erase(ancestors_.begin());
    }
  }

  void pass_loop(const Loop& loop) {
    if (holders_.empty() || lost_) return;
    const std::int64_t count = program_.reads_counter(loop.body, loop.name) ? loop.count : std::min<std::int64_t>(loop.count, 1);
    counters_.push_back({loop.name, 0});
    for (std::int64_t i = 0; i < count && !lost_; ++i) {
      counters_.back().value = i;
      for (const program::Statement& s : loop.body) pass(s);
    }
    counters_.pop_back();
  }

  // Before a loop whose first iteration stands for all: what any of them can begin with.
  void expect_iterations(const Loop& loop) {
    if (loop.count < 2 || holders_.empty()) return;
    const std::vector<std::uint32_t> first = holders_;
    for (const program::Statement& s : loop.body) pass(s);
    for (std::size_t c = 0; c < first.size(); ++c) holders_[c] = std::max(holders_[c], first[c]);
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
    flow_.operand_offsets.push_back(static_cast<std::uint32_t>(flow_.operand_uses.size()));
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
  std::vector<std::uint32_t> sets_;             // of find_sets()
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> vertices_, sites_;

  struct Use {
    std::uint32_t operand = 0;
    const Launch* launch = nullptr;
  };
  std::set<std::uint32_t> products_;            // launches that use operands of three regions or more
  std::map<std::tuple<std::uint32_t, std::size_t, std::uint32_t>, Use> operand_numbers_;  // by launch, argument and point set
  // By cell, empty when there are no products: nodes that may have its contents, now and when the interval began.
  std::vector<std::uint32_t> holders_, opened_;
  std::vector<bool> made_, loose_;              // by cell, in the interval: written as a whole; reduced and not read since
  std::size_t passed_ = 0;                      // points outside of intervals
  bool lost_ = false;                           // nothing is known about holders
};

}  // namespace

bool for_each_interval(const program::Program& program, std::size_t max_nodes, const std::function<void(const Flow&, double times)>& f) {
  return Walker(program, max_nodes, f).run();
}

}  // namespace mapwright::plan
