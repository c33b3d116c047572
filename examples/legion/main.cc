// Sums the squares of 0..99 in ten pieces. Each piece says where it runs.
#include <legion.h>
#include <mapwright/legion.h>

#include <cstdio>

using namespace Legion;

namespace {

enum : TaskID { kTop = 1, kSquare };
enum : FieldID { kValue = 1 };
constexpr coord_t kPieces = 10, kNumbers = 100;

long square(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  const FieldAccessor<LEGION_WRITE_DISCARD, double, 1, coord_t, Realm::AffineAccessor<double, 1, coord_t>> values(regions[0], kValue);
  const Rect<1> piece = runtime->get_index_space_domain(context, regions[0].get_logical_region().get_index_space());
  long sum = 0;
  for (PointInRectIterator<1> i(piece); i(); i++) {
    values[*i] = static_cast<double>((*i)[0] * (*i)[0]);
    sum += static_cast<long>(values[*i]);
  }
  std::printf("piece %lld on processor %llx\n", static_cast<long long>(task->index_point[0]),
              static_cast<unsigned long long>(Processor::get_executing_processor().id));
  return sum;
}

void top(const Task*, const std::vector<PhysicalRegion>&, Context context, Runtime* runtime) {
  const IndexSpaceT<1> numbers = runtime->create_index_space(context, Rect<1>(0, kNumbers - 1));
  const FieldSpace fields = runtime->create_field_space(context);
  runtime->create_field_allocator(context, fields).allocate_field(sizeof(double), kValue);
  const LogicalRegion region = runtime->create_logical_region(context, numbers, fields);
  runtime->attach_name(region, "numbers");
  const IndexSpaceT<1> colors = runtime->create_index_space(context, Rect<1>(0, kPieces - 1));
  const LogicalPartition pieces = runtime->get_logical_partition(context, region, runtime->create_equal_partition(context, numbers, colors));
  IndexTaskLauncher launcher(kSquare, Rect<1>(0, kPieces - 1), TaskArgument(), ArgumentMap());
  launcher.add_region_requirement(RegionRequirement(pieces, 0, LEGION_WRITE_DISCARD, LEGION_EXCLUSIVE, region));
  launcher.add_field(0, kValue);
  const FutureMap sums = runtime->execute_index_space(context, launcher);
  long sum = 0;
  for (coord_t i = 0; i < kPieces; ++i) sum += sums.get_result<long>(i);
  std::printf("sum %ld\n", sum);
}

}  // namespace

int main(int argc, char** argv) {
  Runtime::set_top_level_task_id(kTop);
  {
    TaskVariantRegistrar registrar(kTop, "top");
    registrar.add_constraint(ProcessorConstraint(Processor::LOC_PROC));
    Runtime::preregister_task_variant<top>(registrar, "top");
  }
  {
    TaskVariantRegistrar registrar(kSquare, "square");
    registrar.add_constraint(ProcessorConstraint(Processor::LOC_PROC));
    registrar.set_leaf();
    Runtime::preregister_task_variant<long, square>(registrar, "square");
  }
  mapwright::legion::register_mapper();
  return Runtime::start(argc, argv);
}
