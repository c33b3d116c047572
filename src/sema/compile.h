// sema/compile.h - from expressions of the tree to instructions, with what can be known of types before evaluation.
// Files: compile.cc (names, functions, globals), compile_expression.cc (operators, tuples, loops),
// compile_call.cc (calls, attributes, transformations, indexing).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sema/code.h"
#include "syntax/syntax.h"

namespace mapwright::sema {

// What is known of a value. `kinds` of spaces and points: bit per processor kind, and from kParameterBit on a bit per
// parameter of the function whose kinds are meant.
struct Static {
  Type type = Type::Unknown;
  Type element = Type::Unknown;       // of a tuple
  int len = -1;                       // of a tuple; dimensions of a space
  std::uint32_t kinds = 0;
  std::optional<std::int64_t> value;  // of an integer
  bool recursive = false;             // result of a call whose type is still being found
};
inline constexpr int kParameterBit = 8;
inline constexpr int kTrackedParameters = 24;
inline constexpr std::uint32_t kAllKinds = (1U << kProcessorKinds) - 1;

Static of_type(Type t);
Static tuple_of(Type element, int len);
Static join(const Static& a, const Static& b);

struct GlobalName {
  std::size_t index = 0, statement = 0;
  diag::Span span;
  Static known;
};
struct FunctionName {
  std::size_t index = 0, statement = 0;
  const syntax::FunctionStatement* tree = nullptr;
  Static result;      // when `compiled`
  bool compiled = false, has_return = false, called = false;
  bool reads_parent = false;
  std::uint32_t mentioned = 0;  // kinds of the machine spaces it can touch at all
};

// Names of the whole text, and where reports go.
struct Unit {
  diag::SourcePtr source;
  diag::Sink* sink = nullptr;
  bool silent = false;  // while types of globals are found
  std::unordered_map<std::string, GlobalName> globals;
  std::unordered_map<std::string, std::size_t> function_index;
  std::vector<FunctionName> functions;
  std::set<std::string> reported;  // undefined names, once each

  FunctionName* function(const std::string& name);
  diag::Diagnostic make(int code, diag::Span span, std::string message, std::string help = {}) const;
  void emit(diag::Diagnostic d);
};

// Words that cannot be given another meaning.
bool is_reserved(std::string_view word);
const std::vector<std::string>& reserved_words();

class Compiler {
 public:
  explicit Compiler(Unit& unit) : unit_(unit) {}
  Code function(const syntax::FunctionStatement& f, FunctionName& name);
  // `statement`: where the text stands among the statements; names defined later are errors.
  Code global(const syntax::AssignStatement& s, std::size_t statement, Static& known);
  Code print(const syntax::PrintStatement& s, std::size_t statement);

 private:
  using Expr = syntax::Expr;
  struct Local {
    std::uint32_t reg = 0;
    Static known;
  };
  struct Operand {
    std::uint32_t reg = 0;
    Static known;
  };
  struct List {
    std::uint32_t count = 0, mask = kNoMask;
    std::vector<Static> known;
    bool unpacks = false, stars = false;
  };

  void report(int code, diag::Span span, std::string message, std::string help = {});
  void wrong_type(const Expr& e, const Static& found, std::string_view wanted, std::string help = {});
  bool must_be(Type wanted, const Static& found, const Expr& e, std::string_view what);

  std::size_t emit(diag::Span span, Op op, std::uint32_t dst, std::uint32_t a = 0, std::uint32_t b = 0, std::uint8_t sub = 0,
                   std::uint32_t count = 0, std::uint32_t site = 0);
  std::uint32_t allocate(std::uint32_t n = 1);
  std::uint32_t constant(Type t, std::int64_t v);
  std::uint32_t here() const { return static_cast<std::uint32_t>(code_.instructions.size()); }

  void body_statement(const syntax::BodyStatement& s);
  void print_values(const syntax::PrintStatement& s, diag::Span span);

  // Puts the value into register dst.
  Static value(const Expr& e, std::uint32_t dst);
  // The value in any register: a local's own, or a fresh one.
  Operand operand(const Expr& e);
  // Elements into the registers from `first` on, which this allocates: they are the next free ones.
  List list(const std::vector<syntax::ExprPtr>& from, std::size_t begin, std::uint32_t first, bool stars_allowed);

  Static name(const Expr& e, std::uint32_t dst);
  Static undefined(const Expr& e);
  std::vector<std::string> known_names(bool functions, bool reserved) const;
  Static negate(const Expr& e, std::uint32_t dst);
  Static binary(const Expr& e, std::uint32_t dst);
  Static logic(const Expr& e, std::uint32_t dst);
  Static binary_type(const Expr& e, const Static& a, const Static& b);
  std::optional<std::int64_t> fold(const Expr& e, const Static& a, const Static& b);
  Static conditional(const Expr& e, std::uint32_t dst);
  Static tuple(const Expr& e, std::uint32_t dst);
  Static comprehension(const Expr& e, std::uint32_t dst);
  Static attribute(const Expr& e, std::uint32_t dst);
  Static unknown_attribute(const Expr& e, const Static& object);
  Static index(const Expr& e, std::uint32_t dst);
  Static slice(const Expr& e, std::uint32_t dst);
  Static call(const Expr& e, std::uint32_t dst);
  Static method(const Expr& e, std::uint32_t dst);
  Static processor_method(const Expr& e, std::uint32_t dst);
  Static transform(const Expr& e, Transform what, std::uint32_t dst);
  Static machine(const Expr& e, std::uint32_t dst);
  Static user_call(const Expr& e, FunctionName& f, std::uint32_t dst);
  Static builtin(const Expr& e, Builtin b, std::uint32_t dst);
  Static unknown_function(const Expr& e);

  Unit& unit_;
  Code code_;
  std::unordered_map<std::string, Local> locals_;
  std::uint32_t next_ = 0;
  bool ok_ = true;
  std::size_t statement_ = 0;  // of a top-level expression
  FunctionName* inside_ = nullptr;
  Static result_;
  bool returned_ = false;
  std::uint32_t mentioned_ = 0;
  bool reads_parent_ = false;
};

}  // namespace mapwright::sema
