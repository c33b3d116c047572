// engine/host/tracker.h - which instances hold valid data, followed in program order while operations are issued.
// Two uses: memory that becomes invalid is poisoned as soon as that is safe, and the final contents of the regions are
// taken from instances that are valid. It also sees when a plan reads what is not valid.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/host/holdings.h"

namespace mapwright::engine::host {

// A slot that an issued operation uses until it has ended.
struct Access {
  Slot slot;
  std::uint32_t generation;
};

// What is known of one cell.
struct CellState {
  std::vector<Slot> valid;              // instances with the current data, without pending reductions
  std::vector<Slot> pending;            // reduction instances to be folded into it
  std::optional<double> filled;         // the program set it to this value and no instance need have it yet
  bool lost = false;                    // the only valid instance was freed
};

// All calls for one operation come before those for the next one in program order; finish() may come at any time later.
class Tracker {
 public:
  // `poison` is called for slots whose data nobody may read any more.
  Tracker(const Holdings& holdings, std::function<void(Slot)> poison);

  void read(Slot s);
  void write(Slot s, bool discard);
  void reduce(Slot s);
  void copy(Slot from, Slot to);
  void fold(Slot from, Slot to);
  void fill(Slot to, bool identity);
  void reclaim(Slot s);
  void program_fill(plan::CellId c, double value);

  // The slot is in use by the operation until finish().
  void use(Slot s, std::vector<Access>& accesses);
  // The operation has ended: returns the slots that may be poisoned now, and only before its successors start.
  std::vector<Slot> finish(const std::vector<Access>& accesses);

  const CellState& state(plan::CellId c) const { return cells_[c.value]; }
  // The first slot whose data were used while invalid, with the reason.
  const std::optional<std::pair<Slot, std::string>>& incoherent() const { return incoherent_; }

 private:
  struct SlotState {
    std::uint32_t users = 0;       // operations issued since the data became valid
    std::uint32_t old_users = 0;   // operations issued before the data became invalid the last time
    std::uint32_t generation = 0;  // grows when the data become invalid
  };
  CellState& cell_of(Slot s) { return cells_[holdings_->cell(s).value]; }
  void require_valid(Slot s, const char* what);
  void only_valid(CellState& c, Slot s);
  void invalidate(Slot s);

  const Holdings* holdings_;
  std::function<void(Slot)> poison_;
  std::vector<SlotState> slots_;
  std::vector<CellState> cells_;
  std::optional<std::pair<Slot, std::string>> incoherent_;
};

}  // namespace mapwright::engine::host
