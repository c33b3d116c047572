// Tuples, machine spaces, tasks and built-in functions.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "sema/interpreter.h"

namespace mapwright::sema {

using Tag = Value::Tag;

namespace {

constexpr std::size_t kMaxSet = std::size_t {1} << 20;  // processors of one point set

Value of_number(std::int64_t v) {
  Value out;
  out.tag = Tag::Int;
  out.number = v;
  return out;
}

}  // namespace

bool Interpreter::gather(const Instruction& i, const Value* first) {
  gathered_.clear();
  stars_ = 0;
  const Masks masks = i.b == kNoMask ? Masks {} : code_->masks[i.b];
  for (std::size_t k = 0; k < i.count; ++k) {
    const Value& v = first[k];
    if (!(masks.unpack >> k & 1U)) {
      if ((masks.star >> k & 1U) && gathered_.size() < 64) stars_ |= std::uint64_t {1} << gathered_.size();
      gathered_.push_back(v);
      continue;
    }
    if (v.tag != Tag::Tuple) return wrong(v, "a tuple to unpack");
    const auto begin = arena_.begin() + v.first;
    gathered_.insert(gathered_.end(), begin, begin + v.number);
  }
  return true;
}

bool Interpreter::make_tuple(const Instruction& i, Value* r) {
  const Value* from = r + i.a;
  std::size_t n = i.count;
  if (i.b != kNoMask) {
    if (!gather(i, from)) return false;
    from = gathered_.data();
    n = gathered_.size();
  }
  Value out;
  if (!take_arena(n, out)) return false;
  std::uint8_t depth = 0;
  for (std::size_t k = 0; k < n; ++k) {
    arena_[out.first + k] = from[k];
    if (from[k].tag == Tag::Tuple) depth = std::max<std::uint8_t>(depth, static_cast<std::uint8_t>(from[k].depth + 1));
  }
  if (depth >= kMaxTupleNesting) return fail(diag::kTupleTooLong, fmt::format("tuples nested deeper than {}", kMaxTupleNesting));
  out.depth = depth;
  r[i.dst] = out;
  return true;
}

bool Interpreter::index(const Instruction& i, Value* r) {
  const Value object = r[i.a];
  if (object.tag == Tag::Tuple && i.count == 1 && i.b == kNoMask && r[i.a + 1].tag == Tag::Int) {
    const std::int64_t at = r[i.a + 1].number, n = object.number;
    if (at < n && at >= -n) {
      r[i.dst] = arena_[object.first + static_cast<std::size_t>(at < 0 ? at + n : at)];
      return true;
    }
  }
  if (object.tag != Tag::Space && object.tag != Tag::Tuple) return wrong(object, "a tuple or a machine space before `[`");
  if (!gather(i, r + i.a + 1)) return false;
  if (object.tag == Tag::Space) {
    Value out;
    if (!index_space(i, r, out)) return false;
    r[i.dst] = out;
    return true;
  }
  if (gathered_.size() != 1 || stars_ != 0) {
    return fail(diag::kWrongArgumentCount, fmt::format("{} indices for a tuple", gathered_.size()), "a tuple has one");
  }
  if (gathered_[0].tag != Tag::Int) return wrong(gathered_[0], "an integer as an index");
  const std::int64_t at = gathered_[0].number, n = object.number;
  if (at < n && at >= -n) {
    r[i.dst] = arena_[object.first + static_cast<std::size_t>(at < 0 ? at + n : at)];
    return true;
  }
  return fail(diag::kIndexOutOfRange, fmt::format("index {} of a tuple of {}", at, n),
              n > 0 ? fmt::format("the tuple is {}; indices go from 0 to {}, or from -{} to -1", show(object), n - 1, n) : "the tuple is empty");
}

std::string Interpreter::machine_text(const Space& s) const {
  return fmt::format("machine `{}` has no {} processors", spaces_.shape().machine_name, to_string(s.kind));
}

// A coordinate that is not in its dimension: names the point, the sizes, and what would bring it in range.
bool Interpreter::outside(const Instruction& i, const Value* r, std::size_t dimension) {
  const Space& s = spaces_[r[i.a].first];
  const std::string_view text = state_->source->slice(code_->spans[at_]);
  const std::string_view object = text.substr(0, text.find('['));
  const bool simple = !object.empty() && object.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string_view::npos;
  const std::string_view name = simple ? object : "m";
  fail(diag::kCoordinateOutOfRange, fmt::format("coordinate {} of dimension {} is not in 0..{}", gathered_[dimension].number, dimension, s.sizes[dimension] - 1),
       fmt::format("the sizes of the machine space are {}: end the coordinate with `% {}.size[{}]`,\nor spread the points evenly with `p[d] * {}.size[{}] / task.ispace[d]`",
                   sizes_text(s), name, dimension, name, dimension));
  error_.equivalent = "Slice processor index out of bound";
  const Masks masks = i.b == kNoMask ? Masks {} : code_->masks[i.b];
  std::size_t first = 0;
  for (std::size_t k = 0; k < i.count; ++k) {
    const std::size_t width = masks.unpack >> k & 1U ? static_cast<std::size_t>(r[i.a + 1 + k].number) : 1;
    if (dimension < first + width) {
      error_.span = code_->element_spans[i.site + k];
      break;
    }
    first += width;
  }
  return false;
}

// The point or set at the coordinates in gathered_ and stars_.
bool Interpreter::index_space(const Instruction& i, const Value* r, Value& out) {
  const SpaceId id = r[i.a].first;
  const Space& s = spaces_[id];
  const auto dims = static_cast<std::size_t>(s.dims);
  if (gathered_.size() != dims) {
    return fail(diag::kWrongCoordinateCount, fmt::format("{} coordinates for a machine space of {} dimensions", gathered_.size(), dims),
                fmt::format("its sizes are {}", sizes_text(s)));
  }
  if (s.volume == 0) {
    return fail(diag::kKindNotOnMachine, machine_text(s), fmt::format("`Machine({})` is empty here; place these points on another kind", to_string(s.kind)));
  }
  if (trace_ && stars_ == 0) return symbol_point(id, out);
  std::int64_t coordinates[kMaxSpaceDims];
  for (std::size_t d = 0; d < dims; ++d) {
    if (gathered_[d].tag != Tag::Int) return wrong(gathered_[d], "an integer as a coordinate");
    coordinates[d] = gathered_[d].number;
    if (coordinates[d] >= 0 && coordinates[d] < s.sizes[d]) continue;
    return outside(i, r, d);
  }
  if (stars_ != 0) return star_set(s, id, coordinates, out);
  out.tag = Tag::Point;
  out.kind = s.kind;
  out.number = static_cast<std::int64_t>(spaces_.locate(id, coordinates));
  return true;
}

bool Interpreter::symbol_point(SpaceId id, Value& out) {
  trace_->space = id;
  for (std::size_t d = 0; d < gathered_.size(); ++d) {
    if (gathered_[d].tag != Tag::Int && gathered_[d].tag != Tag::Symbol) return wrong(gathered_[d], "an integer as a coordinate");
    trace_->coordinates[d] = trace_place(gathered_[d]);
  }
  out.tag = Tag::SymbolPoint;
  out.number = trace_->points++;
  return true;
}

// All points of the product of the starred dimensions.
bool Interpreter::star_set(const Space& s, SpaceId id, const std::int64_t* fixed, Value& out) {
  std::int64_t c[kMaxSpaceDims];
  std::copy_n(fixed, s.dims, c);
  std::size_t count = 1;
  for (int d = 0; d < s.dims; ++d) {
    if (stars_ >> d & 1U) count *= static_cast<std::size_t>(s.sizes[static_cast<std::size_t>(d)]);
    if (count > kMaxSet || set_points_.size() + count > kMaxSet) {
      return fail(diag::kTupleTooLong, "a set of too many processors", fmt::format("at most {} are possible", kMaxSet));
    }
  }
  if (!spend(static_cast<std::int64_t>(count) / 64)) return false;
  out.tag = Tag::Set;
  out.kind = s.kind;
  out.first = static_cast<std::uint32_t>(set_points_.size());
  out.number = static_cast<std::int64_t>(count);
  for (std::size_t k = 0; k < count; ++k) {
    set_points_.push_back(spaces_.locate(id, c));
    for (int d = 0; d < s.dims; ++d) {
      if (!(stars_ >> d & 1U)) continue;
      if (++c[d] < s.sizes[static_cast<std::size_t>(d)]) break;
      c[d] = 0;
    }
  }
  return true;
}

bool Interpreter::slice(const Instruction& i, Value* r) {
  const Value object = r[i.a];
  if (object.tag != Tag::Tuple && object.tag != Tag::Space) return wrong(object, "a tuple or a machine space before `[`");
  const std::int64_t n = object.tag == Tag::Tuple ? object.number : spaces_[object.first].dims;
  std::int64_t bound[2] = {0, n};
  for (std::uint32_t k = 0; k < 2; ++k) {
    if (!(i.sub >> k & 1U)) continue;
    const Value& v = r[i.b + k];
    if (v.tag != Tag::Int) return wrong(v, "an integer as a bound");
    bound[k] = std::clamp<std::int64_t>(v.number < 0 ? std::max(v.number, -n) + n : v.number, 0, n);
  }
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(0, bound[1] - bound[0])), from = static_cast<std::size_t>(bound[0]);
  Value out;
  if (!take_arena(count, out)) return false;
  for (std::size_t k = 0; k < count; ++k) {
    arena_[out.first + k] = object.tag == Tag::Tuple ? arena_[object.first + from + k] : of_number(spaces_[object.first].sizes[from + k]);
  }
  out.depth = object.depth;
  r[i.dst] = out;
  return true;
}

