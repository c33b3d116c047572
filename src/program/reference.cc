// run_sequential: the reference execution. One instance per region, kernels in program order, points of a launch in
// domain order. Fresh data and the data of write-discard arguments are poisoned with 0xff bytes (NaN).
#include <algorithm>
#include <cstring>
#include <limits>

#include "program/program.h"

namespace mapwright::program {

namespace {

constexpr int kPoison = 0xff;
constexpr std::int64_t kAlignment = 16;  // enough for every type that a field may hold

std::int64_t round_up(std::int64_t value, std::int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

// The alignment that every type of this size may need.
std::int64_t natural_alignment(std::int64_t bytes) {
  std::int64_t alignment = 1;
  while (alignment < kAlignment && bytes % (2 * alignment) == 0) alignment *= 2;
  return alignment;
}

// Dense storage of some fields of a point set, every field its own array (structure of arrays), or all of them
// interleaved (array of structures).
class Storage {
 public:
  Storage(const PointSet& points, const std::vector<std::int64_t>& field_bytes, FieldOrder order, DimOrder dims)
      : order_(order), dims_(dims), views_(field_bytes.size()) {
    // Every element starts at a multiple of kAlignment, or in a structure at a multiple of its own size up to that.
    const bool soa = order == FieldOrder::Soa;
    std::int64_t structure = 0;
    std::vector<std::int64_t> within;
    for (const std::int64_t b : field_bytes) {
      within.push_back(round_up(structure, natural_alignment(b)));
      structure = within.back() + b;
    }
    structure = round_up(structure, kAlignment);
    std::vector<std::int64_t> starts;  // rectangle after rectangle, its fields inside
    std::int64_t total = 0;
    for (const Rect& r : points.rects()) {
      for (std::size_t f = 0; f < field_bytes.size(); ++f) {
        starts.push_back(soa ? total : total + within[f]);
        if (soa) total += round_up(field_bytes[f] * r.volume(), kAlignment);
      }
      if (!soa) total += structure * r.volume();
    }
    bytes_.resize(static_cast<std::size_t>(total));
    const std::int64_t* start = starts.data();
    for (const Rect& r : points.rects()) {
      for (std::size_t f = 0; f < field_bytes.size(); ++f) {
        views_[f].push_back(block(r, bytes_.data() + *start++, soa ? field_bytes[f] : structure, dims));
      }
    }
  }

  std::span<const Block> blocks(std::size_t field) const { return views_[field]; }
  std::vector<std::byte>& bytes() { return bytes_; }
  FieldOrder order() const { return order_; }
  DimOrder dims() const { return dims_; }

 private:
  static Block block(const Rect& r, std::byte* base, std::int64_t step, DimOrder dims) {
    Block b;
    b.rect = r;
    b.base = base;
    for (int i = 0; i < r.dim(); ++i) {
      const int d = dims == DimOrder::F ? i : r.dim() - 1 - i;
      b.stride[static_cast<std::size_t>(d)] = step;
      step *= r.extent(d);
    }
    return b;
  }

  FieldOrder order_;
  DimOrder dims_;
  std::vector<std::byte> bytes_;
  std::vector<std::vector<Block>> views_;  // by field
};

std::vector<std::int64_t> sizes_of(const Region& r) {
  std::vector<std::int64_t> sizes;
  for (const Field& f : r.fields) sizes.push_back(f.bytes);
  return sizes;
}

class Regions : public RegionReader {
 public:
  Regions(std::vector<PointSet> points, std::vector<Storage> stores) : points_(std::move(points)), stores_(std::move(stores)) {}
  FieldView field(std::uint32_t region, std::uint32_t field) const override {
    return {&points_[region], stores_[region].blocks(field)};
  }

 private:
  std::vector<PointSet> points_;  // copies: the reader may outlive the program
  std::vector<Storage> stores_;
};

template <typename F>
void for_each_element(const FieldView& view, const PointSet& points, F&& f) {
  for_each_point(points, [&](const Point& p) { f(&view.at<std::byte>(p)); });
}

void store(std::byte* to, std::int64_t bytes, double value) {
  if (bytes == 4) {
    const auto v = static_cast<float>(value);
    std::memcpy(to, &v, 4);
  } else if (bytes == 8) {
    std::memcpy(to, &value, 8);
  } else {
    std::memset(to, 0, static_cast<std::size_t>(bytes));
  }
}

double identity(ReductionOp op) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return op == ReductionOp::Sum ? 0 : op == ReductionOp::Min ? kInfinity : -kInfinity;
}

template <typename T>
T folded(ReductionOp op, T a, T b) {
  return op == ReductionOp::Sum ? a + b : op == ReductionOp::Min ? std::min(a, b) : std::max(a, b);
}

template <typename T>
void fold_element(ReductionOp op, std::byte* into, const std::byte* from) {
  T a, b;
  std::memcpy(&a, into, sizeof(T));
  std::memcpy(&b, from, sizeof(T));
  a = folded(op, a, b);
  std::memcpy(into, &a, sizeof(T));
}

const Kernel* kernel_of(const Task& t) {
  for (const ProcessorKind k : {ProcessorKind::Cpu, ProcessorKind::Omp, ProcessorKind::Gpu, ProcessorKind::Io, ProcessorKind::Py, ProcessorKind::Proc}) {
    for (const Variant& v : t.variants) {
      if (v.kind == k && v.kernel) return &v.kernel;
    }
  }
  return nullptr;
}

class Run {
 public:
  Run(const Program& p, std::vector<Storage>& stores) : p_(p), stores_(stores), futures_(p.futures.size(), 0) {}

