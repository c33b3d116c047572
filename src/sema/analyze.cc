// The whole text: names first, then functions in an order that has callees before callers, then values and declarations.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sema/compile.h"
#include "sema/declarations.h"
#include "sema/interpreter.h"
#include "sema/state.h"

namespace mapwright::sema {

namespace {

using syntax::Expr;

struct CallSite {
  std::size_t function;
  diag::Span span;
};

// Calls of functions of the text in `e`. `always`: those that every evaluation makes.
void collect_calls(const Unit& unit, const Expr* e, bool always, std::vector<CallSite>& all, std::vector<CallSite>& certain) {
  if (!e) return;
  if (e->kind == Expr::Kind::Call && e->children[0]->kind == Expr::Kind::Name) {
    const auto found = unit.function_index.find(e->children[0]->name);
    if (found != unit.function_index.end()) {
      all.push_back({found->second, e->children[0]->span});
      if (always) certain.push_back(all.back());
    }
  }
  for (std::size_t i = 0; i < e->children.size(); ++i) {
    const bool skipped = (e->kind == Expr::Kind::Conditional && i > 0) ||
                         (e->kind == Expr::Kind::Binary && i == 1 && (e->op == syntax::BinaryOp::And || e->op == syntax::BinaryOp::Or)) ||
                         (e->kind == Expr::Kind::Comprehension && i == 0);
    collect_calls(unit, e->children[i].get(), always && !skipped, all, certain);
  }
}

class Analyzer {
 public:
  Analyzer(const syntax::Program& program, const diag::SourcePtr& source, diag::Sink& sink) : program_(program) {
    unit_.source = source;
    unit_.sink = &sink;
    state_ = std::make_shared<Mapper::State>();
    state_->source = source;
  }

  std::shared_ptr<const Mapper::State> run() {
    declare_names();
    collect();
    globals(true);
    functions();
    globals(false);
    endless_recursion();
    Declarations declarations(unit_, *state_);
    for (std::size_t i = 0; i < program_.statements.size(); ++i) declarations.add(program_.statements[i], i);
    declarations.check_maps();
    missing_returns();
    number_transforms();
    evaluate_constants();
    return state_;
  }

 private:
  void declare_names() {
    for (std::size_t i = 0; i < program_.statements.size(); ++i) {
      const auto& what = program_.statements[i].what;
      if (const auto* f = std::get_if<syntax::FunctionStatement>(&what)) {
        declare_function(*f, i);
      } else if (const auto* a = std::get_if<syntax::AssignStatement>(&what)) {
        declare_global(*a, i);
      }
    }
  }

  bool reserved(const syntax::Word& name) {
    if (!is_reserved(name.text)) return false;
    unit_.emit(unit_.make(diag::kReservedName, name.span, fmt::format("`{}` is a word of the language", name.text), "choose another name"));
    return true;
  }

  void twice(int code, const syntax::Word& name, diag::Span first, std::string help) {
    diag::Diagnostic d = unit_.make(code, name.span, fmt::format("`{}` is defined before, on line {}", name.text, unit_.source->position(first.begin).line), std::move(help));
    d.labels.push_back({first, "first definition"});
    unit_.emit(std::move(d));
  }

  void declare_function(const syntax::FunctionStatement& f, std::size_t statement) {
    if (reserved(f.name)) return;
    const auto [at, fresh] = unit_.function_index.try_emplace(f.name.text, unit_.functions.size());
    if (!fresh) return twice(diag::kDuplicateFunction, f.name, unit_.functions[at->second].tree->name.span, "rename one of them; the first is used");
    FunctionName name;
    name.index = unit_.functions.size();
    name.statement = statement;
    name.tree = &f;
    unit_.functions.push_back(std::move(name));
  }

  void declare_global(const syntax::AssignStatement& a, std::size_t statement) {
    if (reserved(a.name)) return;
    const auto [at, fresh] = unit_.globals.try_emplace(a.name.text);
    if (!fresh) return twice(diag::kDuplicateGlobal, a.name, at->second.span, "a top-level name is assigned once; use another name");
    at->second.index = global_trees_.size();
    at->second.statement = statement;
    at->second.span = a.name.span;
    global_trees_.push_back(&a);
    state_->global_names.push_back(a.name.text);
  }

  void collect() {
    calls_.resize(unit_.functions.size());
    certain_.resize(unit_.functions.size());
    for (std::size_t i = 0; i < unit_.functions.size(); ++i) {
      for (const syntax::BodyStatement& s : unit_.functions[i].tree->body) {
        if (const auto* a = std::get_if<syntax::AssignStatement>(&s.what)) collect_calls(unit_, a->value.get(), true, calls_[i], certain_[i]);
        if (const auto* p = std::get_if<syntax::PrintStatement>(&s.what)) {
          for (const auto& v : p->values) collect_calls(unit_, v.get(), true, calls_[i], certain_[i]);
        }
        if (const auto* r = std::get_if<syntax::ReturnStatement>(&s.what)) {
          collect_calls(unit_, r->value.get(), true, calls_[i], certain_[i]);
          break;
        }
      }
    }
  }

  // Compiles every function once, callees first; a call inside of a cycle finds a function that is not compiled yet.
  void functions() {
    state_->functions.resize(unit_.functions.size());
    std::vector<char> seen(unit_.functions.size(), 0);
    std::vector<std::pair<std::size_t, std::size_t>> stack;  // function, next call to look at
    for (std::size_t root = 0; root < unit_.functions.size(); ++root) {
      if (seen[root]) continue;
      seen[root] = 1;
      stack.emplace_back(root, 0);
      while (!stack.empty()) {
        auto& [f, next] = stack.back();
        if (next < calls_[f].size()) {
          const std::size_t callee = calls_[f][next++].function;
          if (!seen[callee]) {
            seen[callee] = 1;
            stack.emplace_back(callee, 0);
          }
          continue;
        }
        FunctionName& name = unit_.functions[f];
        state_->functions[f] = Compiler(unit_).function(*name.tree, name);
        stack.pop_back();
      }
    }
  }

