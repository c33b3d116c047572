#include "apps/gpu.h"

#include <algorithm>

#include "apps/apps.h"

namespace mapwright::apps {

namespace {

// What the program was built with.
std::map<std::string, std::int64_t> values_of(const program::Program& p) {
  const App* app = find(p.name);
  MW_CHECK(app != nullptr, "{} is no shipped program", p.name);
  std::map<std::string, std::int64_t> values;
  for (const Parameter& parameter : app->parameters) {
    const std::string& text = p.parameters.at(parameter.name);
    const auto word = std::find(parameter.words.begin(), parameter.words.end(), text);
    values[parameter.name] = word != parameter.words.end() ? word - parameter.words.begin() : std::stoll(text);
  }
  return values;
}

GpuKernels kernels_of(const program::Program& p) {
  const auto values = values_of(p);
  if (p.name == "stencil") return stencil::gpu_kernels(values);
  if (p.name == "circuit") return circuit::gpu_kernels(values);
  if (p.name == "pennant") return pennant::gpu_kernels(values);
  return gemm::gpu_kernels(values, p.find_task("taco_fill") == nullptr);
}

}  // namespace

void use_gpu_kernels(program::Program& p) {
  const GpuKernels kernels = kernels_of(p);
  for (program::Task& task : p.tasks) {
    for (program::Variant& v : task.variants) {
      if (v.kind != ProcessorKind::Gpu || v.inner) continue;
      const auto found = std::find_if(kernels.begin(), kernels.end(), [&](const auto& k) { return k.first == task.name; });
      MW_CHECK(found != kernels.end(), "task {} of {} has no kernel for GPUs", task.name, p.name);
      v.kernel = found->second;
    }
  }
}

}  // namespace mapwright::apps
