// engine/legion/machine_view.h - the machine that Legion runs on in the words of the mapper language. Private.
#pragma once

#include <array>
#include <legion.h>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "sema/sema.h"

namespace mapwright::engine::legion {

Legion::Processor::Kind legion_kind(ProcessorKind k);
std::optional<ProcessorKind> kind_of(Legion::Processor p);  // absent for utility processors
Legion::Memory::Kind legion_kind(MemoryKind k);             // not for Virtual
std::optional<MemoryKind> memory_kind(Legion::Memory m);    // absent for kinds that the language lacks
std::string memory_name(Legion::Memory m);                  // "SYSMEM"; Legion's word for kinds that the language lacks

class MachineView {
 public:
  explicit MachineView(Legion::Machine machine);

  // Machine(K): address spaces times processors. Where address spaces differ, the fewest of any of them.
  const sema::MachineShape& shape() const { return shape_; }
  bool uneven() const { return uneven_; }

  Legion::Processor processor(const sema::MachinePoint& p) const { return processors_[index(p.kind)][p.space][p.index]; }
  // The processor as a point; for processors beyond the shape too. Absent for utility processors.
  std::optional<sema::MachinePoint> point(Legion::Processor p) const;

  // The memory of that kind and with room that `p` reaches with the highest bandwidth; absent when it reaches none.
  std::optional<Legion::Memory> memory(Legion::Processor p, MemoryKind kind) const;
  bool addressable(Legion::Processor p, Legion::Memory m) const;
  // In MB/s; 0 without a direct channel.
  unsigned bandwidth(Legion::Memory from, Legion::Memory to) const;

 private:
  static std::size_t index(ProcessorKind k) { return static_cast<std::size_t>(k); }

  Legion::Machine machine_;
  sema::MachineShape shape_;
  bool uneven_ = false;
  std::array<std::vector<std::vector<Legion::Processor>>, kProcessorKinds> processors_;  // by kind, address space, index
  std::unordered_map<::realm_id_t, sema::MachinePoint> points_;
  struct Reach {
    Legion::Memory memory;
    unsigned bandwidth;
  };
  std::unordered_map<::realm_id_t, std::vector<Reach>> reach_;  // by processor, highest bandwidth first
  std::map<std::pair<::realm_id_t, ::realm_id_t>, unsigned> channels_;
};

}  // namespace mapwright::engine::legion
