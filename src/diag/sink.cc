#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "diag/diag.h"

namespace mapwright::diag {

void Sink::emit(Diagnostic d) {
  if (d.severity == Severity::Error) ++errors_;
  all_.push_back(std::move(d));
}

std::vector<Diagnostic> Sink::take_sorted(std::size_t limit, std::size_t* hidden) const {
  std::vector<const Diagnostic*> order;
  std::set<std::tuple<int, const Source*, std::uint32_t, std::uint32_t, std::string_view>> seen;
  for (const Diagnostic& d : all_) {
    // Findings about no text have no place, so only an equal message makes two of them the same.
    const bool placed = d.source != nullptr;
    const auto key = std::make_tuple(d.code, d.source.get(), placed ? d.span.begin : 0, placed ? d.span.end : 0,
                                     placed ? std::string_view() : std::string_view(d.message));
    if (seen.insert(key).second) order.push_back(&d);
  }
  std::stable_sort(order.begin(), order.end(), [](const Diagnostic* a, const Diagnostic* b) {
    if (!a->source || !b->source) return a->source != nullptr && b->source == nullptr;
    if (a->source != b->source) return a->source->name() < b->source->name();
    return std::tie(a->span.begin, a->span.end) < std::tie(b->span.begin, b->span.end);
  });
  if (hidden) *hidden = order.size() > limit ? order.size() - limit : 0;
  if (order.size() > limit) order.resize(limit);
  std::vector<Diagnostic> result;
  result.reserve(order.size());
  for (const Diagnostic* d : order) result.push_back(*d);
  return result;
}

}  // namespace mapwright::diag
