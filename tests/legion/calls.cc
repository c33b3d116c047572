// A Legion program that does what mappers see little of: fills, explicit copies, inline mappings, futures, fences, time
// stamps, traces, and tasks that launch tasks two levels deep. It prints a checksum of what it computed.
//
//   -uneven      points of the nested task launch different tasks
//   -foreign     the nested task launches tasks on a region of its own
//   -crash       the sum reads where nothing is, -hang: it never ends; both only on the second CPU
#include <legion.h>

#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace {

using namespace Legion;

enum Tasks : TaskID { kTop = 1, kAdd, kSum, kScale, kTree, kBranch, kLeaf, kOther };
enum Fields : FieldID { kA = 1, kB = 2 };
constexpr coord_t kPieces = 4, kSize = 64;

template <PrivilegeMode P>
using Access = FieldAccessor<P, double, 1, coord_t, Realm::AffineAccessor<double, 1, coord_t>>;

Rect<1> bounds(Context context, Runtime* runtime, const PhysicalRegion& region) {
  return runtime->get_index_space_domain(context, region.get_logical_region().get_index_space());
}

bool flag(const char* name) {
  const InputArgs& arguments = Runtime::get_input_args();
  for (int i = 1; i < arguments.argc; ++i) {
    if (std::strcmp(arguments.argv[i], name) == 0) return true;
  }
  return false;
}

// a += 1
void add(const Task*, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  const Access<LEGION_READ_WRITE> a(regions[0], kA);
  for (PointInRectIterator<1> p(bounds(context, runtime, regions[0])); p(); p++) a[*p] += 1;
}

double sum(const Task*, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  const Access<LEGION_READ_ONLY> a(regions[0], kA);
  double total = 0;
  Machine::ProcessorQuery cpus(Machine::get_machine());
  cpus.only_kind(Processor::LOC_PROC);
  if (Processor::get_executing_processor() != cpus.first()) {
    if (flag("-crash")) total += *reinterpret_cast<const volatile double*>(16);
    while (flag("-hang")) usleep(1000);
  }
  for (PointInRectIterator<1> p(bounds(context, runtime, regions[0])); p(); p++) total += a[*p];
  return total;
}

// a *= future
void scale(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  const double factor = task->futures[0].get_result<double>();
  const Access<LEGION_READ_WRITE> a(regions[0], kA);
  for (PointInRectIterator<1> p(bounds(context, runtime, regions[0])); p(); p++) a[*p] *= factor;
}

// Launches `child` over two halves of its data, which it makes itself.
void halve(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime, TaskID child) {
  const LogicalRegion region = regions[0].get_logical_region();
  const IndexPartition halves = runtime->create_equal_partition(context, region.get_index_space(), runtime->create_index_space(context, Rect<1>(0, 1)));
  IndexTaskLauncher launcher(child, Rect<1>(0, 1), TaskArgument(), ArgumentMap());
  launcher.add_region_requirement(RegionRequirement(runtime->get_logical_partition(context, region, halves), 0, LEGION_READ_WRITE, LEGION_EXCLUSIVE, region));
  launcher.add_field(0, kA);
  runtime->execute_index_space(context, launcher);
  runtime->execute_index_space(context, launcher);
  (void)task;
}

void branch(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  halve(task, regions, context, runtime, kLeaf);
}

void tree(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  halve(task, regions, context, runtime, flag("-uneven") && task->index_point[0] == 1 ? kOther : kBranch);
  if (!flag("-foreign")) return;
  const FieldSpace fields = runtime->create_field_space(context);
  runtime->create_field_allocator(context, fields).allocate_field(sizeof(double), kA);
  const LogicalRegion own = runtime->create_logical_region(context, runtime->create_index_space(context, Rect<1>(0, 7)), fields);
  runtime->fill_field<double>(context, own, own, kA, 0.0);
  TaskLauncher launcher(kAdd, TaskArgument());
  launcher.add_region_requirement(RegionRequirement(own, LEGION_READ_WRITE, LEGION_EXCLUSIVE, own));
  launcher.add_field(0, kA);
  runtime->execute_task(context, launcher);
}

