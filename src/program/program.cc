#include "program/program.h"

#include <algorithm>
#include <limits>

namespace mapwright::program {

namespace {

// Nesting is validated to be acyclic and bounded; the limit protects callers that look before validation.
constexpr std::size_t kMaxNesting = 16;

struct SiteWalk {
  const Program& program;
  std::vector<Program::Site>& sites;
  std::vector<const Launch*> parents;
  std::vector<const Loop*> loops;

  void body(const Body& statements) {
    for (const Statement& s : statements) {
      if (const auto* loop = std::get_if<Loop>(&s.what)) {
        loops.push_back(loop);
        body(loop->body);
        loops.pop_back();
      } else if (const auto* launch = std::get_if<Launch>(&s.what)) {
        sites.push_back({launch, parents, loops});
        if (parents.size() >= kMaxNesting || launch->task.value >= program.tasks.size()) continue;
        parents.push_back(launch);
        body(program.tasks[launch->task.value].body);
        parents.pop_back();
      }
    }
  }
};

void number(Body& body, std::uint32_t& next) {
  for (Statement& s : body) {
    if (auto* loop = std::get_if<Loop>(&s.what)) number(loop->body, next);
    if (auto* launch = std::get_if<Launch>(&s.what)) launch->id = LaunchId(next++);
  }
}

std::int64_t saturating_multiply(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? std::numeric_limits<std::int64_t>::max() : result;
}

}  // namespace

const PointSet& Program::points(const Argument& a, std::uint32_t color) const {
  return a.partition ? partitions[a.partition->value].pieces[color] : regions[a.region.value].points;
}

std::uint32_t Program::color(const Launch& l, const Argument& a, const ExprContext& context) const {
  if (!a.partition) return 0;
  if (!a.projection.table.empty()) {
    return a.projection.table[static_cast<std::size_t>(l.domain.linearize(context.point))];
  }
  const Rect& colors = partitions[a.partition->value].colors;
  std::int64_t index = 0;
  for (int d = colors.dim() - 1; d >= 0; --d) {
    index = index * colors.extent(d) + a.projection.colors[static_cast<std::size_t>(d)].integer(context) - colors.lo[d];
  }
  return static_cast<std::uint32_t>(index);
}

const Task* Program::find_task(std::string_view task_name) const {
  const auto found = std::find_if(tasks.begin(), tasks.end(), [&](const Task& t) { return t.name == task_name; });
  return found == tasks.end() ? nullptr : &*found;
}

const Variant* Program::variant(TaskId t, ProcessorKind k) const {
  for (const Variant& v : tasks[t.value].variants) {
    if (v.kind == k) return &v;
  }
  return nullptr;
}

std::vector<Program::Site> Program::sites() const {
  std::vector<Site> found;
  SiteWalk {*this, found, {}, {}}.body(main);
  return found;
}

std::int64_t Program::point_tasks(std::int64_t iterations) const {
  std::map<const Loop*, bool> repeats;  // those of the top level
  for (const Statement& s : main) {
    if (const auto* loop = std::get_if<Loop>(&s.what)) repeats[loop] = !reads_counter(loop->body, loop->name);
  }
  const auto counted = [&](const Loop* loop) {
    const auto known = repeats.find(loop);
    return known != repeats.end() && known->second ? std::min(loop->count, iterations) : loop->count;
  };
  std::int64_t total = 0;
  for (const Site& s : sites()) {
    std::int64_t points = s.launch->domain.volume();
    for (const Launch* parent : s.parents) points = saturating_multiply(points, parent->domain.volume());
    for (const Loop* loop : s.loops) points = saturating_multiply(points, counted(loop));
    if (__builtin_add_overflow(total, points, &total)) return std::numeric_limits<std::int64_t>::max();
  }
  return total;
}

bool Program::reads_counter(const Body& body, std::string_view counter) const {
  const auto in = [counter](const Expr& e) { return e.reads_loop(counter); };
  const auto in_argument = [&](const Argument& a) {
    return std::any_of(a.projection.colors.begin(), a.projection.colors.end(), in) ||
           std::any_of(a.patterns.begin(), a.patterns.end(), [&](const AccessPattern& p) {
             return (p.count && in(*p.count)) || (p.distinct && in(*p.distinct));
           });
  };
  const auto in_variant = [&](const Variant& v) {
    return in(v.flops) || std::any_of(v.measured.begin(), v.measured.end(), [&](const MeasuredTime& m) { return in(m.seconds); });
  };
  return std::any_of(body.begin(), body.end(), [&](const Statement& s) {
    if (const auto* loop = std::get_if<Loop>(&s.what)) return reads_counter(loop->body, counter);
    const auto* launch = std::get_if<Launch>(&s.what);
    if (!launch) return false;
    const Task& task = tasks[launch->task.value];
    return std::any_of(launch->arguments.begin(), launch->arguments.end(), in_argument) ||
           std::any_of(task.variants.begin(), task.variants.end(), in_variant) || reads_counter(task.body, counter);
  });
}

void Program::number_launches() {
  launch_count = 0;
  number(main, launch_count);
  for (Task& t : tasks) number(t.body, launch_count);
}

}  // namespace mapwright::program