  // Top-level values in order. `silent`: only to learn their types, which functions use.
  void globals(bool silent) {
    unit_.silent = silent;
    state_->globals.clear();
    state_->top_level.clear();
    std::size_t next = 0;
    for (std::size_t i = 0; i < program_.statements.size(); ++i) {
      const auto& what = program_.statements[i].what;
      if (const auto* a = std::get_if<syntax::AssignStatement>(&what)) {
        if (next >= global_trees_.size() || global_trees_[next] != a) continue;
        ++next;
        GlobalName& g = unit_.globals.at(a->name.text);
        state_->top_level.emplace_back(false, static_cast<std::uint32_t>(state_->globals.size()));
        state_->globals.push_back(Compiler(unit_).global(*a, i, g.known));
      } else if (const auto* p = std::get_if<syntax::PrintStatement>(&what); p && !silent) {
        state_->top_level.emplace_back(true, static_cast<std::uint32_t>(state_->prints.size()));
        state_->prints.push_back(Compiler(unit_).print(*p, i));
      }
    }
    unit_.silent = false;
  }

  // Functions that call a function of the same set in every evaluation never return. What is left after the functions
  // that can return are taken away, one by one, is that set; one report per cycle in it.
  void endless_recursion() {
    const std::size_t n = unit_.functions.size();
    std::vector<std::size_t> open(n, 0);
    std::vector<std::vector<std::size_t>> callers(n);
    for (std::size_t f = 0; f < n; ++f) {
      open[f] = certain_[f].size();
      for (const CallSite& c : certain_[f]) callers[c.function].push_back(f);
    }
    std::vector<std::size_t> ready;
    std::vector<char> returns(n, 0);
    for (std::size_t f = 0; f < n; ++f) {
      if (open[f] == 0) ready.push_back(f);
    }
    while (!ready.empty()) {
      const std::size_t f = ready.back();
      ready.pop_back();
      returns[f] = 1;
      for (const std::size_t caller : callers[f]) {
        if (--open[caller] == 0) ready.push_back(caller);
      }
    }
    const auto next = [&](std::size_t f) -> const CallSite& {
      return *std::find_if(certain_[f].begin(), certain_[f].end(), [&](const CallSite& c) { return !returns[c.function]; });
    };
    std::vector<std::size_t> visited(n, 0);  // by the walk that began at this function + 1
    for (std::size_t root = 0; root < n; ++root) {
      std::size_t f = root;
      while (!returns[f] && visited[f] == 0) {
        visited[f] = root + 1;
        f = next(f).function;
      }
      if (returns[f] || visited[f] != root + 1) continue;
      report_cycle(f, next(f).span, next(f).function);
      // The cycle is reported once: mark what leads into it as reported too.
    }
  }

  void report_cycle(std::size_t f, diag::Span call, std::size_t callee) {
    state_->functions[f].usable = false;
    const std::string& name = unit_.functions[f].tree->name.text;
    unit_.emit(unit_.make(diag::kEndlessRecursion, call,
                          f == callee ? fmt::format("`{}` always calls itself", name)
                                      : fmt::format("`{}` always calls `{}`, which leads back here", name, unit_.functions[callee].tree->name.text),
                          "end the recursion with `condition ? value : call`"));
  }

  void missing_returns() {
    for (const FunctionName& f : unit_.functions) {
      if (f.has_return || !f.called) continue;
      diag::Diagnostic d = unit_.make(diag::kMissingReturn, f.tree->body_end, fmt::format("`{}` returns nothing", f.tree->name.text), "end it with `return value;`");
      d.labels.push_back({f.tree->head, "called for its result"});
      unit_.emit(std::move(d));
    }
  }

  void number_transforms() {
    const auto number = [&](std::vector<Code>& codes) {
      for (Code& code : codes) {
        for (Instruction& i : code.instructions) {
          if (i.op == Op::Transform) i.site = state_->transform_sites++;
        }
      }
    };
    number(state_->functions);
    number(state_->globals);
    number(state_->prints);
  }

  // Top-level values that no machine is needed for are evaluated now, so that their mistakes show before anything runs.
  void evaluate_constants() {
    Interpreter interpreter(state_, MachineShape {}, false);
    interpreter.run_top_level();
    for (const diag::Diagnostic& d : interpreter.top_level_errors()) unit_.emit(d);
  }

  const syntax::Program& program_;
  Unit unit_;
  std::shared_ptr<Mapper::State> state_;
  std::vector<const syntax::AssignStatement*> global_trees_;
  std::vector<std::vector<CallSite>> calls_, certain_;  // per function
};

}  // namespace

Mapper build_mapper(std::shared_ptr<const Mapper::State> state) {
  Mapper m;
  m.state_ = std::move(state);
  return m;
}

Mapper::Mapper() {
  static const std::shared_ptr<const State> kEmpty = [] {
    auto s = std::make_shared<State>();
    s->source = diag::make_source("default.mapper", "");
    return s;
  }();
  state_ = kEmpty;
}

Mapper analyze(const syntax::Program& program, const diag::SourcePtr& source, diag::Sink& sink) {
  return build_mapper(Analyzer(program, source, sink).run());
}

Mapper compile(const diag::SourcePtr& source, diag::Sink& sink) {
  return analyze(syntax::parse(source, sink), source, sink);
}

}  // namespace mapwright::sema
