// What mapping costs: tiny tasks under the mapper file and under Legion's own default mapper, in turn, in one run. Prints the
// time and the processor time per task of both, the median of the ratios of the pairs with its 95 % interval (order
// statistics), and the memory of the process. Processor time is that of all threads; other processes disturb it less.
//
//   -pairs N    pairs of rounds (default 21); -warm N rounds of each before (default 2)
//   -launches N index launches in a round (default 100), with a fence after every fifth (-fence N): Legion's own cost of a
//               task grows with the tasks that wait to be mapped, under any mapper; each launch of
//   -points N   points (default 1000), in two dimensions of equal size with -square
//   -region     every point has an argument of 8 elements
#include <dlfcn.h>
#include <legion.h>
#include <mappers/default_mapper.h>
#include <mapwright/legion.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

namespace {

using namespace Legion;

enum Tasks : TaskID { kTop = 1, kTiny };
constexpr FieldID kValue = 1;
constexpr MapperID kDefault = 1;

long option(const char* name, long otherwise) {
  const InputArgs& arguments = Runtime::get_input_args();
  for (int i = 1; i < arguments.argc; ++i) {
    if (std::strcmp(arguments.argv[i], name) == 0) return i + 1 < arguments.argc ? std::atol(arguments.argv[i + 1]) : 1;
  }
  return otherwise;
}

bool given(const char* name) {
  const InputArgs& arguments = Runtime::get_input_args();
  return std::any_of(arguments.argv, arguments.argv + arguments.argc, [name](const char* word) { return std::strcmp(word, name) == 0; });
}

long resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::atol(line.c_str() + 6);
  }
  return 0;
}

double processor_seconds() {
  timespec now {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

struct Cost {
  double time = 0, busy = 0;  // microseconds per task
};

void compare(const char* what, const std::vector<Cost>& ours, const std::vector<Cost>& theirs, double Cost::*value) {
  std::vector<double> a, b, ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    a.push_back(ours[i].*value);
    b.push_back(theirs[i].*value);
    ratios.push_back(a.back() / b.back());
  }
  for (std::vector<double>* all : {&a, &b, &ratios}) std::sort(all->begin(), all->end());
  // The median is between these order statistics with 95 %.
  const double n = static_cast<double>(ratios.size());
  const auto low = static_cast<std::size_t>(std::max(0.0, std::floor((n - 1.96 * std::sqrt(n)) / 2)));
  const auto high = std::min(ratios.size() - 1, static_cast<std::size_t>(std::ceil((n + 1.96 * std::sqrt(n)) / 2)));
  const std::size_t middle = ratios.size() / 2;
  std::printf("tiny %s: mapwright %.2f us, default mapper %.2f us per task, ratio %.3f [%.3f, %.3f]\n", what, a[middle], b[middle], ratios[middle],
              ratios[low], ratios[high]);
}

void tiny(const Task*, const std::vector<PhysicalRegion>&, Context, Runtime*) {}

void top(const Task*, const std::vector<PhysicalRegion>&, Context context, Runtime* runtime) {
  const long pairs = option("-pairs", 21), warm = option("-warm", 2), launches = option("-launches", 100), fence = option("-fence", 5);
  long points = option("-points", 1000);
  Domain domain = Rect<1>(0, points - 1);
  if (given("-square")) {
    const auto side = static_cast<coord_t>(std::lround(std::sqrt(static_cast<double>(points))));
    domain = Rect<2>(Point<2>(0, 0), Point<2>(side - 1, side - 1));
    points = static_cast<long>(side * side);
  }
  LogicalRegion region;
  LogicalPartition partition;
  if (given("-region")) {
    const IndexSpace elements = runtime->create_index_space(context, Rect<1>(0, points * 8 - 1));
    const FieldSpace fields = runtime->create_field_space(context);
    runtime->create_field_allocator(context, fields).allocate_field(8, kValue);
    region = runtime->create_logical_region(context, elements, fields);
    partition = runtime->get_logical_partition(context, region, runtime->create_equal_partition(context, elements, runtime->create_index_space(context, domain)));
    runtime->fill_field<double>(context, region, region, kValue, 0.0);
  }
  const auto round = [&](MapperID mapper) {
    runtime->issue_execution_fence(context).get_void_result();
    const auto start = std::chrono::steady_clock::now();
    const double busy = processor_seconds();
    for (long i = 0; i < launches; ++i) {
      IndexTaskLauncher launcher(kTiny, domain, TaskArgument(), ArgumentMap(), Predicate::TRUE_PRED, false, mapper);
      if (region.exists()) {
        launcher.add_region_requirement(RegionRequirement(partition, 0, LEGION_READ_WRITE, LEGION_EXCLUSIVE, region));
        launcher.add_field(0, kValue);
      }
      runtime->execute_index_space(context, launcher);
      if ((i + 1) % fence == 0) runtime->issue_execution_fence(context);
    }
    runtime->issue_execution_fence(context).get_void_result();
    const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
    const double tasks = static_cast<double>(launches * points);
    return Cost {spent.count() / tasks, (processor_seconds() - busy) * 1e6 / tasks};
  };
  for (long i = 0; i < warm; ++i) {
    round(0);
    round(kDefault);
  }
  const long before = resident_kib();
  std::vector<Cost> ours, theirs;
  for (long i = 0; i < pairs; ++i) {
    // Who begins changes, so that a drift of the machine favours nobody.
    const bool first = i % 2 == 0;
    const Cost a = round(first ? 0 : kDefault), b = round(first ? kDefault : 0);
    ours.push_back(first ? a : b);
    theirs.push_back(first ? b : a);
  }
  std::printf("tiny %ld tasks per round, %ld pairs\n", launches * points, pairs);
  compare("time", ours, theirs, &Cost::time);
  compare("processor time", ours, theirs, &Cost::busy);
  std::printf("tiny memory %ld KiB before, %ld KiB after %ld tasks\n", before, resident_kib(), 2 * pairs * launches * points);
}

// Legion's own function: the one of this program is mapwright's, which would stand beside the default mapper.
void register_default(Machine machine, Runtime* runtime, const std::set<Processor>& local) {
  using Add = void(Runtime*, MapperID, Mapping::Mapper*, Processor);
  void* const legion = dlopen("liblegion.so.1", RTLD_NOW | RTLD_NOLOAD);
  Add* const add = legion ? reinterpret_cast<Add*>(dlsym(legion, "_ZN6Legion7Runtime10add_mapperEjPNS_7Mapping6MapperEN5Realm9ProcessorE")) : nullptr;
  if (!add) {
    std::fprintf(stderr, "tiny: this is no shared Legion\n");
    std::exit(1);
  }
  for (const Processor p : local) add(runtime, kDefault, new Mapping::DefaultMapper(runtime->get_mapper_runtime(), machine, p), p);
}

}  // namespace

int main(int argc, char** argv) {
  Runtime::set_top_level_task_id(kTop);
  {
    TaskVariantRegistrar registrar(kTop, "top level");
    registrar.add_constraint(ProcessorConstraint(Processor::LOC_PROC));
    Runtime::preregister_task_variant<top>(registrar, "top level");
  }
  {
    TaskVariantRegistrar registrar(kTiny, "tiny");
    registrar.add_constraint(ProcessorConstraint(Processor::LOC_PROC));
    registrar.set_leaf();
    Runtime::preregister_task_variant<tiny>(registrar, "tiny");
  }
  Runtime::add_registration_callback(register_default);
  mapwright::legion::register_mapper();
  return Runtime::start(argc, argv);
}
