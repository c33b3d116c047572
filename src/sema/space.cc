#include "sema/space.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace mapwright::sema {

namespace {

constexpr std::int64_t kTableLimit = 1 << 16;  // processors of a space with a table
constexpr std::size_t kMaxSpaces = 1 << 16;    // of one evaluator

tl::unexpected<SpaceError> refuse(int code, std::string message, std::string help = {}) {
  return tl::unexpected<SpaceError>(SpaceError {code, std::move(message), std::move(help)});
}

std::span<const std::int64_t> list_of(const TransformRequest& r, std::size_t which) {
  return std::span(r.list[which]).first(static_cast<std::size_t>(r.count[which]));
}

// Replaces dimension d by `parts` dimensions of the given sizes.
void split_dimension(Space& s, int d, int parts, const Factors& factors) {
  const auto at = s.sizes.begin() + d;
  std::copy_backward(at + 1, s.sizes.begin() + s.dims, s.sizes.begin() + s.dims + parts - 1);
  std::copy_n(factors.begin(), parts, at);
  s.dims += parts - 1;
  s.a = d;
  s.parts = parts;
  s.factors = factors;
}

std::optional<SpaceError> check_dimension(const Space& base, std::int64_t d) {
  if (d >= 0 && d < base.dims) return std::nullopt;
  return SpaceError {diag::kDimensionOutOfRange, fmt::format("dimension {} of a machine space with {} dimensions", d, base.dims),
                     fmt::format("its sizes are {}; dimensions count from 0", sizes_text(base))};
}

std::optional<SpaceError> check_dimensions(int dims) {
  if (dims <= kMaxSpaceDims) return std::nullopt;
  return SpaceError {diag::kDimensionOutOfRange, fmt::format("a machine space with more than {} dimensions", kMaxSpaceDims),
                     "merge dimensions first"};
}

std::optional<SpaceError> check_lists(const TransformRequest& r, std::int64_t size) {
  const auto error = [](std::string message, std::string help = {}) {
    return SpaceError {diag::kInvalidFactorisation, std::move(message), std::move(help)};
  };
  if (size > kMaxFactored) return error(fmt::format("a dimension of {} is beyond the {} that can be factored", size, kMaxFactored));
  if (r.what == Transform::BalanceSplit) {
    if (r.number[1] >= 1 && r.number[1] <= kMaxFactors) return std::nullopt;
    return error(fmt::format("`balance_split` into {} dimensions", r.number[1]), fmt::format("1 to {} are possible", kMaxFactors));
  }
  const auto extents = list_of(r, 0);
  if (extents.empty()) return error(fmt::format("`{}` over no extents", to_string(r.what)), "give one extent per new dimension; a single task has no `ispace`");
  for (const std::int64_t e : extents) {
    if (e < 1 || e > kMaxExtent) {
      return error(fmt::format("`{}` over the extents ({})", to_string(r.what), fmt::join(extents, ", ")),
                   fmt::format("every extent lies between 1 and {}", kMaxExtent));
    }
  }
  const auto weights = list_of(r, 1);
  if (weights.empty()) return std::nullopt;
  if (weights.size() != extents.size()) {
    return error(fmt::format("{} halo weights for {} extents", weights.size(), extents.size()), "give one weight per extent");
  }
  for (const std::int64_t w : weights) {
    if (w < 0 || w > kMaxExtent) {
      return error(fmt::format("`{}` with the halo weights ({})", to_string(r.what), fmt::join(weights, ", ")),
                   fmt::format("every weight lies between 0 and {}", kMaxExtent));
    }
  }
  return std::nullopt;
}

Factors choose_factors(const TransformRequest& r, std::int64_t size, int parts) {
  Factors none {};  // an empty dimension splits into empty ones
  if (size == 0) return none;
  if (r.what == Transform::BalanceSplit) return balance_factors(size, parts);
  if (r.what == Transform::GreedySplit) return greedy_factors(size, list_of(r, 0));
  return optimal_factors(size, list_of(r, 0), list_of(r, 1));
}

}  // namespace

std::string_view to_string(Transform t) {
  static constexpr std::string_view kNames[] = {"Machine", "split",         "merge",      "swap",      "slice",
                                                "reverse", "balance_split", "auto_split", "decompose", "greedy_split"};
  return kNames[static_cast<std::size_t>(t)];
}

std::optional<Transform> transform_named(std::string_view word) {
  for (int i = 1; i <= static_cast<int>(Transform::GreedySplit); ++i) {
    if (to_string(static_cast<Transform>(i)) == word) return static_cast<Transform>(i);
  }
  return std::nullopt;
}

std::string sizes_text(const Space& space) {
  return fmt::format("({})", fmt::join(space.sizes.begin(), space.sizes.begin() + space.dims, ", "));
}

