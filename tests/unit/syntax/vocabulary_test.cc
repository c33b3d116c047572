#include <gtest/gtest.h>

#include "syntax/vocabulary.h"

namespace mapwright {
namespace {

TEST(Vocabulary, WordsAndKindsAreOneToOne) {
  for (const ProcessorKind k : kAllProcessorKinds) EXPECT_EQ(processor_kind(to_string(k)), k);
  for (const MemoryKind k : kAllMemoryKinds) EXPECT_EQ(memory_kind(to_string(k)), k);
  EXPECT_EQ(to_string(ProcessorKind::Omp), "OMP");
  EXPECT_EQ(to_string(MemoryKind::ZcMem), "ZCMEM");
  EXPECT_FALSE(processor_kind("gpu"));
  EXPECT_FALSE(processor_kind("FBMEM"));
  EXPECT_FALSE(memory_kind("GPU"));
}

}  // namespace
}  // namespace mapwright
