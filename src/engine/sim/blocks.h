// engine/sim/blocks.h - state of the operations in flight, one block per repetition of a segment.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "engine/sim/workload.h"

namespace mapwright::engine::sim {

// One repetition of a segment. Operations are numbered from the segment's begin.
struct Block {
  // Bits of `pending`: its mapping has happened or at least begun; nothing but its mapping is missing; its turn to be mapped
  // has come but a limit holds it back.
  static constexpr std::uint32_t kMapped = 0x80000000, kAwaited = 0x40000000, kParked = 0x20000000;
  std::uint32_t segment = 0;
  std::uint64_t rep = 0;
  std::uint64_t left = 0;                      // operations that have not ended
  plan::OpIndex begin = 0;                     // of the segment
  std::uint64_t base = 0;                      // position in the whole execution, less `begin`
  // By operation, each on its own: most events look at `pending` only.
  std::uint32_t* pending = nullptr;            // events before the operation can start; and the bits above
  std::vector<std::uint32_t> last;             // profile: node of the last predecessor
  std::uint8_t* mapping_pending = nullptr;    // as Workload::mapping_pending; null if that is empty
  std::vector<std::uint32_t> own_pending;      // of a repeated segment
  std::vector<std::uint8_t> own_mapping_pending;
};

// Blocks in flight. A repetition comes into being when something first happens to it and goes when all has ended, so
// memory grows with what overlaps in time, not with the number of repetitions.
class Blocks {
 public:
  // `pending`, `mapping_pending`: of the workload; they serve as the state of segments that run once.
  Blocks(const Workload& workload, std::vector<std::uint32_t> pending, std::vector<std::uint8_t> mapping_pending, bool profile);

  Block& operator[](std::uint32_t number) { return *blocks_[number]; }
  const Block& operator[](std::uint32_t number) const { return *blocks_[number]; }

  // Block::pending of an operation in repetitions after the first; before anything has happened.
  std::uint32_t pending(plan::OpIndex op) const { return pending_[op]; }
  // Number of the block of a repetition, which must not have ended; made when it is not there.
  std::uint32_t at(std::uint32_t segment, std::uint64_t rep);
  // Calls f(number) for every repetition of a segment that is there.
  template <typename F>
  void for_each(std::uint32_t segment, F&& f) {
    for (const std::uint32_t number : rings_[segment].numbers) f(number);
  }
  // An operation has ended.
  void end_one(std::uint32_t number);
  // Ended operations of repeated segments' predecessors: see OpInfo::feeds_loop.
  void mark_done(plan::OpIndex op) {
    done_[op] = true;
    ++marked_;
  }
  std::uint64_t order(std::uint32_t number, plan::OpIndex op) const { return blocks_[number]->base + op; }
  // A repeated segment of which a repetition is over and all before it, or the segment before it; the caller empties it.
  std::optional<std::uint32_t> over;
  std::uint64_t repetitions_over(std::uint32_t segment) const { return rings_[segment].first; }
  std::uint64_t repetitions_begun(std::uint32_t segment) const { return rings_[segment].first + rings_[segment].numbers.size(); }
  // Whether an operation of a repetition that is not over has ended.
  bool ended_in(std::uint32_t segment, std::uint64_t rep) const;
  // The state, seen from the first repetition of `segment` that is not over.
  void describe(Digest& state, std::uint32_t segment) const;
  // What belongs to `segment` is some repetitions later.
  void shift(std::uint32_t segment, std::uint64_t repetitions);

  // Blocks made since the caller last emptied it: some of their operations may have nothing to wait for.
  std::vector<std::uint32_t> fresh;

 private:
  struct Ring {  // consecutive repetitions in flight
    std::uint64_t first = 0;
    std::deque<std::uint32_t> numbers;
  };
  std::uint32_t make(std::uint32_t segment, std::uint64_t rep);

  const Workload& workload_;
  std::vector<std::uint32_t> pending_;
  std::vector<std::uint8_t> mapping_pending_;
  bool profile_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<std::vector<std::uint32_t>> free_;  // by segment
  std::vector<Ring> rings_;
  std::vector<bool> done_;
  std::uint64_t marked_ = 0;  // how many of those
};

}  // namespace mapwright::engine::sim
