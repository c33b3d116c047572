// task.processor(m) is the inverse of m[...]: for random chains of transformations, indexing a space with the coordinates
// of a processor gives that processor, and processors outside of slices are errors.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include <fmt/ranges.h>

#include "helpers.h"
#include "sema/factor.h"

namespace mapwright::sema {
namespace {

struct Chain {
  std::string text;
  std::vector<std::int64_t> sizes;
};

Chain random_chain(Rng& rng, std::int64_t nodes, std::int64_t gpus) {
  Chain c {"m", {nodes, gpus}};
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(rng.below(n)); };
  for (std::size_t steps = pick(6); steps > 0; --steps) {
    const std::size_t d = pick(c.sizes.size());
    const auto at = c.sizes.begin() + static_cast<std::ptrdiff_t>(d);
    switch (pick(6)) {
      case 0: {
        std::vector<std::int64_t> factors;
        for (std::int64_t f = 1; f <= c.sizes[d]; ++f) {
          if (c.sizes[d] % f == 0) factors.push_back(f);
        }
        const std::int64_t f = factors[pick(factors.size())];
        c.text += fmt::format(".split({}, {})", d, f);
        const std::int64_t rest = c.sizes[d] / f;
        *at = f;
        c.sizes.insert(at + 1, rest);
        break;
      }
      case 1: {
        const std::size_t other = pick(c.sizes.size());
        if (other == d) break;
        c.text += fmt::format(".merge({}, {})", d, other);
        c.sizes[d] *= c.sizes[other];
        c.sizes.erase(c.sizes.begin() + static_cast<std::ptrdiff_t>(other));
        break;
      }
      case 2: {
        const std::size_t other = pick(c.sizes.size());
        c.text += fmt::format(".swap({}, {})", d, other);
        std::swap(c.sizes[d], c.sizes[other]);
        break;
      }
      case 3: {
        const auto low = static_cast<std::int64_t>(pick(static_cast<std::size_t>(c.sizes[d])));
        const auto high = low + static_cast<std::int64_t>(pick(static_cast<std::size_t>(c.sizes[d] - low)));
        c.text += fmt::format(".slice({}, {}, {})", d, low, high);
        c.sizes[d] = high - low + 1;
        break;
      }
      case 4: c.text += fmt::format(".reverse({})", d); break;
      default: {
        if (c.sizes.size() > 6) break;
        c.text += fmt::format(".auto_split({}, (3, 5))", d);
        const Factors f = optimal_factors(c.sizes[d], std::vector<std::int64_t> {3, 5});
        *at = f[0];
        c.sizes.insert(at + 1, f[1]);
      }
    }
  }
  return c;
}

RC_GTEST_PROP(Processor, IsTheInverseOfIndexing, (std::uint64_t seed)) {
  Rng rng(seed);
  MachineShape shape = two_nodes();
  shape.address_spaces = 1 + static_cast<std::int64_t>(rng.below(6));
  shape.processors[1] = 1 + static_cast<std::int64_t>(rng.below(8));
  const Chain chain = random_chain(rng, shape.address_spaces, shape.processors[1]);
  const Mapper m = compile_text(fmt::format("m = Machine(GPU);\ns = {};\n"
                                            "def all(Task t) {{ return s[{}]; }}\n"
                                            "def same(Task t) {{ return s[*t.parent.processor(s)]; }}\n"
                                            "def sizes(Task t) {{ print(\"{{}}\", s.size); return m[0, 0]; }}\n",
                                            chain.text, fmt::join(std::vector<std::string>(chain.sizes.size(), "*"), ", ")));
  PlacementEvaluator e(m, shape);
  RC_ASSERT(e.place(FunctionId(2), task_of()).has_value());
  RC_ASSERT(e.printed().front() == fmt::format("({})", fmt::join(chain.sizes, ", ")));
  const auto all = e.place(FunctionId(0), task_of());
  RC_ASSERT(all.has_value());
  const std::set<MachinePoint> inside(all->begin(), all->end());
  std::int64_t volume = 1;
  for (const std::int64_t s : chain.sizes) volume *= s;
  RC_ASSERT(static_cast<std::int64_t>(inside.size()) == volume);
  TaskContext parent = task_of(), task = task_of();
  task.parent = &parent;
  for (std::uint32_t node = 0; node < shape.address_spaces; ++node) {
    for (std::uint32_t gpu = 0; gpu < shape.processors[1]; ++gpu) {
      const MachinePoint p {ProcessorKind::Gpu, node, gpu};
      parent.processor = p;
      const auto where = e.place(FunctionId(1), task);
      RC_ASSERT(where.has_value() == (inside.count(p) == 1));
      if (where) RC_ASSERT((*where)[0] == p);
      if (!where) RC_ASSERT(where.error().code == diag::kProcessorOutsideSpace);
    }
  }
}

}  // namespace
}  // namespace mapwright::sema
