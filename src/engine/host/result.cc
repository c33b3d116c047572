#include "engine/host/result.h"

#include <cstring>
#include <numeric>

namespace mapwright::engine::host {

Expected<Result> Result::gather(const plan::Plan& plan, const program::Program& program, Run& run) {
  Result result;
  for (const program::Region& region : program.regions) {
    std::vector<FieldIndex> fields(region.fields.size());
    std::iota(fields.begin(), fields.end(), 0U);
    result.regions_.push_back(std::make_unique<Storage>(region, region.points, std::move(fields),
                                                        plan::Layout {}));
    if (!result.regions_.back()->ensure()) return tl::unexpected(out_of_memory(result.regions_.back()->bytes()));
  }
  for (std::size_t c = 0; c < plan.cells.size(); ++c) {
    const plan::Cell& cell = plan.cells[c];
    const CellState& state = run.tracker().state(plan::CellId(c));
    Storage& region = *result.regions_[cell.region.value];
    const PointSet& piece = plan.pieces[cell.piece];
    for (FieldIndex f : plan.field_groups[cell.field_group].fields) {
      if (!state.valid.empty()) {
        Storage& holder = run.storage(run.holdings().instance(state.valid.front()));
        if (holder.allocated()) move_elements(holder, region, piece, f, Combine::Replace);
      } else if (state.filled) {
        fill_elements(region, piece, f, *state.filled);
      }
      for (Slot s : state.pending) {
        const plan::InstanceId reduction = run.holdings().instance(s);
        move_elements(run.storage(reduction), region, piece, f, combine(*plan.instances[reduction.value].reduction));
      }
    }
  }
  return result;
}

program::FieldView Result::field(std::uint32_t region, std::uint32_t field) const {
  return {&regions_[region]->points(), regions_[region]->blocks(field)};
}

namespace {

std::string element_text(const std::byte* element, std::int64_t bytes) {
  std::string text = "0x";
  for (std::int64_t i = bytes; i-- > 0;) text += fmt::format("{:02x}", std::to_integer<unsigned>(element[i]));
  if (bytes == 4) {
    float value = 0;
    std::memcpy(&value, element, sizeof value);
    return fmt::format("{} ({})", value, text);
  }
  if (bytes == 8) {
    double value = 0;
    std::memcpy(&value, element, sizeof value);
    return fmt::format("{} ({})", value, text);
  }
  return text;
}

}  // namespace

std::optional<std::string> first_difference(const program::Program& program, const program::RegionReader& expected,
                                            const program::RegionReader& got) {
  for (std::uint32_t r = 0; r < program.regions.size(); ++r) {
    const program::Region& region = program.regions[r];
    for (std::uint32_t f = 0; f < region.fields.size(); ++f) {
      const auto size = static_cast<std::size_t>(region.fields[f].bytes);
      const program::FieldView a = expected.field(r, f), b = got.field(r, f);
      std::optional<std::string> found;
      for (std::size_t i = 0; i < a.blocks.size() && !found; ++i) {
        for_each_point(a.blocks[i].rect, [&](const Point& p) {
          const std::byte *x = a.blocks[i].address(p), *y = b.blocks[i].address(p);
          if (found || std::memcmp(x, y, size) == 0) return;
          found = fmt::format("{}/{}/{}: expected {}, got {}", region.name, region.fields[f].name, to_string(p),
                              element_text(x, region.fields[f].bytes), element_text(y, region.fields[f].bytes));
        });
      }
      if (found) return found;
    }
  }
  return std::nullopt;
}

}  // namespace mapwright::engine::host