std::size_t SpaceTable::RequestHash::operator()(const TransformRequest& r) const {
  std::uint64_t h = mix64(static_cast<std::uint64_t>(r.what) | static_cast<std::uint64_t>(r.base) << 8);
  const auto add = [&](std::int64_t v) { h = mix64(h ^ (static_cast<std::uint64_t>(v) + 0x9e3779b97f4a7c15ULL)); };
  for (const std::int64_t v : r.number) add(v);
  for (std::size_t which = 0; which < 2; ++which) {
    add(r.count[which]);
    for (const std::int64_t v : list_of(r, which)) add(v);
  }
  return h;
}

SpaceId SpaceTable::machine(ProcessorKind kind) {
  auto& slot = machines_[static_cast<std::size_t>(kind)];
  if (slot) return *slot;
  Space s;
  s.kind = kind;
  s.dims = 2;
  s.sizes[0] = shape_.address_spaces;
  s.sizes[1] = shape_.processors[static_cast<std::size_t>(kind)];
  s.volume = s.sizes[0] * s.sizes[1];
  slot = static_cast<SpaceId>(spaces_.size());
  spaces_.push_back(std::move(s));
  return *slot;
}

tl::expected<SpaceId, SpaceError> SpaceTable::transform(const TransformRequest& r) {
  if (const auto found = known_.find(r); found != known_.end()) return found->second;
  const Space& base = spaces_[r.base];
  const std::int64_t d = r.number[0];
  if (auto error = check_dimension(base, d)) return tl::unexpected<SpaceError>(std::move(*error));
  const auto dim = static_cast<int>(d);
  const std::int64_t size = base.sizes[static_cast<std::size_t>(dim)];
  Space s;
  s.kind = base.kind;
  s.dims = base.dims;
  s.sizes = base.sizes;
  s.volume = base.volume;
  s.how = r.what;
  s.parent = r.base;
  s.a = dim;
  switch (r.what) {
    case Transform::Split: {
      const std::int64_t f = r.number[1];
      if (f < 1 || size % f != 0) {
        return refuse(diag::kIndivisibleSplit, fmt::format("`split` of a dimension of {} by {}", size, f),
                      fmt::format("the factor must divide {}; `auto_split` and `balance_split` choose factors that do", size));
      }
      if (auto error = check_dimensions(s.dims + 1)) return tl::unexpected<SpaceError>(std::move(*error));
      Factors factors {};
      factors[0] = f;
      factors[1] = size / f;
      split_dimension(s, dim, 2, factors);
      break;
    }
    case Transform::Merge:
    case Transform::Swap: {
      const std::int64_t other = r.number[1];
      if (auto error = check_dimension(base, other)) return tl::unexpected<SpaceError>(std::move(*error));
      s.b = static_cast<int>(other);
      if (r.what == Transform::Swap) {
        std::swap(s.sizes[static_cast<std::size_t>(s.a)], s.sizes[static_cast<std::size_t>(s.b)]);
        break;
      }
      if (s.a == s.b) return refuse(diag::kDimensionOutOfRange, fmt::format("`merge` of dimension {} with itself", d), "name two different dimensions");
      s.sizes[static_cast<std::size_t>(s.a)] *= s.sizes[static_cast<std::size_t>(s.b)];
      std::copy(s.sizes.begin() + s.b + 1, s.sizes.begin() + s.dims, s.sizes.begin() + s.b);
      s.sizes[static_cast<std::size_t>(--s.dims)] = 0;
      break;
    }
    case Transform::Slice: {
      const std::int64_t low = r.number[1], high = r.number[2];
      if (low < 0 || high < low || high >= size) {
        return refuse(diag::kInvalidSlice, fmt::format("`slice` from {} to {} of a dimension of {}", low, high, size),
                      fmt::format("both ends are included and lie between 0 and {}", size - 1));
      }
      s.low = low;
      s.volume = s.volume / size * (high - low + 1);
      s.sizes[static_cast<std::size_t>(dim)] = high - low + 1;
      break;
    }
    case Transform::Reverse:
    case Transform::Machine: break;
    case Transform::BalanceSplit:
    case Transform::AutoSplit:
    case Transform::Decompose:
    case Transform::GreedySplit: {
      if (auto error = check_lists(r, size)) return tl::unexpected<SpaceError>(std::move(*error));
      const int parts = static_cast<int>(r.what == Transform::BalanceSplit ? r.number[1] : r.count[0]);
      if (auto error = check_dimensions(s.dims + parts - 1)) return tl::unexpected<SpaceError>(std::move(*error));
      split_dimension(s, dim, parts, choose_factors(r, size, parts));
      break;
    }
  }
  if (spaces_.size() >= kMaxSpaces) {
    return refuse(diag::kTooManySteps, fmt::format("more than {} different machine spaces", kMaxSpaces),
                  "a transformation whose arguments depend on the point makes one space per point");
  }
  const auto id = static_cast<SpaceId>(spaces_.size());
  spaces_.push_back(std::move(s));
  known_.emplace(r, id);
  return id;
}

