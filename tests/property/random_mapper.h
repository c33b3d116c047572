// Random mappers as text, for property tests: valid for a program and a machine but for the capacity of memories.
#pragma once

#include <string>

#include "machine/machine.h"
#include "program/program.h"

namespace mapwright::testing {

// Kinds, memories with and without a second choice, layouts within what variants demand, alignments up to
// `max_alignment` bytes, index and single task maps, limits, collection and replication. Everything from the seed.
std::string random_mapper(std::uint64_t seed, const program::Program& program, const machine::Machine& machine,
                          std::int64_t max_alignment);

}  // namespace mapwright::testing
