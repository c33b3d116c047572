// The graph of Circuit, wire by wire and node by node from counter_random.
#include <algorithm>
#include <limits>

#include "apps/circuit/circuit.h"

namespace mapwright::apps::circuit {

namespace {

// Streams of counter_random; the counter is the wire's or node's number.
enum Stream : std::uint64_t {
  kInNode, kStays, kWhichNeighbour, kOutNode, kPickNeighbour, kCapOfNode, kLeakageOfNode, kVoltageOfNode, kInductanceOfWire,
  kResistanceOfWire, kCapOfWire
};

std::uint64_t random(const Shape& s, Stream stream, std::int64_t counter) {
  return counter_random(s.seed, stream, static_cast<std::uint64_t>(counter));
}

std::int64_t below(std::uint64_t bits, std::int64_t n) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::int64_t>((static_cast<Wide>(bits) * static_cast<Wide>(n)) >> 64);
}

float unit(const Shape& s, Stream stream, std::int64_t counter) {
  return static_cast<float>(static_cast<double>(random(s, stream, counter) >> 40) * 0x1.0p-24);
}

Rect interval(std::int64_t first, std::int64_t count) { return Rect({first}, {first + count - 1}); }

}  // namespace

std::int64_t Shape::node(std::int64_t piece, std::int64_t k) const {
  return k < shared() ? piece * shared() + k : all_shared() + piece * (nodes - shared()) + k - shared();
}

Rect Shape::private_nodes(std::int64_t i) const {
  const std::int64_t count = per_super * (nodes - shared());
  return interval(all_shared() + i * count, count);
}

Rect Shape::shared_nodes(std::int64_t i) const { return interval(i * per_super * shared(), per_super * shared()); }

Rect Shape::wires_of(std::int64_t i) const { return interval(i * per_super * wires, per_super * wires); }

Shape::Neighbours Shape::neighbours(std::int64_t piece) const {
  Neighbours n;
  for (std::int64_t q = std::max<std::int64_t>(0, piece - kWindow); q <= std::min(pieces - 1, piece + kWindow); ++q) {
    if (q != piece) n.piece[static_cast<std::size_t>(n.count++)] = q;
  }
  const std::int64_t candidates = n.count;
  n.count = std::min(n.count, kNeighbours);
  for (std::int64_t k = 0; k < n.count; ++k) {
    const std::int64_t pick = k + below(random(*this, kPickNeighbour, piece * kNeighbours + k), candidates - k);
    std::swap(n.piece[static_cast<std::size_t>(k)], n.piece[static_cast<std::size_t>(pick)]);
  }
  return n;
}

std::optional<std::int64_t> Shape::far_end(std::int64_t w, const Neighbours& n) const {
  if (n.count == 0 || below(random(*this, kStays, w), 100) < percent) return std::nullopt;
  const std::int64_t piece = n.piece[static_cast<std::size_t>(below(random(*this, kWhichNeighbour, w), n.count))];
  return piece * shared() + below(random(*this, kOutNode, w), shared());
}

Wire Shape::wire(std::int64_t w) const {
  const std::int64_t piece = w / wires;
  Wire made;
  made.in = node(piece, below(random(*this, kInNode, w), nodes));
  const std::optional<std::int64_t> far = far_end(w, neighbours(piece));
  made.out = far ? *far : node(piece, below(random(*this, kOutNode, w), nodes));
  made.inductance = (unit(*this, kInductanceOfWire, w) + 0.1F) * kDeltaT * 1e-3F;
  made.resistance = 1.0F + 10.0F * unit(*this, kResistanceOfWire, w);
  // The published U(0, 0.1) lets the explicit solver diverge for the smallest values.
  made.cap = 0.1F * (unit(*this, kCapOfWire, w) + 0.001F);
  return made;
}

Node Shape::initial_node(std::int64_t i) const {
  return {1.0F + unit(*this, kCapOfNode, i), 0.1F * unit(*this, kLeakageOfNode, i), 0, 2.0F * unit(*this, kVoltageOfNode, i) - 1.0F};
}

Rect Shape::ghost(std::int64_t superpiece) const {
  std::int64_t low = std::numeric_limits<std::int64_t>::max(), high = -1;
  // Searches one piece for ends beyond [low, high] until the outermost nodes of its neighbours are found.
  const auto search = [&](std::int64_t piece) {
    const Neighbours n = neighbours(piece);
    if (n.count == 0) return;
    const auto [first, last] = std::minmax_element(n.piece.begin(), n.piece.begin() + n.count);
    const std::int64_t lowest = *first * shared(), highest = (*last + 1) * shared() - 1;
    for (std::int64_t w = piece * wires; w < (piece + 1) * wires && (low > lowest || high < highest); ++w) {
      if (const std::optional<std::int64_t> end = far_end(w, n)) {
        low = std::min(low, *end);
        high = std::max(high, *end);
      }
    }
  };
  if (percent >= 100) return interval(0, 0);
  // Outer pieces first: after them the inner ones have nothing to add and are not searched.
  for (std::int64_t k = 0; k < (per_super + 1) / 2; ++k) {
    search(superpiece * per_super + k);
    if (per_super - 1 - k != k) search((superpiece + 1) * per_super - 1 - k);
  }
  return high < 0 ? interval(0, 0) : interval(low, high - low + 1);
}

double Shape::leaving_share() const {
  double sum = 0;
  std::int64_t counted = 0;
  for (std::int64_t q = 0; q < pieces; ++q) {
    const Neighbours n = neighbours(q);
    if (n.count == 0) continue;
    ++counted;
    const auto outside = std::count_if(n.piece.begin(), n.piece.begin() + n.count, [&](std::int64_t o) { return o / per_super != q / per_super; });
    sum += static_cast<double>(outside) / static_cast<double>(n.count);
  }
  return counted == 0 ? 0 : sum / static_cast<double>(counted);
}

float Shape::charge_unit() const {
  // Currents stay below 2.2 A (at most 2 V over at least 1 Ohm). A node collects at most about four times its expected
  // number of contributions.
  const auto d = [](std::int64_t v) { return static_cast<double>(v); };
  const double contributions = 4 * (2 * d(wires) / d(nodes) + d(100 - percent) / 100 * d(wires) / d(shared())) + 64;
  const double largest_sum = contributions * 2.2 * static_cast<double>(kDeltaT);
  return static_cast<float>(std::exp2(std::ceil(std::log2(largest_sum)) - 24));
}

}  // namespace mapwright::apps::circuit
