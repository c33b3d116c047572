#include <fmt/format.h>

#include "syntax/syntax.h"

namespace mapwright::syntax {

namespace {

std::string_view token_name(TokenKind k) {
  static constexpr std::string_view kNames[] = {
      "word", "integer", "string", "star", "plus", "minus", "slash", "percent", "bang", "question", "colon", "semicolon", "comma", "dot",
      "assign", "equal", "not-equal", "less", "less-equal", "greater", "greater-equal", "and-and", "or-or", "and", "or", "left-paren",
      "right-paren", "left-bracket", "right-bracket", "left-brace", "right-brace", "bad", "end"};
  return kNames[static_cast<std::size_t>(k)];
}

void show(std::string& out, const ExprPtr& p) {
  if (!p) {
    out += "_";
    return;
  }
  const Expr& e = *p;
  const auto list = [&](std::string_view head) {
    out += fmt::format("({}", head);
    for (const ExprPtr& c : e.children) {
      out += ' ';
      show(out, c);
    }
    out += ')';
  };
  switch (e.kind) {
    case Expr::Kind::Integer: out += fmt::format("{}", e.value); break;
    case Expr::Kind::Name: out += e.name; break;
    case Expr::Kind::Star: out += "*"; break;
    case Expr::Kind::Negate: list("negate"); break;
    case Expr::Kind::Not: list("!"); break;
    case Expr::Kind::Unpack: list("unpack"); break;
    case Expr::Kind::Binary: list(to_string(e.op)); break;
    case Expr::Kind::Conditional: list("?:"); break;
    case Expr::Kind::Tuple: list("tuple"); break;
    case Expr::Kind::Call: list("call"); break;
    case Expr::Kind::Index: list("index"); break;
    case Expr::Kind::Slice: list("slice"); break;
    case Expr::Kind::Attribute: list("." + e.name); break;
    case Expr::Kind::Comprehension: list("for " + e.name); break;
    case Expr::Kind::Error: out += "<error>"; break;
  }
}

std::string show(const ExprPtr& p) {
  std::string out;
  show(out, p);
  return out;
}

std::string show(const std::vector<Name>& names) {
  std::string out = "[";
  for (const Name& n : names) {
    out += out.size() > 1 ? " " : "";
    const bool mark = n.form == Name::Form::Quoted || n.form == Name::Form::Plain;
    out += n.form == Name::Form::Position ? "#" + n.text : mark ? fmt::format("\"{}\"", n.text) : n.text;
  }
  return out + "]";
}

std::string show(const std::vector<Word>& words) {
  std::string out = "[";
  for (const Word& w : words) out += (out.size() > 1 ? " " : "") + w.text;
  return out + "]";
}

struct Dumper {
  std::string operator()(const TaskStatement& s) const { return fmt::format("(Task {} {})", show(s.tasks), show(s.kinds)); }
  std::string operator()(const RegionStatement& s) const {
    return fmt::format("(Region {} {} {} {})", show(s.tasks), show(s.arguments), s.kind.text, show(s.memories));
  }
  std::string operator()(const LayoutStatement& s) const {
    std::string out = fmt::format("(Layout {} {} {}", show(s.tasks), show(s.arguments), s.target.text);
    for (const Constraint& c : s.constraints) {
      out += c.op ? fmt::format(" ({} {} {})", c.word.text, c.op->text, c.bytes) : " " + c.word.text;
    }
    return out + ")";
  }
  std::string operator()(const LimitStatement& s) const { return fmt::format("(InstanceLimit {} {})", show(s.tasks), s.limit); }
  std::string operator()(const CollectStatement& s) const { return fmt::format("(CollectMemory {} {})", show(s.tasks), show(s.arguments)); }
  std::string operator()(const MapStatement& s) const {
    return fmt::format("({} {} {})", s.single ? "SingleTaskMap" : "IndexTaskMap", show(s.tasks), s.function.text);
  }
  std::string operator()(const ReplicateStatement& s) const { return fmt::format("(ControlReplicate {})", show(s.tasks)); }
  std::string operator()(const FunctionStatement& f) const {
    std::string out = fmt::format("(def {} [", f.name.text);
    for (std::size_t i = 0; i < f.parameters.size(); ++i) {
      out += fmt::format("{}{} {}", i ? ", " : "", f.parameters[i].type.text, f.parameters[i].name.text);
    }
    out += "]";
    for (const BodyStatement& b : f.body) out += "\n  " + std::visit(Dumper(), b.what);
    return out + ")";
  }
  std::string operator()(const AssignStatement& s) const { return fmt::format("(= {} {})", s.name.text, show(s.value)); }
  std::string operator()(const PrintStatement& s) const {
    std::string out = fmt::format("(print \"{}\"", s.text);
    for (const ExprPtr& v : s.values) out += " " + show(v);
    return out + ")";
  }
  std::string operator()(const ReturnStatement& s) const { return fmt::format("(return {})", show(s.value)); }
};

}  // namespace

std::string dump_tokens(const diag::SourcePtr& source, diag::Sink& sink) {
  std::string out;
  for (const Token& t : lex(source, sink).tokens) {
    const diag::Position at = source->position(t.span.begin);
    out += fmt::format("{}:{} {}", at.line, at.column, token_name(t.kind));
    const bool named = t.kind == TokenKind::Word || t.kind == TokenKind::Integer || t.kind == TokenKind::String || t.kind == TokenKind::Bad;
    if (named) out += fmt::format(" {}", source->slice(t.span));
    out += '\n';
  }
  return out;
}

std::string dump(const Program& program) {
  std::string out;
  for (const Statement& s : program.statements) out += std::visit(Dumper(), s.what) + "\n";
  return out;
}

}  // namespace mapwright::syntax
