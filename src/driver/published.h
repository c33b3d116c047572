// driver/published.h - published results that studies print beside ours. Nothing else uses them.
#pragma once

#include <optional>
#include <string_view>

namespace mapwright::driver {

// Throughput relative to the expert's C++ mapper on one node with four P100 GPUs; searches of 10 evaluations, 5 per
// program; 0 for a search without a valid mapper.
// Source: Wei et al., "Improving Parallel Program Performance with LLM Optimizers via Agent-System Interfaces", ICML 2025
// (arXiv 2410.15625v4), table A1.
struct PublishedThroughput {
  std::string_view program;
  double model_mean, model_best, model_worst;  // language model (Trace)
  double opentuner_mean;
};

// Nothing for programs that the paper does not have.
std::optional<PublishedThroughput> published_throughput(std::string_view program);

// Share of random mappers that the paper found invalid at run time: 74 of 90, 10 for each of nine programs.
inline constexpr double kPublishedInvalid = 74.0 / 90.0;

// Gain of choosing the processor grid by the shape of the data (`decompose`) in a public study of stencils, and at most over
// a grid that does not look at the shape. Source: Mapple, the follow-up of the mapper language.
struct PublishedDecompose {
  double mean, most;  // geometric mean over the configurations on 1 to 64 nodes
  int configurations;
  double most_over_blind;
};
inline constexpr PublishedDecompose kPublishedDecompose {1.23, 2.2, 441, 1.83};

}  // namespace mapwright::driver