  void body(const Body& statements) {
    for (const Statement& s : statements) {
      if (const auto* l = std::get_if<Launch>(&s.what)) launch(*l);
      if (const auto* f = std::get_if<Fill>(&s.what)) fill(*f);
      if (const auto* loop = std::get_if<Loop>(&s.what)) {
        loops_.push_back({loop->name, 0});
        const std::size_t mine = loops_.size() - 1;
        for (std::int64_t i = 0; i < loop->count; ++i) {
          loops_[mine].value = i;
          body(loop->body);
        }
        loops_.pop_back();
      }
    }
  }

 private:
  class Context;

  void launch(const Launch& l);
  void fill(const Fill& f) {
    const Region& r = p_.regions[f.region.value];
    const auto one = [&](const PointSet& points) {
      for (const FieldIndex i : f.fields) {
        for_each_element(view(f.region, i), points, [&](std::byte* at) { store(at, r.fields[i].bytes, f.value); });
      }
    };
    if (!f.partition) return one(r.points);
    for (const PointSet& piece : p_.partitions[f.partition->value].pieces) one(piece);
  }

  FieldView view(RegionId r, FieldIndex f) const { return {&p_.regions[r.value].points, stores_[r.value].blocks(f)}; }

  const Program& p_;
  std::vector<Storage>& stores_;
  std::vector<double> futures_;
  std::vector<Point> ancestors_;  // immediate parent first
  std::vector<LoopCounter> loops_;
};

// One point task. Arguments with the privilege reduce get an instance of their own in the region's layout, folded by finish().
class Run::Context : public KernelContext {
 public:
  Context(const Run& run, const Launch& l, const Point& p) : run_(run), launch_(l), point_(p) {
    ExprContext context;
    context.point = p;
    context.ancestors = run.ancestors_;
    context.loops = run.loops_;
    const Program& program = run.p_;
    for (const Argument& a : l.arguments) {
      points_.push_back(&program.points(a, program.color(l, a, context)));
      reductions_.emplace_back();
      const Region& r = program.regions[a.region.value];
      if (a.privilege == Privilege::Reduce) {
        const Storage& whole = run.stores_[a.region.value];
        Storage& fresh = reductions_.back().emplace(*points_.back(), sizes_of(r), whole.order(), whole.dims());
        for (const FieldIndex f : a.fields) {
          for_each_element({points_.back(), fresh.blocks(f)}, *points_.back(), [&](std::byte* at) { store(at, r.fields[f].bytes, identity(a.reduction)); });
        }
      } else if (a.privilege == Privilege::WriteDiscard) {
        for (const FieldIndex f : a.fields) {
          for_each_element(run.view(a.region, f), *points_.back(), [&](std::byte* at) { std::memset(at, kPoison, static_cast<std::size_t>(r.fields[f].bytes)); });
        }
      }
    }
  }

  void finish() {
    for (std::size_t i = 0; i < launch_.arguments.size(); ++i) {
      const Argument& a = launch_.arguments[i];
      if (!reductions_[i]) continue;
      for (const FieldIndex f : a.fields) {
        const std::int64_t bytes = run_.p_.regions[a.region.value].fields[f].bytes;
        const FieldView into = run_.view(a.region, f), from {points_[i], reductions_[i]->blocks(f)};
        for_each_point(*points_[i], [&](const Point& p) {
          (bytes == 4 ? fold_element<float> : fold_element<double>)(a.reduction, &into.at<std::byte>(p), &from.at<std::byte>(p));
        });
      }
    }
  }

  const std::optional<double>& result() const { return result_; }

