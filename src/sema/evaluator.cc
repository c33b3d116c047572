// PlacementEvaluator: the interpreter behind a memo of placements.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "sema/interpreter.h"
#include "sema/sema.h"

namespace mapwright::sema {

namespace {

constexpr std::int64_t kMemoVolume = std::int64_t {1} << 20;       // points of a launch domain that are remembered one by one
constexpr std::size_t kMemoPoints = std::size_t {1} << 24;         // of all domains together; then nothing more is remembered
constexpr std::size_t kMemos = 4096;                               // launches; then the memo starts anew
constexpr std::int64_t kMaxDomain = (std::int64_t {1} << 31) - 1;  // points of a table

// What the placement of a point may depend on beside the point itself.
struct MemoKey {
  std::uint32_t function = 0;
  Point extents;
  std::vector<std::int64_t> context;  // of parents, and of a known processor; empty for most functions
  friend bool operator==(const MemoKey&, const MemoKey&) = default;
};

struct MemoHash {
  std::size_t operator()(const MemoKey& k) const {
    std::uint64_t h = mix64(k.function + 1);
    const auto add = [&](std::int64_t v) { h = mix64(h ^ (static_cast<std::uint64_t>(v) + 0x9e3779b97f4a7c15ULL)); };
    add(k.extents.dim);
    for (int d = 0; d < k.extents.dim; ++d) add(k.extents[d]);
    for (const std::int64_t v : k.context) add(v);
    return h;
  }
};

void add_context(const TaskContext& task, std::vector<std::int64_t>& out) {
  out.push_back(task.processor ? 1 : 0);
  if (!task.processor) return;
  out.push_back(static_cast<std::int64_t>(task.processor->kind));
  out.push_back(static_cast<std::int64_t>(task.processor->space) << 32 | task.processor->index);
}

void add_parents(const TaskContext* task, std::vector<std::int64_t>& out) {
  constexpr int kDepth = 64;
  for (int depth = 0; task && depth < kDepth; task = task->parent, ++depth) {
    add_context(*task, out);
    for (const Point* p : {&task->point, &task->extents}) {
      out.push_back(p->dim);
      for (int d = 0; d < p->dim; ++d) out.push_back((*p)[d]);
    }
  }
  out.push_back(-1);
}

std::int64_t volume_of(const Point& extents) {
  std::int64_t v = 1;
  for (int d = 0; d < extents.dim; ++d) {
    if (extents[d] <= 0 || __builtin_mul_overflow(v, extents[d], &v)) return extents[d] <= 0 ? 0 : INT64_MAX;
  }
  return v;
}

// Position of the point in its domain, first dimension fastest; -1 outside.
std::int64_t linear_of(const Point& p, const Point& extents) {
  if (p.dim != extents.dim) return -1;
  std::int64_t at = 0;
  for (int d = p.dim; d-- > 0;) {
    if (p[d] < 0 || p[d] >= extents[d]) return -1;
    at = at * extents[d] + p[d];
  }
  return at;
}

struct Memo {
  struct Slot {
    std::uint32_t first = 0, count = 0;  // count 0: not evaluated yet
  };
  std::vector<Slot> slots;
  std::vector<MachinePoint> points;
  std::shared_ptr<const PlacementEvaluator::Table> table;
  Trace trace;  // instead of slots, for functions that have one
};

}  // namespace

struct PlacementEvaluator::Impl {
  Impl(std::shared_ptr<const Mapper::State> state, MachineShape shape) : interpreter(std::move(state), std::move(shape), true) {
    interpreter.run_top_level();
  }

  // What is remembered of this launch.
  Memo& memo_of(FunctionId f, const TaskContext& task);
  // Whether so many more points may be remembered; counts them if so.
  bool remember(std::int64_t points);
  // Appends the processors of one point to `out`; false: interpreter.error() says why.
  bool evaluate(FunctionId f, const TaskContext& task, Trace* trace, std::vector<MachinePoint>& out);
  diag::Diagnostic error(FunctionId f);

