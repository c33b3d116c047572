#include "apps/support/build.h"

#include <utility>

namespace mapwright::apps {

using program::Argument;
using program::Privilege;
using program::Variant;

// Generated from the files expert.mapper (apps/CMakeLists.txt).
const std::vector<std::pair<std::string_view, std::string_view>>& expert_mappers();

Argument part(std::string name, program::RegionId region, program::PartitionId partition,
              std::vector<program::FieldIndex> fields, Privilege privilege, std::vector<program::Expr> colors) {
  Argument a;
  a.name = std::move(name);
  a.region = region;
  a.partition = partition;
  a.projection.colors = std::move(colors);
  a.fields = std::move(fields);
  a.privilege = privilege;
  return a;
}

Argument reduced(Argument a) {
  a.privilege = Privilege::Reduce;
  a.reduction = program::ReductionOp::Sum;
  return a;
}

std::vector<Variant> variants(std::initializer_list<ProcessorKind> kinds, program::Kernel kernel, program::Expr flops,
                              program::Precision precision) {
  std::vector<Variant> all;
  for (const ProcessorKind k : kinds) {
    Variant v;
    v.kind = k;
    v.kernel = kernel;
    v.flops = flops;
    v.precision = precision;
    all.push_back(std::move(v));
  }
  return all;
}

std::vector<Variant> inner_variants(std::initializer_list<ProcessorKind> kinds) {
  std::vector<Variant> all = variants(kinds, {});
  for (Variant& v : all) v.inner = true;
  return all;
}

std::vector<program::FieldIndex> fields(program::FieldIndex first, program::FieldIndex count) {
  std::vector<program::FieldIndex> all;
  for (program::FieldIndex i = 0; i < count; ++i) all.push_back(first + i);
  return all;
}

std::pair<std::int64_t, std::int64_t> squarest(std::int64_t n) {
  std::int64_t smaller = 1;
  for (std::int64_t f = 2; f * f <= n; ++f) {
    if (n % f == 0) smaller = f;
  }
  return {n / smaller, smaller};
}

tl::unexpected<Error> does_not_fit(std::string message) {
  return failure(diag::kParametersDoNotFit, std::move(message));
}

std::string wrong_value(std::string_view field, std::string_view region, const Point& p, double found, double expected) {
  return fmt::format("{} of {} at {} is {} instead of {}", field, region, to_string(p), found, expected);
}

std::string_view expert_mapper(std::string_view name) {
  for (const auto& [app, text] : expert_mappers()) {
    if (app == name) return text;
  }
  MW_CHECK(false, "no expert.mapper for {}", name);
}

Values listed_preset(std::span<const Parameter> parameters, std::string_view preset) {
  Values values;
  for (const Parameter& p : parameters) {
    const auto value = p.presets.find(std::string(preset));
    values[p.name] = value != p.presets.end() ? value->second : p.presets.at("paper");
  }
  return values;
}

bool grows(std::string_view preset) { return preset == "paper" || preset == "weak"; }

}  // namespace mapwright::apps