// One step per transformation, from new coordinates to old ones.
std::uint64_t SpaceTable::walk(SpaceId id, const std::int64_t* coordinates) const {
  std::array<std::int64_t, kMaxSpaceDims + 1> c {};
  const Space* s = &spaces_[id];
  std::copy_n(coordinates, s->dims, c.begin());
  for (; s->how != Transform::Machine; s = &spaces_[s->parent]) {
    const auto a = static_cast<std::size_t>(s->a), b = static_cast<std::size_t>(s->b);
    const Space& old = spaces_[s->parent];
    switch (s->how) {
      case Transform::Machine: break;
      case Transform::Swap: std::swap(c[a], c[b]); break;
      case Transform::Slice: c[a] += s->low; break;
      case Transform::Reverse: c[a] = old.sizes[a] - 1 - c[a]; break;
      case Transform::Merge: {
        const std::size_t merged = a < b ? a : a - 1;
        const std::int64_t v = c[merged];
        std::copy_backward(c.begin() + static_cast<std::ptrdiff_t>(b), c.begin() + s->dims, c.begin() + s->dims + 1);
        c[a] = v / old.sizes[b];
        c[b] = v % old.sizes[b];
        break;
      }
      default: {
        const auto parts = static_cast<std::size_t>(s->parts);
        std::int64_t v = 0;
        for (std::size_t i = parts; i-- > 0;) v = v * s->factors[i] + c[a + i];
        c[a] = v;
        std::copy(c.begin() + static_cast<std::ptrdiff_t>(a + parts), c.begin() + s->dims, c.begin() + static_cast<std::ptrdiff_t>(a + 1));
      }
    }
  }
  return static_cast<std::uint64_t>(c[0]) << 32 | static_cast<std::uint64_t>(c[1]);
}

void SpaceTable::build_table(Space& space, SpaceId id) {
  std::array<std::int64_t, kMaxSpaceDims> c {};
  space.table.resize(static_cast<std::size_t>(space.volume));
  for (std::uint64_t& entry : space.table) {
    entry = walk(id, c.data());
    for (std::size_t d = 0; d < static_cast<std::size_t>(space.dims); ++d) {
      if (++c[d] < space.sizes[d]) break;
      c[d] = 0;
    }
  }
}

std::uint64_t SpaceTable::locate(SpaceId id, const std::int64_t* coordinates) {
  Space& s = spaces_[id];
  if (s.table.empty()) {
    // The table pays after about as many uses as it has entries.
    if (s.volume > kTableLimit || ++s.uses < static_cast<std::uint64_t>(s.volume)) return walk(id, coordinates);
    build_table(s, id);
  }
  std::int64_t linear = 0;
  for (int d = s.dims; d-- > 0;) linear = linear * s.sizes[static_cast<std::size_t>(d)] + coordinates[d];
  return s.table[static_cast<std::size_t>(linear)];
}

bool SpaceTable::coordinates_of(SpaceId id, std::uint32_t space, std::uint32_t index, std::int64_t* out) const {
  std::vector<const Space*> chain;
  for (const Space* s = &spaces_[id]; s->how != Transform::Machine; s = &spaces_[s->parent]) chain.push_back(s);
  std::array<std::int64_t, kMaxSpaceDims + 1> c {};
  c[0] = space;
  c[1] = index;
  const Space& root = chain.empty() ? spaces_[id] : spaces_[chain.back()->parent];
  if (c[0] >= root.sizes[0] || c[1] >= root.sizes[1]) return false;
  for (auto it = chain.rbegin(); it != chain.rend(); ++it) {
    const Space& s = **it;
    const Space& old = spaces_[s.parent];
    const auto a = static_cast<std::size_t>(s.a), b = static_cast<std::size_t>(s.b);
    switch (s.how) {
      case Transform::Machine: break;
      case Transform::Swap: std::swap(c[a], c[b]); break;
      case Transform::Slice:
        c[a] -= s.low;
        if (c[a] < 0 || c[a] >= s.sizes[a]) return false;
        break;
      case Transform::Reverse: c[a] = old.sizes[a] - 1 - c[a]; break;
      case Transform::Merge: {
        c[a] = c[a] * old.sizes[b] + c[b];
        std::copy(c.begin() + static_cast<std::ptrdiff_t>(b + 1), c.begin() + old.dims, c.begin() + static_cast<std::ptrdiff_t>(b));
        break;
      }
      default: {
        const auto parts = static_cast<std::size_t>(s.parts);
        std::int64_t v = c[a];
        std::copy_backward(c.begin() + static_cast<std::ptrdiff_t>(a + 1), c.begin() + old.dims, c.begin() + s.dims);
        for (std::size_t i = 0; i < parts; ++i) {
          c[a + i] = v % s.factors[i];
          v /= s.factors[i];
        }
      }
    }
  }
  std::copy_n(c.begin(), spaces_[id].dims, out);
  return true;
}

}  // namespace mapwright::sema