bool Interpreter::attribute(const Instruction& i, Value* r) {
  const Value object = r[i.a];
  const auto what = static_cast<Attribute>(i.sub);
  static constexpr std::string_view kNames[] = {"len", "size", "volume", "ipoint", "ispace", "parent"};
  if (what >= Attribute::Ipoint) {
    if (object.tag != Tag::Task) return wrong(object, fmt::format("a task before `.{}`", kNames[i.sub]));
    if (what == Attribute::Parent) {
      if (!object.task->parent) {
        return fail(diag::kNoParentTask, fmt::format("task `{}` has no parent", object.task->name), "the top-level program launches it; only nested tasks have a parent");
      }
      Value out;
      out.tag = Tag::Task;
      out.task = object.task->parent;
      r[i.dst] = out;
      return true;
    }
    const Point& p = what == Attribute::Ipoint ? object.task->point : object.task->extents;
    Value out;
    if (!take_arena(static_cast<std::size_t>(p.dim), out)) return false;
    const bool symbols = trace_ && what == Attribute::Ipoint && object.task == task_;
    for (int d = 0; d < p.dim; ++d) {
      Value& v = arena_[out.first + static_cast<std::size_t>(d)];
      v = of_number(symbols ? d : p[d]);
      if (symbols) v.tag = Tag::Symbol;
    }
    r[i.dst] = out;
    return true;
  }
  if (object.tag != Tag::Tuple && object.tag != Tag::Space) return wrong(object, fmt::format("a tuple or a machine space before `.{}`", kNames[i.sub]));
  const Space* s = object.tag == Tag::Space ? &spaces_[object.first] : nullptr;
  if (what == Attribute::Len) {
    r[i.dst] = of_number(s ? s->dims : object.number);
  } else if (what == Attribute::Size && !s) {
    r[i.dst] = object;
  } else if (what == Attribute::Size) {
    Value out;
    if (!take_arena(static_cast<std::size_t>(s->dims), out)) return false;
    for (std::size_t d = 0; d < static_cast<std::size_t>(s->dims); ++d) arena_[out.first + d] = of_number(s->sizes[d]);
    r[i.dst] = out;
  } else if (s) {
    r[i.dst] = of_number(s->volume);
  } else {
    std::int64_t product = 1;
    for (std::size_t k = 0; k < static_cast<std::size_t>(object.number); ++k) {
      const Value& v = arena_[object.first + k];
      if (v.tag != Tag::Int) return wrong(v, "a tuple of integers before `.volume`");
      if (__builtin_mul_overflow(product, v.number, &product)) return fail(diag::kIntegerOverflow, fmt::format("the volume of {} does not fit into 64 bits", show(object)));
    }
    r[i.dst] = of_number(product);
  }
  return true;
}

