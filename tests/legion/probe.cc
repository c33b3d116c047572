// A Legion program that tells what its tasks see: every point prints the processor it runs on and, for each argument, the
// memory, the strides and the alignment of what it was given. It computes with all of it, so wrong coherence is a wrong
// checksum. Lines begin with `probe`; the tests read them.
//
//   -size N      blocks of N x N cells (default 8)
//   -own         the program registers mappers of its own: the default one and one with the number 7
//   -steps N     repetitions of work (default 1)
//   -trace 1     each of them in a trace
#include <legion.h>
#include <mappers/default_mapper.h>
#ifdef PROBE_LINKED
#include <mapwright/legion.h>
#endif

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>
#include <unistd.h>

namespace {

using namespace Legion;

enum Tasks : TaskID { kTop = 1, kFill, kWork, kCount, kSum, kOuter, kInner, kReport, kDemanding };
enum Fields : FieldID { kX = 10, kY, kV = 20 };
constexpr coord_t kTiles = 4;    // in each dimension
constexpr coord_t kPieces = 8;
constexpr MapperID kOwnMapper = 7;

template <typename T, int D>
using Reader = FieldAccessor<LEGION_READ_ONLY, T, D, coord_t, Realm::AffineAccessor<T, D, coord_t>>;
template <typename T, int D>
using Writer = FieldAccessor<LEGION_READ_WRITE, T, D, coord_t, Realm::AffineAccessor<T, D, coord_t>>;
template <typename T, int D>
using Eraser = FieldAccessor<LEGION_WRITE_DISCARD, T, D, coord_t, Realm::AffineAccessor<T, D, coord_t>>;
using Adder = ReductionAccessor<SumReduction<std::int64_t>, true, 1, coord_t, Realm::AffineAccessor<std::int64_t, 1, coord_t>>;
constexpr ReductionOpID kSumOp = LEGION_REDOP_SUM_INT64;

// One line as one write, so that lines of ranks and threads do not mix.
void say(std::string line) {
  line += '\n';
  const ssize_t written = write(STDOUT_FILENO, line.data(), line.size());
  if (written < 0) std::abort();
}

const char* memory_word(Memory::Kind k) {
  switch (k) {
    case Memory::SYSTEM_MEM: return "SYSMEM";
    case Memory::REGDMA_MEM: return "RDMEM";
    case Memory::SOCKET_MEM: return "SOCKMEM";
    case Memory::GPU_FB_MEM: return "FBMEM";
    case Memory::Z_COPY_MEM: return "ZCMEM";
    default: return "OTHER";
  }
}

// "task point=1,2 kind=CPU node=0 processor=1"
std::string where(const Task* task) {
  const Processor p = task->current_proc;
  const Processor::Kind kind = Processor::get_executing_processor().kind();
  unsigned index = 0;
  Machine::ProcessorQuery query(Machine::get_machine());
  query.only_kind(kind);
  for (const Processor q : query) {
    if (q.address_space() != p.address_space()) continue;
    if (q == Processor::get_executing_processor()) break;
    ++index;
  }
  std::string out = std::string("probe ") + task->get_task_name() + " point=";
  if (task->is_index_space) {
    for (int d = 0; d < task->index_point.get_dim(); ++d) out += (d ? "," : "") + std::to_string(task->index_point[static_cast<unsigned>(d)]);
  }
  out += std::string(" kind=") + (kind == Processor::LOC_PROC ? "CPU" : kind == Processor::OMP_PROC ? "OMP" : "OTHER");
  return out + " node=" + std::to_string(p.address_space()) + " processor=" + std::to_string(index);
}

// " arg0=SYSMEM/8,64/64": memory, strides in bytes by dimension, the largest power of two up to 4096 that divides the address
template <typename Accessor, int D>
std::string seen(unsigned position, const PhysicalRegion& region, const Accessor& accessor, const Rect<D>& bounds) {
  std::set<Memory> memories;
  region.get_memories(memories);
  std::string out = " arg" + std::to_string(position) + "=" + memory_word(memories.begin()->kind()) + "/";
  const auto base = reinterpret_cast<std::uintptr_t>(accessor.ptr(bounds.lo));
  for (int d = 0; d < D; ++d) {
    Point<D> next = bounds.lo;
    next[d] += 1;
    const auto stride = reinterpret_cast<std::uintptr_t>(accessor.ptr(next)) - base;
    out += (d ? "," : "") + std::to_string(stride);
  }
  std::uintptr_t alignment = 1;
  while (alignment < 4096 && base % (alignment * 2) == 0) alignment *= 2;
  return out + "/" + std::to_string(alignment);
}

template <int D>
Rect<D> bounds_of(Context context, Runtime* runtime, const PhysicalRegion& region) {
  return runtime->get_index_space_domain(context, region.get_logical_region().get_index_space());
}

void fill(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  const Rect<2> r = bounds_of<2>(context, runtime, regions[0]);
  const Eraser<double, 2> x(regions[0], kX), y(regions[0], kY);
  for (PointInRectIterator<2> p(r); p(); p++) {
    x[*p] = static_cast<double>((*p)[0] + 100 * (*p)[1]);
    y[*p] = 0;
  }
  say(where(task) + seen(0, regions[0], x, r));
}

std::atomic<int> working {0}, most_working {0};

// y = sum of x over a cell and its neighbours, from ghosts that overlap.
void work(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  const int now = ++working;
  int most = most_working;
  while (most < now && !most_working.compare_exchange_weak(most, now)) {}
  const Rect<2> all = bounds_of<2>(context, runtime, regions[0]), own = bounds_of<2>(context, runtime, regions[1]);
  const Reader<double, 2> x(regions[0], kX);
  const Writer<double, 2> y(regions[1], kY);
  for (PointInRectIterator<2> p(own); p(); p++) {
    double sum = 0;
    const Rect<2> near = Rect<2>(*p - Point<2>(1, 1), *p + Point<2>(1, 1)).intersection(all);
    for (PointInRectIterator<2> q(near); q(); q++) sum += x[*q];
    y[*p] += sum;
  }
  usleep(2000);
  say(where(task) + seen(0, regions[0], x, all) + seen(1, regions[1], y, own));
  --working;
}

void count(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  const Rect<1> r = bounds_of<1>(context, runtime, regions[0]);
  const Eraser<std::int64_t, 1> v(regions[0], kV);
  for (PointInRectIterator<1> p(r); p(); p++) v[*p] = (*p)[0];
  say(where(task) + seen(0, regions[0], v, r));
}

// Adds its point to every element of the first piece.
void sum(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  const Rect<1> r = bounds_of<1>(context, runtime, regions[0]);
  const Adder v(regions[0], kV, kSumOp);
  for (PointInRectIterator<1> p(r); p(); p++) v[*p] <<= task->index_point[0];
  say(where(task));
}

void inner(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  const Rect<1> r = bounds_of<1>(context, runtime, regions[0]);
  const Writer<std::int64_t, 1> v(regions[0], kV);
  for (PointInRectIterator<1> p(r); p(); p++) v[*p] += 1;
  say(where(task) + " parent=" + std::to_string(task->parent_task->index_point[0]));
}

void outer(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  const LogicalRegion region = regions[0].get_logical_region();
  const IndexSpaceT<1> colors = runtime->create_index_space(context, Rect<1>(0, 1));
  const IndexPartition halves = runtime->create_equal_partition(context, region.get_index_space(), colors);
  const LogicalPartition partition = runtime->get_logical_partition(context, region, halves);
  IndexTaskLauncher launcher(kInner, Rect<1>(0, 1), TaskArgument(), ArgumentMap());
  launcher.add_region_requirement(RegionRequirement(partition, 0, LEGION_READ_WRITE, LEGION_EXCLUSIVE, region));
  launcher.add_field(0, kV);
  runtime->execute_index_space(context, launcher).wait_all_results();
  say(where(task));
}

// The only variant wants C order.
void demanding(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  const Rect<2> r = bounds_of<2>(context, runtime, regions[0]);
  const Reader<double, 2> y(regions[0], kY);
  say(where(task) + seen(0, regions[0], y, r));
}

double report(const Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  const Reader<double, 2> x(regions[0], kX), y(regions[0], kY);
  const Reader<std::int64_t, 1> v(regions[1], kV);
  double total = 0;
  const Rect<2> cells = bounds_of<2>(context, runtime, regions[0]);
  for (PointInRectIterator<2> p(cells); p(); p++) total += x[*p] + 2 * y[*p];
  for (PointInRectIterator<1> p(bounds_of<1>(context, runtime, regions[1])); p(); p++) total += static_cast<double>(v[*p]) * ((*p)[0] % 3 + 1);
  say(where(task) + seen(0, regions[0], x, cells));
  return total;
}

coord_t option(const char* name, coord_t otherwise) {
  const InputArgs& arguments = Runtime::get_input_args();
  for (int i = 1; i + 1 < arguments.argc; ++i) {
    if (std::strcmp(arguments.argv[i], name) == 0) return std::atoll(arguments.argv[i + 1]);
  }
  return otherwise;
}

template <int D>
LogicalPartition tiles(Context context, Runtime* runtime, LogicalRegion region, coord_t size, coord_t halo, const char* name) {
  Transform<D, D> transform;
  Rect<D> color_range, extent;
  for (int i = 0; i < D; ++i) {
    for (int j = 0; j < D; ++j) transform[i][j] = i == j ? size : 0;
    color_range.lo[i] = 0;
    color_range.hi[i] = kTiles - 1;
    extent.lo[i] = -halo;
    extent.hi[i] = size - 1 + halo;
  }
  const IndexSpaceT<D> colors = runtime->create_index_space(context, color_range);
  const IndexPartition p =
      runtime->create_partition_by_restriction(context, IndexSpaceT<D>(region.get_index_space()), colors, transform, extent);
  const LogicalPartition partition = runtime->get_logical_partition(context, region, p);
  runtime->attach_name(partition, name);
  return partition;
}

void top(const Task*, const std::vector<PhysicalRegion>&, Context context, Runtime* runtime) {
  const coord_t size = option("-size", 8), steps = option("-steps", 1);
  const InputArgs& arguments = Runtime::get_input_args();
  for (int i = 0; i < arguments.argc; ++i) {
    if (std::strncmp(arguments.argv[i], "-mapwright", 10) == 0) say("probe argument left: " + std::string(arguments.argv[i]));
  }
  const IndexSpaceT<2> grid = runtime->create_index_space(context, Rect<2>(Point<2>(0, 0), Point<2>(kTiles * size - 1, kTiles * size - 1)));
  const IndexSpaceT<1> line = runtime->create_index_space(context, Rect<1>(0, kPieces * 16 - 1));
  const FieldSpace cell_fields = runtime->create_field_space(context), line_fields = runtime->create_field_space(context);
  {
    FieldAllocator a = runtime->create_field_allocator(context, cell_fields), b = runtime->create_field_allocator(context, line_fields);
    a.allocate_field(sizeof(double), kX);
    a.allocate_field(sizeof(double), kY);
    b.allocate_field(sizeof(std::int64_t), kV);
  }
  const LogicalRegion cells = runtime->create_logical_region(context, grid, cell_fields);
  const LogicalRegion values = runtime->create_logical_region(context, line, line_fields);
  runtime->attach_name(cells, "cells");
  runtime->attach_name(values, "values");
  const LogicalPartition blocks = tiles<2>(context, runtime, cells, size, 0, "blocks");
  const LogicalPartition ghosts = tiles<2>(context, runtime, cells, size, 1, "ghosts");
  const IndexPartition equal = runtime->create_equal_partition(context, line, runtime->create_index_space(context, Rect<1>(0, kPieces - 1)));
  const LogicalPartition pieces = runtime->get_logical_partition(context, values, equal);
  runtime->attach_name(equal, "pieces");

  const Rect<2> grid_domain(Point<2>(0, 0), Point<2>(kTiles - 1, kTiles - 1));
  const auto launch = [&](TaskID id, Domain domain, std::vector<std::pair<RegionRequirement, std::vector<FieldID>>> requirements) {
    IndexTaskLauncher launcher(id, domain, TaskArgument(), ArgumentMap());
    for (auto& [requirement, fields] : requirements) {
      launcher.add_region_requirement(requirement);
      for (const FieldID f : fields) launcher.region_requirements.back().add_field(f);
    }
    runtime->execute_index_space(context, launcher);
  };
  launch(kFill, grid_domain, {{RegionRequirement(blocks, 0, LEGION_WRITE_DISCARD, LEGION_EXCLUSIVE, cells), {kX, kY}}});
  const bool traced = option("-trace", 0) != 0;
  for (coord_t s = 0; s < steps; ++s) {
    if (traced) runtime->begin_trace(context, 1);
    launch(kWork, grid_domain, {{RegionRequirement(ghosts, 0, LEGION_READ_ONLY, LEGION_EXCLUSIVE, cells), {kX}},
                                {RegionRequirement(blocks, 0, LEGION_READ_WRITE, LEGION_EXCLUSIVE, cells), {kY}}});
    if (traced) runtime->end_trace(context, 1);
  }
  launch(kDemanding, grid_domain, {{RegionRequirement(blocks, 0, LEGION_READ_ONLY, LEGION_EXCLUSIVE, cells), {kY}}});
  launch(kCount, Rect<1>(0, kPieces - 1), {{RegionRequirement(pieces, 0, LEGION_WRITE_DISCARD, LEGION_EXCLUSIVE, values), {kV}}});
  const LogicalRegion first_piece = runtime->get_logical_subregion_by_color(context, pieces, 0);
  launch(kSum, Rect<1>(10, 13), {{RegionRequirement(first_piece, 0, kSumOp, LEGION_EXCLUSIVE, values), {kV}}});
  RegionRequirement of_outer(pieces, 0, LEGION_READ_WRITE, LEGION_EXCLUSIVE, values);
  of_outer.tag = Mapping::DefaultMapper::VIRTUAL_MAP;
  launch(kOuter, Rect<1>(0, kPieces - 1), {{of_outer, {kV}}});

  TaskLauncher last(kReport, TaskArgument());
  last.add_region_requirement(RegionRequirement(cells, LEGION_READ_ONLY, LEGION_EXCLUSIVE, cells));
  last.add_field(0, kX);
  last.add_field(0, kY);
  last.add_region_requirement(RegionRequirement(values, LEGION_READ_ONLY, LEGION_EXCLUSIVE, values));
  last.add_field(1, kV);
  const double total = runtime->execute_task(context, last).get_result<double>();
  if (runtime->get_shard_id(context, true) == 0) {
    say("probe checksum " + std::to_string(static_cast<long long>(total)));
    say("probe most " + std::to_string(most_working.load()));
  }
}

class OwnMapper : public Mapping::DefaultMapper {
 public:
  OwnMapper(Machine m, Runtime* r, Processor p) : DefaultMapper(r->get_mapper_runtime(), m, p, "own") {}
};

void register_own(Machine machine, Runtime* runtime, const std::set<Processor>& local) {
  for (const Processor p : local) {
    runtime->replace_default_mapper(new OwnMapper(machine, runtime, p), p);
    runtime->add_mapper(kOwnMapper, new OwnMapper(machine, runtime, p), p);
  }
}

template <void (*Body)(const Task*, const std::vector<PhysicalRegion>&, Context, Runtime*)>
void add(TaskID id, const char* name, Processor::Kind kind, bool leaf, LayoutConstraintID layout = 0) {
  TaskVariantRegistrar registrar(id, name);
  registrar.add_constraint(ProcessorConstraint(kind));
  registrar.set_leaf(leaf);
  registrar.set_replicable(!leaf);
  if (layout) registrar.add_layout_constraint_set(0, layout);
  Runtime::preregister_task_variant<Body>(registrar, name);
}

}  // namespace