  Interpreter interpreter;
  std::unordered_map<MemoKey, Memo, MemoHash> memos;
  std::size_t remembered = 0;  // points in all memos
  MemoKey last_key, scratch_key;
  Memo* last = nullptr;
  std::vector<MachinePoint> points;
};

bool PlacementEvaluator::Impl::remember(std::int64_t volume) {
  if (remembered + static_cast<std::size_t>(volume) > kMemoPoints) return false;
  remembered += static_cast<std::size_t>(volume);
  return true;
}

Memo& PlacementEvaluator::Impl::memo_of(FunctionId f, const TaskContext& task) {
  scratch_key.function = f.value;
  scratch_key.extents = task.extents;
  scratch_key.context.clear();
  if (task.processor) add_context(task, scratch_key.context);
  if (interpreter.state().functions[f.value].reads_parent) add_parents(task.parent, scratch_key.context);
  if (last && scratch_key == last_key) return *last;
  auto found = memos.find(scratch_key);
  if (found == memos.end()) {
    if (memos.size() >= kMemos) {
      memos.clear();
      remembered = 0;
    }
    found = memos.emplace(scratch_key, Memo {}).first;
    if (task.point.dim == task.extents.dim) found->second.trace = interpreter.trace(f, task);
  }
  last_key = scratch_key;
  last = &found->second;
  return *last;
}

bool PlacementEvaluator::Impl::evaluate(FunctionId f, const TaskContext& task, Trace* trace, std::vector<MachinePoint>& out) {
  if (std::uint64_t p = 0; trace && trace->usable && interpreter.run_trace(*trace, task.point, p)) {
    out.push_back({interpreter.spaces()[trace->space].kind, static_cast<std::uint32_t>(p >> 32), static_cast<std::uint32_t>(p)});
    return true;
  }
  if (!interpreter.place(f, task)) return false;
  const Value& v = interpreter.result();
  const auto point = [&](std::uint64_t p) {
    return MachinePoint {v.kind, static_cast<std::uint32_t>(p >> 32), static_cast<std::uint32_t>(p)};
  };
  if (v.tag == Value::Tag::Point) {
    out.push_back(point(static_cast<std::uint64_t>(v.number)));
    return true;
  }
  if (v.tag == Value::Tag::Set) {
    const std::size_t begin = out.size();
    for (const std::uint64_t p : interpreter.members(v)) out.push_back(point(p));
    std::sort(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end());
    out.erase(std::unique(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end()), out.end());
    return true;
  }
  const Code& code = interpreter.state().functions[f.value];
  diag::Diagnostic d;
  d.code = diag::kNotAMachinePoint;
  d.message = fmt::format("`{}` does not return a machine point (task `{}`, point {} of {})", code.name, task.name, to_string(task.point),
                          to_string(task.extents));
  d.source = interpreter.state().source;
  d.span = code.spans.empty() ? code.span : code.spans.back();
  d.help = "index a machine space with one coordinate per dimension, as in `m[i, j]`";
  interpreter.error() = std::move(d);
  return false;
}

// A division by the size of an empty space is the lack of processors, not a mistake of arithmetic.
diag::Diagnostic PlacementEvaluator::Impl::error(FunctionId f) {
  diag::Diagnostic d = interpreter.error();
  if (d.code != diag::kDivisionByZero) return d;
  const std::uint32_t kinds = interpreter.state().functions[f.value].kinds;
  const MachineShape& shape = interpreter.spaces().shape();
  for (const ProcessorKind k : kAllProcessorKinds) {
    if (!(kinds >> static_cast<unsigned>(k) & 1U) || shape.processors[static_cast<std::size_t>(k)] * shape.address_spaces > 0) continue;
    d.code = diag::kKindNotOnMachine;
    d.message = fmt::format("machine `{}` has no {} processors, so a size of `Machine({})` is 0: {}", shape.machine_name, to_string(k), to_string(k), d.message);
    d.help = "place these points on another kind";
    break;
  }
  return d;
}

PlacementEvaluator::PlacementEvaluator(Mapper mapper, MachineShape shape) : impl_(std::make_unique<Impl>(mapper.state_, std::move(shape))) {}
PlacementEvaluator::~PlacementEvaluator() = default;
PlacementEvaluator::PlacementEvaluator(PlacementEvaluator&&) noexcept = default;
PlacementEvaluator& PlacementEvaluator::operator=(PlacementEvaluator&&) noexcept = default;

tl::expected<Placement, diag::Diagnostic> PlacementEvaluator::place(FunctionId f, const TaskContext& task) {
  MW_CHECK(f.value < impl_->interpreter.state().functions.size(), "function {} of another mapper", f.value);
  Memo& memo = impl_->memo_of(f, task);
  const std::int64_t at = linear_of(task.point, task.extents);
  if (at >= 0 && memo.table) return memo.table->at(static_cast<std::size_t>(at));
  const std::int64_t volume = at >= 0 && !memo.trace.usable ? volume_of(task.extents) : 0;
  const bool remembers = volume > 0 && volume <= kMemoVolume && (!memo.slots.empty() || impl_->remember(volume));
  if (!remembers) {
    impl_->points.clear();
    if (!impl_->evaluate(f, task, at >= 0 ? &memo.trace : nullptr, impl_->points)) return tl::unexpected<diag::Diagnostic>(impl_->error(f));
    return Placement(impl_->points);
  }
  if (memo.slots.empty()) memo.slots.resize(static_cast<std::size_t>(volume));
  Memo::Slot& slot = memo.slots[static_cast<std::size_t>(at)];
  if (slot.count == 0) {
    const std::size_t first = memo.points.size();
    if (!impl_->evaluate(f, task, nullptr, memo.points)) {
      memo.points.resize(first);
      return tl::unexpected<diag::Diagnostic>(impl_->error(f));
    }
    slot = {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(memo.points.size() - first)};
  }
  return Placement(memo.points).subspan(slot.first, slot.count);
}

tl::expected<std::shared_ptr<const PlacementEvaluator::Table>, diag::Diagnostic> PlacementEvaluator::place_all(FunctionId f, const TaskContext& task) {
  MW_CHECK(f.value < impl_->interpreter.state().functions.size(), "function {} of another mapper", f.value);
  Memo& memo = impl_->memo_of(f, task);
  if (memo.table) return memo.table;
  const std::int64_t volume = volume_of(task.extents);
  if (volume > kMaxDomain) {
    diag::Diagnostic d;
    d.code = diag::kTooManySteps;
    d.message = fmt::format("the launch domain {} of task `{}` has too many points", to_string(task.extents), task.name);
    return tl::unexpected<diag::Diagnostic>(std::move(d));
  }
  auto table = std::make_shared<Table>();
  table->offsets.reserve(static_cast<std::size_t>(volume) + 1);
  table->points.reserve(static_cast<std::size_t>(volume));
  table->offsets.push_back(0);
  TaskContext point = task;
  point.point = Point::filled(task.extents.dim, 0);
  for (std::int64_t i = 0; i < volume; ++i) {
    if (!impl_->evaluate(f, point, &memo.trace, table->points)) return tl::unexpected<diag::Diagnostic>(impl_->error(f));
    table->offsets.push_back(static_cast<std::uint32_t>(table->points.size()));
    for (int d = 0; d < task.extents.dim; ++d) {
      if (++point.point[d] < task.extents[d]) break;
      point.point[d] = 0;
    }
  }
  if (impl_->remember(volume)) {
    memo.table = table;
    memo.slots = {};
    memo.points = {};
  }
  return std::shared_ptr<const Table>(std::move(table));
}

const std::vector<std::string>& PlacementEvaluator::printed() const { return impl_->interpreter.printed(); }

}  // namespace mapwright::sema
