// syntax/vocabulary.h - the words of the field that the language names: kinds of processors, memories and layouts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace mapwright {

enum class ProcessorKind : std::uint8_t { Cpu, Gpu, Omp, Io, Py, Proc };
inline constexpr std::size_t kProcessorKinds = 6;
inline constexpr std::array<ProcessorKind, kProcessorKinds> kAllProcessorKinds {
    ProcessorKind::Cpu, ProcessorKind::Gpu, ProcessorKind::Omp, ProcessorKind::Io, ProcessorKind::Py, ProcessorKind::Proc};

enum class MemoryKind : std::uint8_t { SysMem, FbMem, ZcMem, SockMem, RdMem, Virtual };
inline constexpr std::size_t kMemoryKinds = 6;
inline constexpr std::array<MemoryKind, kMemoryKinds> kAllMemoryKinds {
    MemoryKind::SysMem, MemoryKind::FbMem, MemoryKind::ZcMem, MemoryKind::SockMem, MemoryKind::RdMem, MemoryKind::Virtual};

std::string_view to_string(ProcessorKind k);  // "CPU", "GPU", ...
std::string_view to_string(MemoryKind k);     // "SYSMEM", "FBMEM", ...
std::optional<ProcessorKind> processor_kind(std::string_view word);
std::optional<MemoryKind> memory_kind(std::string_view word);

// Where the field index stands among the dimensions: slowest (structure of arrays) or fastest (array of structures).
enum class FieldOrder : std::uint8_t { Soa, Aos };
// Which dimension of the point is fastest: the last (C_order, row-major) or the first (F_order, column-major).
// The four combinations, fastest first: SOA F: x,y,..,field; SOA C: ..,y,x,field with the last dimension fastest;
// AOS C: field,last,..,x; AOS F: field,x,y,...
enum class DimOrder : std::uint8_t { C, F };

}  // namespace mapwright
