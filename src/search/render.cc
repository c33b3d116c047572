// A point as mapper text. Statements with equal content are joined over tasks and arguments.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "diag/diag.h"
#include "search/space_impl.h"

namespace mapwright::search {

namespace {

// Statements "HEAD tasks TAIL;" of one kind: tasks with the same tail share a statement.
class Statements {
 public:
  void add(const std::string& task, const std::string& tail) {
    for (auto& [known, tasks] : rows_) {
      if (known != tail) continue;
      tasks.push_back(task);
      return;
    }
    rows_.push_back({tail, {task}});
  }
  std::string text(std::string_view head, std::string_view comment) const {
    std::string out;
    for (const auto& [tail, tasks] : rows_) out += fmt::format("{} {} {};\n", head, fmt::join(tasks, ","), tail);
    return out.empty() || comment.empty() ? out : fmt::format("\n# {}\n{}", comment, out);
  }

 private:
  std::vector<std::pair<std::string, std::vector<std::string>>> rows_;
};

class Renderer {
 public:
  Renderer(const SearchSpace::Impl& space, const Point& point) : s_(space), point_(point) {}

  std::string run() {
    std::string body = kinds() + memories() + layouts() + placement() + limits() + replication();
    if (body.empty()) return "# Every decision is left to the default policy.\n";
    return "# What this mapper does not mention is left to the default policy.\n" + body;
  }

 private:
  bool given(std::uint32_t parameter) const { return parameter != kNoParameter && point_[parameter] != 0; }
  const std::string& value(std::uint32_t parameter) const {
    return s_.parameters[parameter].values[static_cast<std::size_t>(point_[parameter])];
  }

  std::string kinds() const {
    Statements out;
    for (std::size_t t = 0; t < s_.tasks.size(); ++t) {
      if (given(s_.of[t].kind)) out.add(s_.tasks[t].written, value(s_.of[t].kind));
    }
    std::string text = out.text("Task", "Where tasks run.");
    // Published mappers always end their preferences with every kind; without, almost no raw mapper would run at all.
    if (s_.mode == Mode::Raw && !text.empty()) text += "Task * GPU,OMP,CPU;\n";
    return text;
  }

