// base/ids.h - dense indices that cannot be confused with each other.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace mapwright {

// Index into one particular table; `Tag` names the table. Ids are dense from 0 in the order of creation.
template <typename Tag>
struct Id {
  std::uint32_t value = 0;
  constexpr Id() = default;
  constexpr explicit Id(std::size_t v) : value(static_cast<std::uint32_t>(v)) {}
  friend constexpr auto operator<=>(Id, Id) = default;
};

}  // namespace mapwright

template <typename Tag>
struct std::hash<mapwright::Id<Tag>> {
  std::size_t operator()(mapwright::Id<Tag> id) const noexcept { return std::hash<std::uint32_t> {}(id.value); }
};
