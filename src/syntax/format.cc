#include <fmt/format.h>

#include <algorithm>

#include "syntax/syntax.h"

namespace mapwright::syntax {

namespace {

// Binding strength as in the grammar, 0 for `?:` to 9 for a name.
int precedence(const Expr& e) {
  switch (e.kind) {
    case Expr::Kind::Conditional: return 0;
    case Expr::Kind::Binary: {
      constexpr int kStrength[] = {1, 2, 3, 3, 4, 4, 4, 4, 5, 5, 6, 6, 6};
      return kStrength[static_cast<std::size_t>(e.op)];
    }
    case Expr::Kind::Negate:
    case Expr::Kind::Not:
    case Expr::Kind::Unpack: return 7;
    case Expr::Kind::Call:
    case Expr::Kind::Index:
    case Expr::Kind::Slice:
    case Expr::Kind::Attribute: return 8;
    default: return 9;
  }
}

std::string print(const Expr& e, int at_least, bool element = false);

std::string print_list(const std::vector<ExprPtr>& list, std::size_t first) {
  std::string out;
  for (std::size_t i = first; i < list.size(); ++i) out += (i > first ? ", " : "") + print(*list[i], 0, true);
  return out;
}

std::string print_bare(const Expr& e, bool element) {
  const auto& c = e.children;
  switch (e.kind) {
    case Expr::Kind::Integer: return fmt::format("{}", e.value);
    case Expr::Kind::Name: return e.name;
    case Expr::Kind::Star: return "*";
    case Expr::Kind::Negate: return "-" + print(*c[0], 7);
    case Expr::Kind::Not: return "!" + print(*c[0], 7);
    case Expr::Kind::Unpack: return "*" + print(*c[0], element ? 0 : 8);
    case Expr::Kind::Binary: {
      const int p = precedence(e);
      return fmt::format("{} {} {}", print(*c[0], p), to_string(e.op), print(*c[1], p + 1));
    }
    case Expr::Kind::Conditional: return fmt::format("{} ? {} : {}", print(*c[0], 1), print(*c[1], 0), print(*c[2], 0));
    case Expr::Kind::Tuple: return fmt::format("({})", print_list(c, 0));
    case Expr::Kind::Call: return fmt::format("{}({})", print(*c[0], 8), print_list(c, 1));
    case Expr::Kind::Index: return fmt::format("{}[{}]", print(*c[0], 8), print_list(c, 1));
    case Expr::Kind::Slice:
      return fmt::format("{}[{}:{}]", print(*c[0], 8), c[1] ? print(*c[1], 1) : "", c[2] ? print(*c[2], 1) : "");
    case Expr::Kind::Attribute: return fmt::format("{}.{}", print(*c[0], 8), e.name);
    case Expr::Kind::Comprehension: return fmt::format("tuple({} for {} in {})", print(*c[0], 0), e.name, print(*c[1], 0));
    case Expr::Kind::Error: return "";
  }
  return "";
}

// `element`: in a list, where an unpack takes a whole expression.
std::string print(const Expr& e, int at_least, bool element) {
  // Where only a weaker star could be read, the tree cannot come from a text without parentheses.
  const bool enclosed = e.parenthesised || (precedence(e) < at_least && e.kind != Expr::Kind::Tuple);
  return enclosed ? fmt::format("({})", print_bare(e, true)) : print_bare(e, element);
}

std::string print_names(const std::vector<Name>& names) {
  std::string out;
  for (const Name& n : names) {
    out += out.empty() ? "" : ",";
    out += n.form == Name::Form::Quoted ? fmt::format("\"{}\"", n.text) : n.text;
  }
  return out;
}

std::string print_words(const std::vector<Word>& words) {
  std::string out;
  for (const Word& w : words) out += (out.empty() ? "" : ",") + w.text;
  return out;
}

struct LinePrinter {
  std::string operator()(const TaskStatement& s) const { return fmt::format("Task {} {};", print_names(s.tasks), print_words(s.kinds)); }
  std::string operator()(const RegionStatement& s) const {
    return fmt::format("Region {} {} {} {};", print_names(s.tasks), print_names(s.arguments), s.kind.text, print_words(s.memories));
  }
  std::string operator()(const LayoutStatement& s) const {
    std::string out = fmt::format("Layout {} {} {}", print_names(s.tasks), print_names(s.arguments), s.target.text);
    for (const Constraint& c : s.constraints) {
      out += " " + c.word.text;
      if (c.op) out += fmt::format(" {} {}", c.op->text, c.bytes);
    }
    return out + ";";
  }
  std::string operator()(const LimitStatement& s) const { return fmt::format("InstanceLimit {} {};", print_names(s.tasks), s.limit); }
  std::string operator()(const CollectStatement& s) const {
    return fmt::format("CollectMemory {} {};", print_names(s.tasks), print_names(s.arguments));
  }
  std::string operator()(const MapStatement& s) const {
    return fmt::format("{} {} {};", s.single ? "SingleTaskMap" : "IndexTaskMap", print_names(s.tasks), s.function.text);
  }
  std::string operator()(const ReplicateStatement& s) const { return fmt::format("ControlReplicate {};", print_names(s.tasks)); }
  std::string operator()(const FunctionStatement& f) const {
    std::string out = fmt::format("def {}(", f.name.text);
    for (std::size_t i = 0; i < f.parameters.size(); ++i) {
      out += fmt::format("{}{} {}", i ? ", " : "", f.parameters[i].type.text, f.parameters[i].name.text);
    }
    return out + ") {";
  }
  std::string operator()(const AssignStatement& s) const { return fmt::format("{} = {};", s.name.text, print(*s.value, 0)); }
  std::string operator()(const PrintStatement& s) const {
    std::string out = fmt::format("print(\"{}\"", s.text);
    for (const ExprPtr& v : s.values) out += ", " + print(*v, 0);
    return out + ");";
  }
  std::string operator()(const ReturnStatement& s) const { return fmt::format("return {};", print(*s.value, 0)); }
};

class Formatter {
 public:
  explicit Formatter(const Program& program) : program_(program), text_(program.source->text()) {}

