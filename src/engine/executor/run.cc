#include "engine/executor/run.h"

#include <mappers/default_mapper.h>

#include <cmath>
#include <cstring>
#include <exception>

#include "base/blas.h"
#include "engine/executor/body.h"
#include "engine/executor/point.h"
#include "engine/legion/legion.h"
#include "mapwright/legion.h"

namespace mapwright::engine::executor {

namespace {

using Legion::Context;
using Legion::PhysicalRegion;
using Legion::Runtime;

// A point of any task of the program.
double run_point(const Legion::Task* task, const std::vector<PhysicalRegion>& regions, Context context, Runtime* runtime) {
  Job& j = job();
  const Frame frame = j.decode(task->args, task->arglen);
  const program::Task& described = j.program().tasks[frame.launch->task.value];
  const Job::Place& place = j.place(task->current_proc);
  const double start = now();
  double result = 0;
  if (described.body.empty()) {
    PointTask point(j, *task, regions, frame, place.kind);
    const program::Variant* const variant = j.program().variant(frame.launch->task, place.kind);
    try {
      variant->kernel(point);
    } catch (const std::exception& e) {
      j.failed(fmt::format("the kernel of `{}` failed at {}: {}", described.name, to_string(point.point()), e.what()));
    }
    result = point.result();
  } else {
    const Point at = task->is_index_space ? from_legion(task->index_point) : Point();
    Body(context, runtime, j, frame, at, *task).run(described.body);
  }
  j.ran(frame, place.kind, place.name, start, now());
  return result;
}

// The contents of all regions, mapped as a whole in the order of the program.
class Contents final : public program::RegionReader {
 public:
  Contents(const program::Program& p, const std::vector<PhysicalRegion>& mapped) : program_(p) {
    for (std::uint32_t r = 0; r < p.regions.size(); ++r) {
      auto& fields = blocks_.emplace_back(p.regions[r].fields.size());
      for (std::uint32_t f = 0; f < fields.size(); ++f) add_blocks(mapped[r], f, p.regions[r].points, fields[f]);
    }
  }
  program::FieldView field(std::uint32_t region, std::uint32_t field) const override { return {&program_.regions[region].points, blocks_[region][field]}; }