void top(const Task*, const std::vector<PhysicalRegion>&, Context context, Runtime* runtime) {
  const IndexSpaceT<1> line = runtime->create_index_space(context, Rect<1>(0, kPieces * kSize - 1));
  const FieldSpace fields = runtime->create_field_space(context);
  {
    FieldAllocator allocator = runtime->create_field_allocator(context, fields);
    allocator.allocate_field(sizeof(double), kA);
    allocator.allocate_field(sizeof(double), kB);
  }
  runtime->attach_name(fields, kA, "a");
  runtime->attach_name(fields, kB, "b");
  const LogicalRegion x = runtime->create_logical_region(context, line, fields), y = runtime->create_logical_region(context, line, fields);
  runtime->attach_name(x, "x");
  runtime->attach_name(y, "y");
  const Rect<1> domain(0, kPieces - 1);
  const IndexPartition pieces = runtime->create_equal_partition(context, line, runtime->create_index_space(context, domain));
  const LogicalPartition px = runtime->get_logical_partition(context, x, pieces), py = runtime->get_logical_partition(context, y, pieces);
  runtime->attach_name(pieces, "pieces");

  const auto requirement = [](LogicalPartition p, PrivilegeMode mode, LogicalRegion parent) {
    RegionRequirement r(p, 0, mode, LEGION_EXCLUSIVE, parent);
    r.add_field(kA);
    return r;
  };
  const auto launch = [&](TaskID id, LogicalPartition p, PrivilegeMode mode, LogicalRegion parent) {
    IndexTaskLauncher launcher(id, domain, TaskArgument(), ArgumentMap());
    launcher.add_region_requirement(requirement(p, mode, parent));
    return launcher;
  };

  const double zero = 0;
  runtime->fill_field<double>(context, x, x, kB, 0.5);
  IndexFillLauncher fill(domain, px, x, UntypedBuffer(&zero, sizeof zero));
  fill.add_field(kA);
  runtime->fill_fields(context, fill);
  runtime->fill_field<double>(context, y, y, kA, 1.0);

  runtime->issue_execution_fence(context).get_void_result();
  const Future begin = runtime->get_current_time_in_microseconds(context);
  for (int step = 0; step < 6; ++step) {
    runtime->begin_trace(context, 7);
    runtime->execute_index_space(context, launch(kAdd, px, LEGION_READ_WRITE, x));
    IndexCopyLauncher copy(domain);
    copy.add_copy_requirements(requirement(px, LEGION_READ_ONLY, x), requirement(py, LEGION_WRITE_DISCARD, y));
    runtime->issue_copy_operation(context, copy);
    runtime->end_trace(context, 7);
  }
  const Future end = runtime->get_current_time_in_microseconds(context, runtime->issue_execution_fence(context));

  // y is 6 everywhere; its sum multiplies x.
  const Future total = runtime->execute_index_space(context, launch(kSum, py, LEGION_READ_ONLY, y), LEGION_REDOP_SUM_FLOAT64);
  IndexTaskLauncher scaled = launch(kScale, px, LEGION_READ_WRITE, x);
  scaled.add_future(total);
  runtime->execute_index_space(context, scaled);

  // Another field of the first piece, and the halves of every piece twice.
  CopyLauncher single;
  RegionRequirement from(runtime->get_logical_subregion_by_color(context, px, 0), LEGION_READ_ONLY, LEGION_EXCLUSIVE, x);
  RegionRequirement to(runtime->get_logical_subregion_by_color(context, py, 0), LEGION_READ_WRITE, LEGION_EXCLUSIVE, y);
  from.add_field(kB);
  to.add_field(kA);
  single.add_copy_requirements(from, to);
  runtime->issue_copy_operation(context, single);
  runtime->execute_index_space(context, launch(kTree, py, LEGION_READ_WRITE, y));

  RegionRequirement whole(y, LEGION_READ_ONLY, LEGION_EXCLUSIVE, y);
  whole.add_field(kA);
  const PhysicalRegion mapped = runtime->map_region(context, InlineLauncher(whole));
  const Access<LEGION_READ_ONLY> value(mapped, kA);
  double check = 0;
  for (coord_t i = 0; i < kPieces * kSize; ++i) check += value[i];
  runtime->unmap_region(context, mapped);
  std::printf("checksum %g %g %d\n", total.get_result<double>(), check, end.get_result<long long>() >= begin.get_result<long long>());
}

TaskVariantRegistrar registrar(TaskID id, const char* name, bool leaf) {
  TaskVariantRegistrar out(id, name);
  out.add_constraint(ProcessorConstraint(Processor::LOC_PROC));
  out.set_leaf(leaf);
  out.set_inner(!leaf && id != kTop);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  Runtime::set_top_level_task_id(kTop);
  Runtime::preregister_task_variant<top>(registrar(kTop, "main", false), "main");
  Runtime::preregister_task_variant<add>(registrar(kAdd, "add", true), "add");
  Runtime::preregister_task_variant<double, sum>(registrar(kSum, "sum", true), "sum");
  Runtime::preregister_task_variant<scale>(registrar(kScale, "scale", true), "scale");
  Runtime::preregister_task_variant<tree>(registrar(kTree, "tree", false), "tree");
  Runtime::preregister_task_variant<branch>(registrar(kBranch, "branch", false), "branch");
  Runtime::preregister_task_variant<add>(registrar(kLeaf, "leaf", true), "leaf");
  Runtime::preregister_task_variant<add>(registrar(kOther, "other", true), "other");
  return Runtime::start(argc, argv);
}
