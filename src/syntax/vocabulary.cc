#include "syntax/vocabulary.h"

namespace mapwright {

namespace {

constexpr std::array<std::string_view, kProcessorKinds> kProcessorWords {"CPU", "GPU", "OMP", "IO", "PY", "PROC"};
constexpr std::array<std::string_view, kMemoryKinds> kMemoryWords {"SYSMEM", "FBMEM", "ZCMEM", "SOCKMEM", "RDMEM", "VIRTUAL"};

}  // namespace

std::string_view to_string(ProcessorKind k) { return kProcessorWords[static_cast<std::size_t>(k)]; }
std::string_view to_string(MemoryKind k) { return kMemoryWords[static_cast<std::size_t>(k)]; }

std::optional<ProcessorKind> processor_kind(std::string_view word) {
  for (const ProcessorKind k : kAllProcessorKinds) {
    if (to_string(k) == word) return k;
  }
  return std::nullopt;
}

std::optional<MemoryKind> memory_kind(std::string_view word) {
  for (const MemoryKind k : kAllMemoryKinds) {
    if (to_string(k) == word) return k;
  }
  return std::nullopt;
}

}  // namespace mapwright
