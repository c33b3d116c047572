#include "random_mapper.h"

#include <algorithm>
#include <map>
#include <set>

namespace mapwright::testing {

namespace {

using namespace program;

class Writer {
 public:
  Writer(std::uint64_t seed, const Program& p, const machine::Machine& m, std::int64_t max_alignment)
      : rng_(seed), p_(p), m_(m), max_alignment_(max_alignment) {}

  std::string write() {
    for (const Program::Site& s : p_.sites()) launches_[s.launch->task.value].insert(s.launch);
    for (const ProcessorKind k : kAllProcessorKinds) {
      if (m_.processors_per_space(k) > 0) line("m{0} = Machine({0});", to_string(k));
    }
    if (one_in(3)) line("ControlReplicate {};", p_.top_level);
    for (const auto& [task, launches] : launches_) statements(TaskId(task), launches);
    return text_;
  }

 private:
  using Launches = std::set<const Launch*>;

  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(n))); }
  bool one_in(std::int64_t n) { return below(n) == 0; }
  template <typename T>
  const T& any(const std::vector<T>& list) { return list[rng_.below(list.size())]; }

  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  void statements(TaskId id, const Launches& launches) {
    const Task& task = p_.tasks[id.value];
    std::vector<const Variant*> variants;
    for (const Variant& v : task.variants) {
      if (m_.processors_per_space(v.kind) > 0) variants.push_back(&v);
    }
    const Variant& variant = *any(variants);
    line("Task {} {};", task.name, to_string(variant.kind));
    if (one_in(4)) line("InstanceLimit {} {};", task.name, 1 + below(4));
    for (const Launch* l : launches) {
      if (!one_in(3)) placement(task.name, variant.kind, *l);
    }
    if (variant.inner) return;
    const std::string_view kind = to_string(variant.kind);
    line("Region {} * {} {};", task.name, kind, memories(variant.kind));
    if (one_in(3)) line("CollectMemory {} *;", task.name);
    for (const Launch* l : launches) {
      for (const Argument& a : l->arguments) {
        if (a.privilege == Privilege::None) continue;
        if (one_in(2)) line("Region {} {} {} {};", task.name, a.name, kind, memories(variant.kind));
        if (one_in(2)) line("Layout {} {} {} {};", task.name, a.name, kind, layout(variant));
        if (one_in(4)) line("CollectMemory {} {};", task.name, a.name);
      }
    }
    line("Layout {} * {} {};", task.name, kind, layout(variant));
  }

  std::string memories(ProcessorKind k) {
    const auto processor = *m_.find(k, machine::SpaceId(0), 0);
    std::vector<std::string> kinds;
    for (const MemoryKind m : kAllMemoryKinds) {
      if (m != MemoryKind::Virtual && !m_.addressable(processor, m).empty()) kinds.emplace_back(to_string(m));
    }
    for (std::size_t i = kinds.size(); i-- > 1;) std::swap(kinds[i], kinds[rng_.below(i + 1)]);
    if (one_in(3)) kinds.resize(1);
    return fmt::format("{}", fmt::join(kinds, ","));
  }

  std::string layout(const Variant& v) {
    std::optional<FieldOrder> fields;
    std::optional<DimOrder> dims;
    for (const LayoutDemand& d : v.demands) {
      if (d.fields) fields = d.fields;
      if (d.dims) dims = d.dims;
    }
    if (!fields) fields = one_in(2) ? FieldOrder::Aos : FieldOrder::Soa;
    if (!dims) dims = one_in(2) ? DimOrder::C : DimOrder::F;
    std::string text = fmt::format("{} {}", *fields == FieldOrder::Aos ? "AOS" : "SOA", *dims == DimOrder::C ? "C_order" : "F_order");
    if (!one_in(3)) text += fmt::format(" Align=={}", std::max<std::int64_t>(1, max_alignment_ >> below(4)));
    return text;
  }

  // A map that names every processor of the kind sooner or later.
  void placement(const std::string& task, ProcessorKind k, const Launch& l) {
    const std::string machine = fmt::format("m{}", to_string(k));
    const std::string name = fmt::format("place_{}_{}", l.id.value, functions_++);
    if (!l.index) {
      line("def {}(Task task) {{ return {}[{}, {}]; }}", name, machine, below(m_.spaces()), below(m_.processors_per_space(k)));
      line("SingleTaskMap {} {};", task, name);
      return;
    }
    std::string x = std::to_string(below(5));
    for (int d = 0; d < l.domain.dim(); ++d) x += fmt::format(" + {} * task.ipoint[{}]", below(4), d);
    line("def {0}(Task task) {{ x = {1}; return {2}[x / {3} % {2}.size[0], x % {2}.size[1]]; }}", name, x, machine, 1 + below(4));
    line("IndexTaskMap {} {};", task, name);
  }

  Rng rng_;
  const Program& p_;
  const machine::Machine& m_;
  std::int64_t max_alignment_;
  std::map<std::uint32_t, Launches> launches_;  // by task
  int functions_ = 0;
  std::string text_;
};

}  // namespace

std::string random_mapper(std::uint64_t seed, const Program& program, const machine::Machine& machine, std::int64_t max_alignment) {
  return Writer(seed, program, machine, max_alignment).write();
}

}  // namespace mapwright::testing
