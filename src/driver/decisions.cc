#include "driver/decisions.h"

#include <fmt/format.h>

namespace mapwright::driver {

std::vector<const program::Launch*> launches_by_id(const program::Program& program) {
  std::vector<const program::Launch*> out(program.launch_count);
  for (const program::Program::Site& site : program.sites()) out[site.launch->id.value] = site.launch;
  return out;
}

sema::ArgumentNames argument_names(const program::Program& program, const program::Launch& launch, std::size_t i) {
  const program::Argument& a = launch.arguments[i];
  sema::ArgumentNames names;
  names.position = static_cast<int>(i);
  names.own = a.name;
  names.region = program.regions[a.region.value].name;
  if (a.partition) names.partition = program.partitions[a.partition->value].name;
  return names;
}

int unknown_task(const program::Program& program, const std::string& task, Console& console) {
  std::vector<std::string> names;
  for (const program::Task& t : program.tasks) names.push_back(t.name);
  const std::optional<std::string> near = nearest(task, names);
  return console.usage(fmt::format("program `{}` has no task `{}`", program.name, task),
                       near ? fmt::format("did you mean `{}`?", *near) : fmt::format("its tasks are {}", fmt::join(names, ", ")));
}

}  // namespace mapwright::driver