int main(int argc, char** argv) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  Runtime::set_top_level_task_id(kTop);
  LayoutConstraintRegistrar c_order;
  c_order.add_constraint(OrderingConstraint({LEGION_DIM_Y, LEGION_DIM_X, LEGION_DIM_F}, true));
  const LayoutConstraintID layout = Runtime::preregister_layout(c_order);
  add<top>(kTop, "top level", Processor::LOC_PROC, false);
  add<fill>(kFill, "fill", Processor::LOC_PROC, true);
  add<work>(kWork, "work", Processor::LOC_PROC, true);
  add<work>(kWork, "work", Processor::OMP_PROC, true);
  add<count>(kCount, "count", Processor::LOC_PROC, true);
  add<sum>(kSum, "sum", Processor::LOC_PROC, true);
  add<outer>(kOuter, "outer", Processor::LOC_PROC, false);
  add<inner>(kInner, "inner", Processor::LOC_PROC, true);
  add<demanding>(kDemanding, "demanding", Processor::LOC_PROC, true, layout);
  {
    TaskVariantRegistrar registrar(kReport, "report");
    registrar.add_constraint(ProcessorConstraint(Processor::LOC_PROC));
    registrar.set_leaf();
    Runtime::preregister_task_variant<double, report>(registrar, "report");
  }
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "-own") == 0) Runtime::add_registration_callback(register_own);
  }
#ifdef PROBE_LINKED
  mapwright::legion::register_mapper();
#endif
  return Runtime::start(argc, argv);
}
