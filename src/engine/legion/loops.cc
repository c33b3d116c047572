// Finding the loops of a sequence of statements.
#include <algorithm>
#include <map>

#include "engine/legion/record.h"

namespace mapwright::engine::legion {

namespace {

constexpr std::size_t kLongestBody = 64;
constexpr int kNesting = 4;

// Statements and loops, each different one once.
class Tokens {
 public:
  std::uint32_t loop(std::int64_t count, std::vector<std::uint32_t> body) {
    const auto [at, fresh] = ids_.emplace(std::pair(count, body), first_ + static_cast<std::uint32_t>(loops_.size()));
    if (fresh) loops_.emplace_back(count, std::move(body));
    return at->second;
  }
  explicit Tokens(std::uint32_t first) : first_(first) {}
  Repeated expand(std::uint32_t token) const {
    Repeated out;
    out.statement = token;
    if (token < first_) return out;
    const auto& [count, body] = loops_[token - first_];
    out.count = count;
    for (const std::uint32_t t : body) out.body.push_back(expand(t));
    return out;
  }

 private:
  const std::uint32_t first_;  // tokens below are statements
  std::vector<std::pair<std::int64_t, std::vector<std::uint32_t>>> loops_;
  std::map<std::pair<std::int64_t, std::vector<std::uint32_t>>, std::uint32_t> ids_;
};

std::vector<std::uint32_t> fold(const std::vector<std::uint32_t>& in, Tokens& tokens) {
  std::vector<std::uint32_t> out;
  for (std::size_t i = 0; i < in.size();) {
    std::size_t best_length = 0, best_count = 1;
    for (std::size_t length = 1; length <= kLongestBody && i + 2 * length <= in.size(); ++length) {
      const auto body = in.begin() + static_cast<std::ptrdiff_t>(i);
      std::size_t count = 1;
      while (i + (count + 1) * length <= in.size() &&
             std::equal(body, body + static_cast<std::ptrdiff_t>(length), body + static_cast<std::ptrdiff_t>(count * length))) {
        ++count;
      }
      if (count > 1 && count * length > best_count * best_length) {
        best_length = length;
        best_count = count;
      }
    }
    if (best_count < 2) {
      out.push_back(in[i++]);
      continue;
    }
    const auto body = in.begin() + static_cast<std::ptrdiff_t>(i);
    const std::vector<std::uint32_t> once(body, body + static_cast<std::ptrdiff_t>(best_length));
    out.push_back(tokens.loop(static_cast<std::int64_t>(best_count), fold(once, tokens)));
    i += best_count * best_length;
  }
  return out;
}

}  // namespace

std::vector<Repeated> find_loops(std::span<const std::uint32_t> sequence) {
  std::vector<std::uint32_t> now(sequence.begin(), sequence.end());
  Tokens tokens(now.empty() ? 0 : 1 + *std::max_element(now.begin(), now.end()));
  for (int i = 0; i < kNesting; ++i) {
    std::vector<std::uint32_t> folded = fold(now, tokens);
    if (folded.size() == now.size()) break;
    now = std::move(folded);
  }
  std::vector<Repeated> out;
  for (const std::uint32_t token : now) out.push_back(tokens.expand(token));
  return out;
}

}  // namespace mapwright::engine::legion