  const Point& point() const override { return point_; }
  const Rect& domain() const override { return launch_.domain; }
  const Point& ancestor(int level) const override { return run_.ancestors_[static_cast<std::size_t>(level - 1)]; }
  std::int64_t loop(std::string_view name) const override {
    for (const LoopCounter& l : run_.loops_) {
      if (l.name == name) return l.value;
    }
    MW_CHECK(false, "no loop `{}`", name);
  }
  std::size_t arguments() const override { return launch_.arguments.size(); }
  const PointSet& points(std::size_t argument) const override { return *points_[argument]; }
  FieldView field(std::size_t argument, std::uint32_t field) const override {
    const Argument& a = launch_.arguments[argument];
    MW_CHECK(std::binary_search(a.fields.begin(), a.fields.end(), field), "argument {} does not name field {}", a.name, field);
    if (reductions_[argument]) return {points_[argument], reductions_[argument]->blocks(field)};
    return {points_[argument], run_.stores_[a.region.value].blocks(field)};
  }
  double future(std::size_t index) const override { return run_.futures_[launch_.futures[index].value]; }
  void set_result(double value) override { result_ = value; }
  double value(std::size_t index) const override { return launch_.values[index]; }

 private:
  const Run& run_;
  const Launch& launch_;
  Point point_;
  std::vector<const PointSet*> points_;
  std::vector<std::optional<Storage>> reductions_;
  std::optional<double> result_;
};

void Run::launch(const Launch& l) {
  const Task& task = p_.tasks[l.task.value];
  const Kernel* kernel = kernel_of(task);
  double result = l.result ? identity(l.result->second) : 0;
  for_each_point(l.domain, [&](const Point& p) {
    if (kernel) {
      Context context(*this, l, p);
      (*kernel)(context);
      context.finish();
      if (l.result && context.result()) result = folded(l.result->second, result, *context.result());
    }
    ancestors_.insert(ancestors_.begin(), p);
    body(task.body);
    ancestors_.erase(ancestors_.begin());
  });
  if (l.result) futures_[l.result->first.value] = result;
}

// The layout of each region that suits the demands of every kernel that will run on it.
Expected<std::vector<std::pair<FieldOrder, DimOrder>>> layouts(const Program& p) {
  std::vector<std::optional<FieldOrder>> fields(p.regions.size());
  std::vector<std::optional<DimOrder>> dims(p.regions.size());
  for (const Program::Site& s : p.sites()) {
    const Task& task = p.tasks[s.launch->task.value];
    const Kernel* kernel = kernel_of(task);
    if (!kernel && task.body.empty()) return failure(6101, fmt::format("task `{}` has no kernel", task.name));
    for (const Variant& v : task.variants) {
      if (&v.kernel != kernel) continue;
      for (const LayoutDemand& d : v.demands) {
        for (std::size_t i = 0; i < s.launch->arguments.size(); ++i) {
          if (d.argument && *d.argument != i) continue;
          const std::uint32_t r = s.launch->arguments[i].region.value;
          if ((d.fields && fields[r].value_or(*d.fields) != *d.fields) || (d.dims && dims[r].value_or(*d.dims) != *d.dims)) {
            return failure(6101, fmt::format("no single layout of region `{}` suits every kernel", p.regions[r].name));
          }
          if (d.fields) fields[r] = d.fields;
          if (d.dims) dims[r] = d.dims;
        }
      }
    }
  }
  std::vector<std::pair<FieldOrder, DimOrder>> chosen;
  for (std::size_t r = 0; r < p.regions.size(); ++r) {
    chosen.emplace_back(fields[r].value_or(FieldOrder::Soa), dims[r].value_or(DimOrder::F));
  }
  return chosen;
}

}  // namespace

Expected<std::unique_ptr<RegionReader>> run_sequential(const Program& p, std::int64_t max_bytes) {
  const auto chosen = layouts(p);
  if (!chosen) return tl::unexpected(chosen.error());
  double total = 0;
  for (const Region& r : p.regions) {
    for (const Field& f : r.fields) total += static_cast<double>(f.bytes) * static_cast<double>(r.points.volume());
  }
  if (total > static_cast<double>(max_bytes)) {
    return failure(diag::kProgramLimit, fmt::format("the regions of `{}` need {}, more than {}", p.name, human_bytes(total), human_bytes(static_cast<double>(max_bytes))),
                   "use a smaller preset");
  }
  std::vector<PointSet> points;
  std::vector<Storage> stores;
  for (std::size_t r = 0; r < p.regions.size(); ++r) {
    points.push_back(p.regions[r].points);
    stores.emplace_back(points.back(), sizes_of(p.regions[r]), (*chosen)[r].first, (*chosen)[r].second);
    std::memset(stores.back().bytes().data(), kPoison, stores.back().bytes().size());
  }
  Run(p, stores).body(p.main);
  return std::make_unique<Regions>(std::move(points), std::move(stores));
}

}  // namespace mapwright::program