 private:
  const program::Program& program_;
  std::vector<std::vector<std::vector<program::Block>>> blocks_;
};

// Sums in another order differ in the last bits, relative to the largest element of the field.
constexpr double kDouble = 1e-10, kSingle = 2e-4;

template <typename T>
std::optional<std::string> compare(const program::FieldView& expected, const program::FieldView& got, double tolerance, std::string_view where) {
  double scale = 0;
  for (const program::Block& b : expected.blocks) {
    for_each_point(b.rect, [&](const Point& p) {
      const double v = *reinterpret_cast<const T*>(b.address(p));
      if (std::isfinite(v)) scale = std::max(scale, std::abs(v));
    });
  }
  for (std::size_t i = 0; i < expected.blocks.size(); ++i) {
    std::optional<std::string> found;
    for_each_point(expected.blocks[i].rect, [&](const Point& p) {
      if (found) return;
      const double a = *reinterpret_cast<const T*>(expected.blocks[i].address(p)), b = *reinterpret_cast<const T*>(got.blocks[i].address(p));
      if (std::isnan(a) || a == b || std::abs(a - b) <= tolerance * scale) return;  // NaN: nobody wrote it
      found = fmt::format("{}/{}: expected {}, got {}", where, to_string(p), a, b);
    });
    if (found) return found;
  }
  return std::nullopt;
}

std::optional<std::string> first_difference(const program::Program& p, const program::RegionReader& expected, const program::RegionReader& got) {
  for (std::uint32_t r = 0; r < p.regions.size(); ++r) {
    for (std::uint32_t f = 0; f < p.regions[r].fields.size(); ++f) {
      const program::Field& field = p.regions[r].fields[f];
      const std::string where = fmt::format("{}/{}", p.regions[r].name, field.name);
      std::optional<std::string> wrong;
      if (field.bytes == 4) wrong = compare<float>(expected.field(r, f), got.field(r, f), kSingle, where);
      if (field.bytes == 8) wrong = compare<double>(expected.field(r, f), got.field(r, f), kDouble, where);
      if (wrong) return wrong;
    }
  }
  return std::nullopt;
}

// Looks at the final contents. One task in one process: were the regions mapped in the top-level task, each of its shards would
// want all of them, and Legion 25.06 then makes copies between the processes that wait for each other in a circle.
void check(const Legion::Task*, const std::vector<PhysicalRegion>& regions, Context, Runtime*) {
  Job& j = job();
  const Contents contents(j.program(), regions);
  const auto expected = program::run_sequential(j.program());
  Report& report = j.report();
  report.checked = true;
  if (!expected) {
    report.wrong = expected.error().message;
    return;
  }
  report.wrong = first_difference(j.program(), **expected, contents);
  if (!report.wrong && j.program().check) report.wrong = j.program().check(contents);
}

void launch_check(Context context, Runtime* runtime, const program::Program& p, const Tree& tree) {
  Legion::TaskLauncher launcher(kCheck, Legion::UntypedBuffer(), Legion::Predicate::TRUE_PRED, kCheckMapper);
  for (std::uint32_t r = 0; r < p.regions.size(); ++r) {
    const Legion::LogicalRegion root = tree.root(program::RegionId(r));
    Legion::RegionRequirement requirement(root, LEGION_READ_ONLY, LEGION_EXCLUSIVE, root);
    for (std::uint32_t f = 0; f < p.regions[r].fields.size(); ++f) requirement.add_field(f);
    launcher.add_region_requirement(requirement);
  }
  runtime->execute_task(context, launcher);
}

void run_top_level(const Legion::Task* task, const std::vector<PhysicalRegion>&, Context context, Runtime* runtime) {
  Job& j = job();
  const Tree tree(context, runtime, j);
  runtime->issue_execution_fence(context).get_void_result(true);
  Body body(context, runtime, j, tree);
  Interval whole {now(), 0};
  body.run(j.program().main);
  runtime->issue_execution_fence(context).get_void_result(true);
  whole.end = now();
  const bool first = task->get_shard_id() == 0;
  if (first) {
    j.report().whole = whole;
    j.report().stamps = body.stamps();
  }
  if (j.options().verify) launch_check(context, runtime, j.program(), tree);
}

// --- registration

Legion::Processor::Kind legion_kind(ProcessorKind k) {
  return k == ProcessorKind::Omp ? Legion::Processor::OMP_PROC : k == ProcessorKind::Gpu ? Legion::Processor::TOC_PROC : Legion::Processor::LOC_PROC;
}

// What the variant demands of the layout of arguments, as constraints of Legion.
void demand_layouts(const program::Program& p, const program::Launch& l, const program::Variant& v, Legion::TaskVariantRegistrar& registrar) {
  for (const program::LayoutDemand& d : v.demands) {
    for (std::uint32_t i = 0; i < l.arguments.size(); ++i) {
      if (d.argument && *d.argument != i) continue;
      const int dims = p.regions[l.arguments[i].region.value].points.dim();
      std::vector<Legion::DimensionKind> order;
      for (int n = 0; n < dims && (d.dims || dims == 1); ++n) {
        order.push_back(static_cast<Legion::DimensionKind>(LEGION_DIM_X + (d.dims == DimOrder::C ? dims - 1 - n : n)));
      }
      if (d.fields && !order.empty()) order.insert(*d.fields == FieldOrder::Aos ? order.begin() : order.end(), LEGION_DIM_F);
      Legion::LayoutConstraintRegistrar layout;
      layout.add_constraint(Legion::SpecializedConstraint(LEGION_NO_SPECIALIZE));  // also reductions
      layout.add_constraint(Legion::OrderingConstraint(order, false));
      registrar.add_layout_constraint_set(i, Runtime::preregister_layout(layout));
    }
  }
}

void register_tasks(const program::Program& p, bool gpus) {
  // Mappers say `Task * OMP;` and mean the program's tasks, so the top-level task can run there too.
  for (const ProcessorKind k : {ProcessorKind::Cpu, ProcessorKind::Omp}) {
    Legion::TaskVariantRegistrar top(kTopLevel, p.top_level.c_str());
    top.add_constraint(Legion::ProcessorConstraint(legion_kind(k)));
    top.set_replicable();
    Runtime::preregister_task_variant<run_top_level>(top, p.top_level.c_str());
  }
  Runtime::set_top_level_task_id(kTopLevel);
  Legion::TaskVariantRegistrar check_registrar(kCheck, "check results");
  check_registrar.add_constraint(Legion::ProcessorConstraint(Legion::Processor::LOC_PROC));
  check_registrar.set_leaf();
  Runtime::preregister_task_variant<check>(check_registrar, "check results");
  std::vector<const program::Launch*> launched(p.tasks.size());
  for (const program::Program::Site& s : p.sites()) launched[s.launch->task.value] = s.launch;
  for (std::size_t t = 0; t < p.tasks.size(); ++t) {
    const program::Task& task = p.tasks[t];
    for (const program::Variant& v : task.variants) {
      if (v.kind != ProcessorKind::Cpu && v.kind != ProcessorKind::Omp && !(gpus && v.kind == ProcessorKind::Gpu)) continue;
      Legion::TaskVariantRegistrar registrar(kFirstTask + static_cast<Legion::TaskID>(t), task.name.c_str());
      registrar.add_constraint(Legion::ProcessorConstraint(legion_kind(v.kind)));
      if (task.body.empty()) registrar.set_leaf();
      else registrar.set_inner(v.inner);
      if (launched[t]) demand_layouts(p, *launched[t], v, registrar);
      Runtime::preregister_task_variant<double, run_point>(registrar, task.name.c_str());
    }
  }
}

void look_at_machine(Legion::Machine machine, Runtime* runtime, const std::set<Legion::Processor>& local) {
  for (const Legion::Processor p : local) {
    runtime->add_mapper(kCheckMapper, mapwright::legion::apart(new Legion::Mapping::DefaultMapper(runtime->get_mapper_runtime(), machine, p)), p);
  }
  Job& j = job();
  j.report().rank = local.empty() ? 0 : static_cast<int>(local.begin()->address_space());
  j.report().ranks = static_cast<int>(machine.get_address_space_count());
  j.look_at(machine);
}

}  // namespace

int run(program::Program program, const RunOptions& options, std::vector<std::string> arguments) {
  blas::load();
  Job j(std::move(program), options);
  set_job(&j);
  register_tasks(j.program(), options.gpus);
  register_projections();
  Runtime::add_registration_callback(look_at_machine);
  mapwright::legion::register_mapper();
  std::vector<char*> words;
  for (std::string& a : arguments) words.push_back(a.data());
  words.push_back(nullptr);
  const int status = Runtime::start(static_cast<int>(arguments.size()), words.data());
  if (!options.report.empty()) {
    const auto written = write_file(legion::file_of_rank(options.report, j.report().rank), to_json(j.report()));
    if (!written) {
      std::fputs(diag::render_text(diag::from_error(written.error())).c_str(), stderr);
      return 3;
    }
  }
  return status;
}

}  // namespace mapwright::engine::executor