  // Arguments of task `t` by the value of one of their parameters: (arguments, value) in order of first appearance;
  // "*" when all decided arguments agree.
  template <typename Which>
  std::vector<std::pair<std::string, std::string>> by_value(std::size_t t, Which which) const {
    std::vector<std::pair<std::string, std::vector<std::string>>> rows;
    std::size_t decided = 0;
    for (std::size_t a = 0; a < s_.of[t].arguments.size(); ++a) {
      const std::uint32_t p = which(s_.of[t].arguments[a]);
      if (p == kNoParameter) continue;
      ++decided;
      if (point_[p] == 0) continue;
      auto row = std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.first == value(p); });
      if (row == rows.end()) row = rows.insert(rows.end(), {value(p), {}});
      row->second.push_back(s_.tasks[t].arguments[a].written);
    }
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& [v, arguments] : rows) {
      out.emplace_back(arguments.size() == decided && decided > 1 ? "*" : fmt::format("{}", fmt::join(arguments, ",")), v);
    }
    return out;
  }

  std::string memories() const {
    Statements out;
    for (std::size_t t = 0; t < s_.tasks.size(); ++t) {
      const std::string_view kind = to_string(s_.kind_of(t, point_));
      for (const auto& [arguments, memory] : by_value(t, [](const auto& a) { return a.memory; })) {
        out.add(s_.tasks[t].written, fmt::format("{} {} {}", arguments, kind, memory));
      }
    }
    std::string text = out.text("Region", "Where data live.");
    if (given(s_.spill)) text += spill();
    return text;
  }

  // A second choice for every kind of processor, for data that do not fit.
  std::string spill() const {
    std::string out = "\n# Where data go that do not fit.\n";
    std::set<ProcessorKind> used;
    for (std::size_t t = 0; t < s_.tasks.size(); ++t) used.insert(s_.kind_of(t, point_));
    for (const ProcessorKind kind : used) {
      std::string list {to_string(default_memory(kind))};
      for (const MemoryKind m : {MemoryKind::SysMem, MemoryKind::SockMem, MemoryKind::ZcMem}) {
        if (m == default_memory(kind) || !s_.addressable[static_cast<std::size_t>(kind)][static_cast<std::size_t>(m)]) continue;
        list += "," + std::string(to_string(m));
      }
      out += fmt::format("Region * * {} {};\n", to_string(kind), list);
    }
    return out;
  }

  std::string layouts() const {
    Statements out;
    for (std::size_t t = 0; t < s_.tasks.size(); ++t) {
      for (const auto& [arguments, layout] : by_value(t, [](const auto& a) { return a.layout; })) {
        out.add(s_.tasks[t].written, fmt::format("{} * {}", arguments, layout));
      }
    }
    return out.text("Layout", "In which order their elements stand.");
  }

  std::string placement() const {
    std::vector<MapFunction> functions;
    Statements index, single;
    for (std::size_t t = 0; t < s_.tasks.size(); ++t) {
      if (const MapForm* form = s_.index_form(t, point_)) index.add(s_.tasks[t].written, use(*form, t, functions));
      if (const MapForm* form = s_.single_form(t, point_)) single.add(s_.tasks[t].written, use(*form, t, functions));
    }
    if (functions.empty()) return "";
    std::set<ProcessorKind> machines;
    for (const MapFunction& f : functions) machines.insert(f.machines.begin(), f.machines.end());
    std::string out = "\n# On which processors points run.\n";
    for (const ProcessorKind kind : machines) {
      out += fmt::format("{} = Machine({});\n", machine_variable(kind), to_string(kind));
    }
    for (const MapFunction& f : functions) out += f.text;
    return out + index.text("IndexTaskMap", "") + single.text("SingleTaskMap", "");
  }

  std::string use(const MapForm& form, std::size_t t, std::vector<MapFunction>& functions) const {
    const ProcessorKind kind = s_.kind_of(t, point_);
    MapFunction f = write_map(form, s_.weights(t, point_), kind, s_.parent_kind(t, point_).value_or(kind));
    std::string name = f.name;
    const bool known = std::any_of(functions.begin(), functions.end(), [&](const MapFunction& g) { return g.name == f.name; });
    if (!known) functions.push_back(std::move(f));
    return name;
  }

  std::string limits() const {
    Statements limit, collect;
    for (std::size_t t = 0; t < s_.tasks.size(); ++t) {
      if (given(s_.of[t].limit)) limit.add(s_.tasks[t].written, value(s_.of[t].limit));
      if (given(s_.of[t].collect)) collect.add(s_.tasks[t].written, "*");
    }
    return limit.text("InstanceLimit", "How many points may be in flight.") +
           collect.text("CollectMemory", "Whose read-only data may be dropped at once.");
  }

  std::string replication() const {
    if (!given(s_.replicate)) return "";
    return fmt::format("\n# Only this task is replicated, so the top-level task is not.\nControlReplicate {};\n",
                       s_.tasks[*s_.stand_in].written);
  }

  const SearchSpace::Impl& s_;
  const Point& point_;
};

}  // namespace

std::string SearchSpace::render(const Point& point) const {
  MW_CHECK(point.size() == impl_->parameters.size(), "a point of another space");
  const diag::SourcePtr source = diag::make_source("candidate", Renderer(*impl_, point).run());
  diag::Sink sink;
  const syntax::Program tree = syntax::parse(source, sink);
  MW_CHECK(!sink.has_errors(), "{}\n{}", source->text(), sink.all().front().message);
  return syntax::format(tree);
}

}  // namespace mapwright::search
