#include <algorithm>
#include <utility>

#include "diag/diag.h"

namespace mapwright::diag {

Source::Source(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {
  starts_.push_back(0);
  for (std::size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') starts_.push_back(static_cast<std::uint32_t>(i + 1));
  }
}

std::string_view Source::slice(Span s) const {
  const std::size_t begin = std::min<std::size_t>(s.begin, text_.size());
  const std::size_t end = std::clamp<std::size_t>(s.end, begin, text_.size());
  return std::string_view(text_).substr(begin, end - begin);
}

Position Source::position(std::uint32_t offset) const {
  offset = std::min(offset, static_cast<std::uint32_t>(text_.size()));
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const auto line = static_cast<std::uint32_t>(after - starts_.begin());
  return {line, offset - *(after - 1) + 1};
}

std::string_view Source::line(std::uint32_t number) const {
  if (number < 1 || number > starts_.size()) return {};
  const std::size_t begin = starts_[number - 1];
  std::size_t end = number < starts_.size() ? starts_[number] - 1 : text_.size();
  if (end > begin && text_[end - 1] == '\r') --end;
  return std::string_view(text_).substr(begin, end - begin);
}

Span Source::span_of(Position begin, Position end) const {
  const auto offset = [&](Position p) {
    if (p.line < 1) return std::uint32_t {0};
    if (p.line > starts_.size()) return static_cast<std::uint32_t>(text_.size());
    const std::uint32_t start = starts_[p.line - 1];
    const auto length = static_cast<std::uint32_t>(line(p.line).size());
    return start + std::min(p.column < 1 ? 0 : p.column - 1, length);
  };
  const std::uint32_t first = offset(begin);
  return {first, std::max(first, offset(end))};
}

SourcePtr make_source(std::string name, std::string text) {
  return std::make_shared<const Source>(std::move(name), std::move(text));
}

}  // namespace mapwright::diag
