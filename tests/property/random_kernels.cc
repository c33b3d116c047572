#include "random_kernels.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace mapwright::testing {

namespace {

using namespace program;

// Applies f to every element of a field as a number: 4 bytes float, 8 bytes double.
template <typename F>
void for_each_value(const FieldView& view, std::int64_t bytes, F&& f) {
  for_each_point(*view.points, [&](const Point& p) {
    if (bytes == 4) {
      float& x = view.at<float>(p);
      x = static_cast<float>(f(static_cast<double>(x), p));
    } else {
      double& x = view.at<double>(p);
      x = f(x, p);
    }
  });
}

// What nobody wrote is NaN; its place in a sum must not depend on the order.
std::int64_t whole(double x) { return std::isfinite(x) ? static_cast<std::int64_t>(x) : 17; }

struct LeafKernel {
  std::vector<Argument> arguments;
  std::vector<std::vector<std::int64_t>> bytes;  // by argument and field
  std::vector<std::string> loops;
  int levels = 0;

  std::int64_t trace(const KernelContext& c) const {
    std::int64_t t = 1;
    for (int d = 0; d < c.point().dim; ++d) t = t * 7 + c.point()[d];
    for (int level = 1; level <= levels; ++level) {
      for (int d = 0; d < c.ancestor(level).dim; ++d) t = t * 7 + c.ancestor(level)[d];
    }
    for (const std::string& l : loops) t = t * 5 + c.loop(l);
    return t % 101;
  }

  void operator()(KernelContext& c) const {
    std::int64_t sum = trace(c);
    const auto for_each_field = [&](auto&& f) {
      for (std::size_t a = 0; a < arguments.size(); ++a) {
        for (std::size_t i = 0; i < arguments[a].fields.size(); ++i) {
          f(arguments[a], c.field(a, arguments[a].fields[i]), bytes[a][i]);
        }
      }
    };
    for_each_field([&](const Argument& a, const FieldView& view, std::int64_t size) {
      if (a.privilege != Privilege::Read && a.privilege != Privilege::ReadWrite) return;
      if (a.privilege == Privilege::Read && size == 4) {
        for_each_point(*view.points, [&](const Point& p) { sum = (sum * 3 + whole(static_cast<double>(view.at<float>(p)))) % 1009; });
      } else if (a.privilege == Privilege::Read) {
        for_each_point(*view.points, [&](const Point& p) { sum = (sum * 3 + whole(view.at<double>(p))) % 1009; });
      } else {
        for_each_value(view, size, [&](double x, const Point& p) { return static_cast<double>((whole(x) * 3 + sum + p[0]) % 61); });
      }
    });
    for_each_field([&](const Argument& a, const FieldView& view, std::int64_t size) {
      if (a.privilege == Privilege::WriteDiscard) {
        for_each_value(view, size, [&](double, const Point& p) { return static_cast<double>((sum + p[0]) % 59); });
      } else if (a.privilege == Privilege::Reduce) {
        for_each_value(view, size, [&](double x, const Point& p) {
          const auto mine = static_cast<double>((sum + 2 * p[0]) % 7);
          if (a.reduction == ReductionOp::Sum) return x + mine;
          return a.reduction == ReductionOp::Min ? std::min(x, mine) : std::max(x, mine);
        });
      }
    });
  }
};

LeafKernel kernel_of(const Program& p, const Program::Site& site) {
  LeafKernel k;
  k.arguments = site.launch->arguments;
  for (const Argument& a : k.arguments) {
    k.bytes.emplace_back();
    for (const FieldIndex f : a.fields) k.bytes.back().push_back(p.regions[a.region.value].fields[f].bytes);
  }
  k.levels = static_cast<int>(site.parents.size());
  return k;
}

}  // namespace

void add_kernels(Program& p) {
  // A launch in a body that is launched from several places has several sites; its kernel reads the loops common to all.
  std::map<std::uint32_t, LeafKernel> kernels;
  std::map<std::uint32_t, Launch*> launches;
  for (const Program::Site& site : p.sites()) {
    if (!p.tasks[site.launch->task.value].body.empty()) continue;
    const auto [entry, fresh] = kernels.try_emplace(site.launch->id.value, kernel_of(p, site));
    std::vector<std::string>& loops = entry->second.loops;
    std::vector<std::string> here;
    for (const Loop* l : site.loops) here.push_back(l->name);
    if (fresh) loops = here;
    std::erase_if(loops, [&](const std::string& l) { return std::find(here.begin(), here.end(), l) == here.end(); });
    launches[site.launch->id.value] = const_cast<Launch*>(site.launch);  // of `p`, which is ours to change
  }
  for (auto& [id, launch] : launches) {
    Task own;
    own.name = fmt::format("{}_{}", p.tasks[launch->task.value].name, id);
    own.variants = p.tasks[launch->task.value].variants;
    for (Variant& v : own.variants) v.kernel = kernels.at(id);
    launch->task = TaskId(p.tasks.size());
    p.tasks.push_back(std::move(own));
  }
}

}  // namespace mapwright::testing
