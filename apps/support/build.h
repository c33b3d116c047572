// apps/support/build.h - what the program.cc files of all apps share.
#pragma once

#include "apps/apps.h"

namespace mapwright::apps {

using Values = std::map<std::string, std::int64_t>;

// An argument through a partition; with no colours given, launch point i takes colour i.
program::Argument part(std::string name, program::RegionId region, program::PartitionId partition,
                       std::vector<program::FieldIndex> fields, program::Privilege privilege,
                       std::vector<program::Expr> colors = {program::Expr::point(0)});
// The argument as the operands of a sum reduction.
program::Argument reduced(program::Argument a);

// Variants that share a kernel and costs. CPU, OMP and GPU in the order of `kinds`.
std::vector<program::Variant> variants(std::initializer_list<ProcessorKind> kinds, program::Kernel kernel,
                                       program::Expr flops = 0,
                                       program::Precision precision = program::Precision::Double);
std::vector<program::Variant> inner_variants(std::initializer_list<ProcessorKind> kinds);

// All values first..first+count-1.
std::vector<program::FieldIndex> fields(program::FieldIndex first, program::FieldIndex count);

// n = larger * smaller with the factors as close as possible.
std::pair<std::int64_t, std::int64_t> squarest(std::int64_t n);

// MW4305.
tl::unexpected<Error> does_not_fit(std::string message);

// "A of r at (3, 4) is 5.5 instead of 6".
std::string wrong_value(std::string_view field, std::string_view region, const Point& p, double found, double expected);

// Text of apps/NAME/expert.mapper.
std::string_view expert_mapper(std::string_view name);

// Values of a preset as written in the table of parameters; those of "paper" where "weak" has none.
Values listed_preset(std::span<const Parameter> parameters, std::string_view preset);
// Whether a preset grows with the machine: "paper", the published configuration for its size, and "weak".
bool grows(std::string_view preset);

}  // namespace mapwright::apps
