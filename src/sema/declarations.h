// sema/declarations.h - from Task, Region, Layout, ... statements to the decision tables.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sema/compile.h"
#include "sema/state.h"
#include "syntax/syntax.h"

namespace mapwright::sema {

// Fills the tables of `state` from the declarations in order and reports their mistakes. Functions are compiled already.
class Declarations {
 public:
  Declarations(Unit& unit, Mapper::State& state) : unit_(unit), state_(state) {}
  void add(const syntax::Statement& s, std::size_t number);
  // Warnings that need all declarations: maps for tasks that run elsewhere.
  void check_maps();

 private:
  struct Keys {
    std::vector<RuleKey> keys;
    bool fits = true;  // false: too many combinations, reported
  };

  void add(const syntax::Statement& s, const syntax::TaskStatement& t);
  void add(const syntax::Statement& s, const syntax::RegionStatement& t);
  void add(const syntax::Statement& s, const syntax::LayoutStatement& t);
  void add(const syntax::Statement& s, const syntax::LimitStatement& t);
  void add(const syntax::Statement& s, const syntax::CollectStatement& t);
  void add(const syntax::Statement& s, const syntax::MapStatement& t, std::size_t number);
  void add(const syntax::Statement& s, const syntax::ReplicateStatement& t);

  Keys keys_of(const syntax::Statement& s, const std::vector<syntax::Name>& tasks, const std::vector<syntax::Name>* arguments, std::uint32_t selector);
  std::uint32_t task_id(const syntax::Name& n);
  std::uint32_t argument_id(const syntax::Name& n);
  void mention(const std::vector<syntax::Name>& tasks, const std::vector<syntax::Name>* arguments);
  // Enters `value` under every key that is still free; a warning and false when none is.
  template <typename Value, typename SpanOf>
  bool enter(RuleTable<Value>& table, const Keys& keys, const Value& value, diag::Span span, SpanOf&& span_of);

  std::optional<ProcessorKind> processor_word(const syntax::Word& w);
  std::optional<MemoryKind> memory_word(const syntax::Word& w);
  void unknown_word(int code, const syntax::Word& w, std::string_view what, const std::vector<std::string>& candidates, std::string help = {});
  bool constraint(const syntax::Constraint& c, LayoutChoice& choice, std::vector<const syntax::Constraint*>& before);
  bool alignment(const syntax::Constraint& c, LayoutChoice& choice);
  void contradiction(const syntax::Constraint& earlier, const syntax::Constraint& later);
  bool placement_function(const syntax::MapStatement& t, const FunctionName& f);
  void report(int code, diag::Span span, std::string message, std::string help = {}) { unit_.emit(unit_.make(code, span, std::move(message), std::move(help))); }

  struct MapUse {
    std::string task;  // empty for a kind or `*`
    std::optional<ProcessorKind> kind;
    std::size_t function;
    diag::Span span;
  };
  Unit& unit_;
  Mapper::State& state_;
  std::vector<MapUse> uses_;
  std::size_t combinations_ = 0;
};

}  // namespace mapwright::sema