bool Interpreter::transform(const Instruction& i, Value* r) {
  const Value base = r[i.a];
  const auto what = static_cast<Transform>(i.sub);
  if (base.tag != Tag::Space) return wrong(base, fmt::format("a machine space before `.{}`", to_string(what)));
  const Value* arguments = r + i.a + 1;
  std::size_t count = i.count;
  if (i.b != kNoMask) {
    if (!gather(i, arguments)) return false;
    arguments = gathered_.data();
    count = gathered_.size();
  }
  // The same arguments as last time?
  std::array<std::int64_t, kCacheKey> key;
  std::size_t length = 0;
  key[length++] = base.first;
  bool cacheable = count <= 3;
  for (std::size_t k = 0; cacheable && k < count; ++k) {
    const Value& v = arguments[k];
    if (v.tag == Tag::Int) {
      key[length++] = v.number;
      continue;
    }
    cacheable = v.tag == Tag::Tuple && v.number <= kMaxFactors && length + static_cast<std::size_t>(v.number) < kCacheKey;
    for (std::size_t e = 0; cacheable && e < static_cast<std::size_t>(v.number); ++e) {
      cacheable = arena_[v.first + e].tag == Tag::Int;
      key[length++] = arena_[v.first + e].number;
    }
  }
  TransformCache& cache = caches_[i.site];
  Value out;
  out.tag = Tag::Space;
  if (cacheable && cache.length == length && std::equal(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(length), cache.key.begin())) {
    out.first = cache.space;
    r[i.dst] = out;
    return true;
  }
  const bool lists = what == Transform::AutoSplit || what == Transform::Decompose || what == Transform::GreedySplit;
  const std::size_t least = what == Transform::Reverse ? 1 : what == Transform::Slice ? 3 : 2, most = what == Transform::Decompose ? 3 : least;
  if (count < least || count > most) {
    return fail(diag::kWrongArgumentCount, fmt::format("`{}` takes {} arguments, not {}", to_string(what), least, count));
  }
  TransformRequest request;
  request.what = what == Transform::Decompose && count == 2 ? Transform::AutoSplit : what;
  request.base = base.first;
  for (std::size_t k = 0; k < count; ++k) {
    const Value& v = arguments[k];
    if (!lists || k == 0) {
      if (v.tag != Tag::Int) return wrong(v, fmt::format("an integer as an argument of `{}`", to_string(what)));
      request.number[k] = v.number;
      continue;
    }
    if (v.tag != Tag::Tuple) return wrong(v, fmt::format("a tuple as an argument of `{}`", to_string(what)));
    if (v.number > kMaxFactors) {
      return fail(diag::kInvalidFactorisation, fmt::format("`{}` over {} dimensions", to_string(what), v.number), fmt::format("1 to {} are possible", kMaxFactors));
    }
    request.count[k - 1] = v.number;
    for (std::size_t e = 0; e < static_cast<std::size_t>(v.number); ++e) {
      const Value& x = arena_[v.first + e];
      if (x.tag != Tag::Int) return wrong(x, fmt::format("a tuple of integers as an argument of `{}`", to_string(what)));
      request.list[k - 1][e] = x.number;
    }
  }
  const auto space = spaces_.transform(request);
  if (!space) {
    const Space& s = spaces_[base.first];
    if (s.volume == 0) return fail(diag::kKindNotOnMachine, machine_text(s), fmt::format("`Machine({})` is empty here", to_string(s.kind)));
    return fail(space.error().code, space.error().message, space.error().help);
  }
  cache.length = cacheable ? length : 0;
  cache.key = key;
  cache.space = *space;
  out.first = *space;
  r[i.dst] = out;
  return true;
}

