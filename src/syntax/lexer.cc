#include <fmt/format.h>

#include <limits>
#include <utility>

#include "syntax/syntax.h"

namespace mapwright::syntax {

namespace {

constexpr int kMaxLexicalReports = 50;  // of one text; nobody reads more, and noise has one per byte

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word(char c) { return is_word_start(c) || is_digit(c); }

class Lexer {
 public:
  Lexer(const diag::SourcePtr& source, diag::Sink& sink) : source_(source), sink_(sink), text_(source->text()) {}

  TokenStream run() {
    if (text_.size() > kMaxTextBytes) {
      report(diag::kTextTooLarge, {0, 0}, fmt::format("the text has {} bytes; a mapper has at most {}", text_.size(), kMaxTextBytes),
             "is this the right file?");
      push(TokenKind::End, 0);
      return std::move(out_);
    }
    if (text_.substr(0, 3) == "\xef\xbb\xbf") at_ = 3;  // a byte order mark
    while (at_ < text_.size()) step();
    push(TokenKind::End, at_);
    return std::move(out_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  static diag::Span span(std::size_t begin, std::size_t end) {
    return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
  }

  void push(TokenKind kind, std::size_t begin, std::int64_t value = 0) {
    out_.tokens.push_back({kind, std::exchange(fresh_line_, false), value, span(begin, at_)});
  }

  void report(int code, diag::Span where, std::string message, std::string help = {}) {
    if (++reports_ > kMaxLexicalReports) return;
    diag::Diagnostic d;
    d.code = code;
    d.message = std::move(message);
    d.source = source_;
    d.span = where;
    d.help = std::move(help);
    sink_.emit(std::move(d));
  }

  void step() {
    const char c = peek();
    if (c == '\n') {
      fresh_line_ = true;
      ++at_;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
      ++at_;
    } else if (c == '#' || (c == '/' && peek(1) == '/')) {
      comment();
    } else if (is_word_start(c)) {
      const std::size_t begin = at_;
      while (is_word(peek())) ++at_;
      push(TokenKind::Word, begin);
    } else if (is_digit(c)) {
      number();
    } else if (c == '"') {
      string();
    } else if (!symbol()) {
      bad();
    }
  }

  void comment() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    std::size_t end = at_;
    while (end > begin && (text_[end - 1] == '\r' || text_[end - 1] == ' ' || text_[end - 1] == '\t')) --end;
    out_.comments.push_back({span(begin, end)});
  }

  void number() {
    const std::size_t begin = at_;
    std::int64_t value = 0;
    bool fits = true;
    for (; is_digit(peek()); ++at_) {
      fits = fits && !__builtin_mul_overflow(value, std::int64_t {10}, &value) &&
             !__builtin_add_overflow(value, std::int64_t {peek() - '0'}, &value);
    }
    const bool fraction = peek() == '.' && is_digit(peek(1));
    if (fraction || is_word_start(peek())) {
      while (is_word(peek()) || (peek() == '.' && is_word(peek(1)))) ++at_;
      report(diag::kMalformedNumber, span(begin, at_),
             fmt::format("`{}` is no decimal integer", shorten(text_.substr(begin, at_ - begin))),
             fraction ? "the language has integers only; write a quotient, as in `3 * n / 2`"
                      : "a number has digits only, and a name does not begin with a digit");
      value = 1;  // harmless in a division and as a limit, so that nothing else is reported
    } else if (!fits) {
      report(diag::kIntegerTooLarge, span(begin, at_),
             fmt::format("`{}` does not fit into 64 bits", shorten(text_.substr(begin, at_ - begin))),
             fmt::format("the largest integer is {}", std::numeric_limits<std::int64_t>::max()));
      value = 1;
    }
    push(TokenKind::Integer, begin, value);
  }

  void string() {
    const std::size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\n') ++at_;
    if (peek() == '"') {
      ++at_;
      push(TokenKind::String, begin);
      return;
    }
    std::size_t end = at_;
    while (end > begin + 1 && text_[end - 1] == '\r') --end;
    report(diag::kUnterminatedString, span(begin, end), "this string does not end on its line", "close it with `\"`");
    push(TokenKind::Bad, begin);
  }

  bool symbol() {
    static constexpr std::pair<std::string_view, TokenKind> kSymbols[] = {
        {"==", TokenKind::Equal},      {"!=", TokenKind::NotEqual},    {"<=", TokenKind::LessEqual},
        {">=", TokenKind::GreaterEqual}, {"&&", TokenKind::AndAnd},    {"||", TokenKind::OrOr},
        {"*", TokenKind::Star},        {"+", TokenKind::Plus},         {"-", TokenKind::Minus},
        {"/", TokenKind::Slash},       {"%", TokenKind::Percent},      {"!", TokenKind::Bang},
        {"?", TokenKind::Question},    {":", TokenKind::Colon},        {";", TokenKind::Semicolon},
        {",", TokenKind::Comma},       {".", TokenKind::Dot},          {"=", TokenKind::Assign},
        {"<", TokenKind::Less},        {">", TokenKind::Greater},      {"&", TokenKind::And},
        {"|", TokenKind::Or},          {"(", TokenKind::LeftParen},    {")", TokenKind::RightParen},
        {"[", TokenKind::LeftBracket}, {"]", TokenKind::RightBracket}, {"{", TokenKind::LeftBrace},
        {"}", TokenKind::RightBrace}};
    for (const auto& [text, kind] : kSymbols) {
      if (text_.substr(at_, text.size()) != text) continue;
      const std::size_t begin = at_;
      at_ += text.size();
      push(kind, begin);
      return true;
    }
    return false;
  }

  // A run of characters that mean nothing is one mistake.
  void bad() {
    const std::size_t begin = at_;
    const auto foreign = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
    const bool ascii = !foreign(peek());
    if (!ascii) {
      while (at_ < text_.size() && foreign(text_[at_])) ++at_;
      report(diag::kNotAscii, span(begin, at_), fmt::format("{} outside of ASCII", describe(text_.substr(begin, at_ - begin))),
             "outside of comments and strings a mapper has ASCII characters only; was this copied from a document?");
    } else {
      while (at_ < text_.size() && !foreign(peek()) && stray(peek())) ++at_;
      report(diag::kUnexpectedCharacter, span(begin, at_),
             fmt::format("{} without a meaning here", describe(text_.substr(begin, at_ - begin))),
             text_[begin] == '\'' ? "strings stand in double quotes" : "remove it");
    }
    push(TokenKind::Bad, begin);
  }

  static bool stray(char c) {
    return (c > 0 && c < ' ' && c != '\n' && c != '\t' && c != '\r' && c != '\f' && c != '\v') || c == '\0' || c == 0x7f ||
           c == '@' || c == '$' || c == '^' || c == '~' || c == '`' || c == '\'' || c == '\\';
  }

  static std::string shorten(std::string_view text) {
    return text.size() <= 40 ? std::string(text) : fmt::format("{}...", text.substr(0, 37));
  }

  static std::string describe(std::string_view bytes) {
    if (bytes.size() > 12) return fmt::format("a run of {} bytes", bytes.size());
    const bool printable = bytes.find_first_of(std::string_view("\0\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\x7f`", 13)) ==
                               std::string_view::npos &&
                           static_cast<unsigned char>(bytes.front()) > ' ';
    if (printable && valid_utf8(bytes)) return fmt::format("the text `{}`", bytes);
    std::string hex;
    for (const char c : bytes) hex += fmt::format("{}0x{:02x}", hex.empty() ? "" : " ", static_cast<unsigned char>(c));
    return fmt::format("the byte{} {}", bytes.size() > 1 ? "s" : "", hex);
  }

  static bool valid_utf8(std::string_view s) {
    for (std::size_t i = 0; i < s.size();) {
      const auto c = static_cast<unsigned char>(s[i]);
      const std::size_t length = c < 0x80 ? 1 : c >= 0xf0 && c < 0xf5 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc2 && c < 0xe0 ? 2 : 0;
      if (length == 0 || i + length > s.size()) return false;
      for (std::size_t k = 1; k < length; ++k) {
        if ((static_cast<unsigned char>(s[i + k]) & 0xc0) != 0x80) return false;
      }
      i += length;
    }
    return true;
  }

  const diag::SourcePtr& source_;
  diag::Sink& sink_;
  std::string_view text_;
  std::size_t at_ = 0;
  bool fresh_line_ = true;
  int reports_ = 0;
  TokenStream out_;
};

}  // namespace

TokenStream lex(const diag::SourcePtr& source, diag::Sink& sink) { return Lexer(source, sink).run(); }

}  // namespace mapwright::syntax