  std::string run() {
    for (const Statement& s : program_.statements) {
      if (const auto* f = std::get_if<FunctionStatement>(&s.what)) {
        function(s, *f);
      } else {
        line(s.span, std::visit(LinePrinter(), s.what));
      }
    }
    comments_before(static_cast<std::uint32_t>(text_.size()) + 1);
    return std::move(out_);
  }

 private:
  std::size_t newlines(std::uint32_t begin, std::uint32_t end) const {
    const std::string_view gap = text_.substr(begin, end > begin ? end - begin : 0);
    return static_cast<std::size_t>(std::count(gap.begin(), gap.end(), '\n'));
  }

  std::string_view comment_text(const Comment& c) const { return program_.source->slice(c.span); }

  // Keeps one blank line where the text had some, but none at the beginning of a block.
  void gap_before(std::uint32_t begin) {
    if (!block_start_ && newlines(previous_end_, begin) >= 2) out_ += '\n';
  }

  void put(std::string_view content) {
    out_.append(static_cast<std::size_t>(indent_), ' ');
    out_ += content;
    out_ += '\n';
    block_start_ = false;
  }

  // Comments that begin before `end`. One on the line of the statement before it stays there.
  void comments_before(std::uint32_t end) {
    for (; next_ < program_.comments.size() && program_.comments[next_].span.begin < end; ++next_) {
      const Comment& c = program_.comments[next_];
      if (after_statement_ && newlines(previous_end_, c.span.begin) == 0) {
        out_.pop_back();
        out_ += "  ";
        out_ += comment_text(c);
        out_ += '\n';
      } else {
        gap_before(c.span.begin);
        put(comment_text(c));
      }
      after_statement_ = false;
      previous_end_ = c.span.end;
    }
  }

  // Comments inside of [.., end) move above what is printed next.
  void hoist(std::uint32_t end) {
    for (; next_ < program_.comments.size() && program_.comments[next_].span.begin < end; ++next_) {
      put(comment_text(program_.comments[next_]));
    }
  }

  void line(diag::Span span, const std::string& content) {
    comments_before(span.begin);
    gap_before(span.begin);
    hoist(span.end);
    put(content);
    after_statement_ = true;
    previous_end_ = span.end;
  }

  void function(const Statement& s, const FunctionStatement& f) {
    comments_before(s.span.begin);
    gap_before(s.span.begin);
    hoist(f.head.end);
    put(LinePrinter()(f));
    indent_ = 2;
    block_start_ = true;
    after_statement_ = false;
    previous_end_ = f.head.end;
    for (const BodyStatement& b : f.body) line(b.span, std::visit(LinePrinter(), b.what));
    comments_before(f.body_end.end);
    indent_ = 0;
    put("}");
    after_statement_ = true;
    previous_end_ = s.span.end;
  }

  const Program& program_;
  std::string_view text_;
  std::string out_;
  std::size_t next_ = 0;            // comment
  std::uint32_t previous_end_ = 0;  // of what was printed last, in the text
  int indent_ = 0;
  bool block_start_ = true;
  bool after_statement_ = false;
};

}  // namespace

std::string format(const Program& program) { return Formatter(program).run(); }

}  // namespace mapwright::syntax