bool Interpreter::processor(const Instruction& i, Value* r) {
  const Value task = r[i.a], space = r[i.b];
  if (task.tag != Tag::Task) return wrong(task, "a task before `.processor`");
  if (space.tag != Tag::Space) return wrong(space, "a machine space as the argument of `processor`");
  if (!task.task->processor) {
    return fail(diag::kProcessorUnknown, fmt::format("the processor of task `{}` is not known", task.task->name),
                "the task is being placed; `task.parent.processor(m)` is known");
  }
  const MachinePoint& p = *task.task->processor;
  const Space& s = spaces_[space.first];
  if (p.kind != s.kind) {
    return fail(diag::kProcessorOutsideSpace, fmt::format("task `{}` runs on a {}, the machine space is made of {}", task.task->name, to_string(p.kind), to_string(s.kind)),
                fmt::format("use a space made by `Machine({})`", to_string(p.kind)));
  }
  std::int64_t coordinates[kMaxSpaceDims];
  if (!spaces_.coordinates_of(space.first, p.space, p.index, coordinates)) {
    return fail(diag::kProcessorOutsideSpace, fmt::format("processor {}.{} of task `{}` is not in the machine space", p.space, p.index, task.task->name),
                "a `slice` has cut it away");
  }
  Value out;
  if (!take_arena(static_cast<std::size_t>(s.dims), out)) return false;
  for (std::size_t d = 0; d < static_cast<std::size_t>(s.dims); ++d) arena_[out.first + d] = of_number(coordinates[d]);
  r[i.dst] = out;
  return true;
}

bool Interpreter::builtin(const Instruction& i, Value* r) {
  const auto what = static_cast<Builtin>(i.sub);
  if (!gather(i, r + i.a)) return false;
  if ((what == Builtin::Min || what == Builtin::Max) && gathered_.size() == 1 && gathered_[0].tag == Tag::Tuple) {
    const Value tuple = gathered_[0];
    gathered_.assign(arena_.begin() + tuple.first, arena_.begin() + tuple.first + tuple.number);
  }
  const std::size_t n = gathered_.size();
  const bool fits = what == Builtin::Abs ? n == 1 : what == Builtin::CeilDiv || what == Builtin::Gcd ? n == 2 : n >= 1;
  if (!fits) return fail(diag::kWrongArgumentCount, fmt::format("`{}` of {} values", to_string(what), n));
  for (const Value& v : gathered_) {
    if (v.tag != Tag::Int) return wrong(v, fmt::format("an integer as an argument of `{}`", to_string(what)));
  }
  const std::int64_t a = gathered_[0].number, b = n > 1 ? gathered_[1].number : 0;
  std::int64_t v = a;
  switch (what) {
    case Builtin::Min:
      for (const Value& x : gathered_) v = std::min(v, x.number);
      break;
    case Builtin::Max:
      for (const Value& x : gathered_) v = std::max(v, x.number);
      break;
    case Builtin::Abs:
      if (a == INT64_MIN) return fail(diag::kIntegerOverflow, fmt::format("abs({}) does not fit into 64 bits", a));
      v = a < 0 ? -a : a;
      break;
    case Builtin::CeilDiv:
      if (b == 0) return fail(diag::kDivisionByZero, fmt::format("division by zero: ceil_div({}, 0)", a), "the divisor is 0 for this point");
      if (a == INT64_MIN && b == -1) return fail(diag::kIntegerOverflow, fmt::format("ceil_div({}, -1) does not fit into 64 bits", a));
      v = a / b + (a % b != 0 && (a % b > 0) == (b > 0) ? 1 : 0);
      break;
    case Builtin::Gcd:
      if (a == INT64_MIN || b == INT64_MIN) return fail(diag::kIntegerOverflow, fmt::format("gcd({}, {}) is out of range", a, b));
      v = std::gcd(a, b);
      break;
  }
  r[i.dst] = of_number(v);
  return true;
}

bool Interpreter::loop_begin(const Instruction& i, Value* r) {
  const Value source = r[i.a];
  if (source.tag != Tag::Tuple && source.tag != Tag::Int) return wrong(source, "a tuple or an integer after `in`");
  if (source.tag == Tag::Int && source.number > kMaxTuple) {
    return fail(diag::kTupleTooLong, fmt::format("a tuple of {} elements", source.number), fmt::format("at most {} are possible", kMaxTuple));
  }
  Value elements = source;
  elements.number = std::max<std::int64_t>(0, source.number);
  r[i.dst] = elements;
  r[i.dst + 1] = of_number(0);
  Value out;
  if (!take_arena(static_cast<std::size_t>(elements.number), out)) return false;
  r[i.dst + 2] = out;
  return true;
}

bool Interpreter::loop_store(const Instruction& i, Value* r) {
  Value &position = r[i.a + 1], &result = r[i.a + 2];
  const Value& v = r[i.b];
  arena_[result.first + static_cast<std::size_t>(position.number++)] = v;
  if (v.tag == Tag::Tuple) result.depth = std::max<std::uint8_t>(result.depth, static_cast<std::uint8_t>(v.depth + 1));
  return result.depth < kMaxTupleNesting || fail(diag::kTupleTooLong, fmt::format("tuples nested deeper than {}", kMaxTupleNesting));
}

}  // namespace mapwright::sema
