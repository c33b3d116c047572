// Who launches what: the calls of a task among its launches, and what all points of a task launch as its body.
#include <fmt/format.h>

#include <algorithm>

#include "engine/legion/assemble.h"

namespace mapwright::engine::legion {

namespace {

constexpr std::int64_t kMostKeys = std::int64_t {1} << 20;  // points of the tasks above that a body's data may depend on

bool covers(const Recorder::Requirement& parent, const Recorder::Requirement& child) {
  using program::Privilege;
  if (child.privilege == Privilege::None) return true;
  if (parent.region != child.region || !std::includes(parent.fields.begin(), parent.fields.end(), child.fields.begin(), child.fields.end())) return false;
  if (parent.privilege == Privilege::Reduce) return child.privilege == Privilege::Reduce && child.reduction == parent.reduction;
  return parent.privilege == child.privilege || parent.privilege == Privilege::ReadWrite || parent.privilege == Privilege::WriteDiscard;
}

bool alike(const Recorder::Known& a, const Recorder::Known& b) {
  const auto same = [](const Recorder::Requirement& r, const Recorder::Requirement& q) {
    return r.region == q.region && r.fields == q.fields && r.privilege == q.privilege && r.reduction == q.reduction;
  };
  return a.shape.task == b.shape.task && a.shape.index == b.shape.index && a.shape.domain == b.shape.domain &&
         std::equal(a.shape.requirements.begin(), a.shape.requirements.end(), b.shape.requirements.begin(), b.shape.requirements.end(), same);
}

}  // namespace

// Partitions that are made anew for the same pieces make no difference.
void Assembler::find_equals() {
  std::map<std::pair<std::uint32_t, std::vector<Rect>>, std::int64_t> pieces;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> piece_of;  // by partition and colour
  const auto piece = [&](const Touched& t) {
    if (!t.partition) return std::int64_t {-1};
    const auto [at, fresh] = piece_of.try_emplace({*t.partition, t.color});
    if (fresh) {
      const program::Partition& p = data_.partitions[*t.partition];
      const auto rects = p.pieces[t.color].rects();
      at->second = pieces.emplace(std::pair(p.region.value, std::vector<Rect>(rects.begin(), rects.end())), static_cast<std::int64_t>(pieces.size())).first->second;
    }
    return at->second;
  };
  std::map<std::pair<std::string, std::vector<std::int64_t>>, std::uint32_t> first;
  for (std::uint32_t k = 0; k < data_.known.size(); ++k) {
    const Recorder::Shape& shape = known(k).shape;
    std::string text = fmt::format("{} {}", shape.task, to_string(shape.domain));
    for (const Recorder::Requirement& r : shape.requirements) {
      text += fmt::format(" {} {} {} {} {}", r.name, r.region, static_cast<int>(r.privilege), static_cast<int>(r.reduction), fmt::join(r.fields, ","));
    }
    std::vector<std::int64_t> data {shape.index};
    for (const auto& point : known(k).points) {
      if (point.empty()) data.push_back(-2);
      for (const Touched& t : point) data.push_back(piece(t));
    }
    equal_.push_back(first.emplace(std::pair(std::move(text), std::move(data)), k).first->second);
  }
}

void Assembler::read() {
  find_equals();
  for (const auto& [path, shape] : data_.launches) {
    const Path task(path.begin(), path.end() - 1);
    tasks_[task].push_back({equal_[shape], &path, nullptr, {}});
    if (task.empty()) continue;
    const auto parent = data_.launches.find(Path(task.begin(), task.end() - 1));
    if (parent != data_.launches.end()) parents_.insert(known(parent->second).shape.task);
  }
  for (const auto& [task, calls] : data_.calls) {
    if (!task.empty() && std::any_of(calls.begin(), calls.end(), [](const Call& c) { return c.what == Call::What::Access; })) {
      const auto parent = data_.launches.find(Path(task.begin(), task.end() - 1));
      if (parent != data_.launches.end()) parents_.insert(known(parent->second).shape.task);
    }
    merge_calls(task, tasks_[task]);
  }
}

void Assembler::merge_calls(const Path& task, std::vector<Item>& items) {
  const std::vector<Call>& calls = data_.calls.at(task);
  const auto launches = std::count_if(calls.begin(), calls.end(), [](const Call& c) { return c.what == Call::What::Launch; });
  if (launches != static_cast<std::ptrdiff_t>(items.size())) {
    if (static_cast<std::ptrdiff_t>(calls.size()) > launches) unplaced_ = "fills, fences, futures, inline mappings and explicit copies";
    return;
  }
  std::vector<Item> all;
  std::size_t next = 0;
  for (std::uint32_t n = 0; n < calls.size(); ++n) {
    Item item;
    if (calls[n].what == Call::What::Launch) item = items[next++];
    if (calls[n].what == Call::What::Access || calls[n].what == Call::What::Fill) item.known = equal_[calls[n].known];
    item.call = &calls[n];
    if (task.empty()) item.number = n;
    const bool in_body = calls[n].what == Call::What::Launch || calls[n].what == Call::What::Access;
    if (task.empty() || in_body) all.push_back(item);
    else if (calls[n].what == Call::What::Fill && unplaced_.empty()) unplaced_ = "fills by tasks below the top level";
  }
  items = std::move(all);
}

// With what tasks without a body launch behind them.
auto Assembler::items_of(const Path& task) const -> std::vector<Item> {
  std::vector<Item> out;
  const auto found = tasks_.find(task);
  if (found == tasks_.end()) return out;
  for (const Item& item : found->second) {
    out.push_back(item);
    if (!item.path || !flat_.contains(known(*item.known).shape.task)) continue;
    Path inner = *item.path;
    inner.push_back(0);
    for (std::int64_t i = 0; i < known(*item.known).shape.domain.volume(); ++i) {
      inner.back() = i;
      for (Item& below : items_of(inner)) {
        below.call = nullptr;
        below.number.reset();
        out.push_back(below);
      }
    }
  }
  return out;
}

void Assembler::collect(const std::vector<Item>& items, const std::vector<std::int64_t>& points, const std::vector<std::uint32_t>& launches,
                        Instances& out) const {
  for (const Item& item : items) {
    if (!item.path) continue;
    const std::string& task = known(*item.known).shape.task;
    if (!parents_.contains(task) || flat_.contains(task)) continue;
    Instance inner;
    inner.points.push_back(0);
    inner.points.insert(inner.points.end(), points.begin(), points.end());
    inner.launches.push_back(*item.known);
    inner.launches.insert(inner.launches.end(), launches.begin(), launches.end());
    Path path = *item.path;
    path.push_back(0);
    for (std::int64_t i = 0; i < known(*item.known).shape.domain.volume(); ++i) {
      path.back() = inner.points.front() = i;
      inner.items = items_of(path);
      collect(inner.items, inner.points, inner.launches, out);
      out[task].push_back(inner);
    }
  }
}

bool Assembler::covered(const std::vector<Instance>& all) const {
  std::set<std::pair<std::uint32_t, std::uint32_t>> done;
  for (const Instance& instance : all) {
    for (const Item& item : instance.items) {
      if (!done.emplace(instance.launches.front(), *item.known).second) continue;
      const auto& held = known(instance.launches.front()).shape.requirements;
      for (const Recorder::Requirement& r : known(*item.known).shape.requirements) {
        if (r.privilege == program::Privilege::None) continue;
        if (std::none_of(held.begin(), held.end(), [&](const Recorder::Requirement& q) { return covers(q, r); })) return false;
      }
    }
  }
  return true;
}

// One body for all points of a task, in which data may depend on the points of as few tasks above as will do.
auto Assembler::unify(const std::vector<Instance>& all, std::string& why) const -> std::optional<std::vector<Site>> {
  if (!covered(all)) {
    why = "what it launches works on data that it does not hold itself";
    return std::nullopt;
  }
  why = "its points do not launch the same";
  const std::vector<Item>& first = all.front().items;
  std::size_t shortest = all.front().points.size();
  for (const Instance& i : all) {
    shortest = std::min(shortest, i.points.size());
    const auto same = [&](const Item& a, const Item& b) { return alike(known(*a.known), known(*b.known)); };
    if (!std::equal(i.items.begin(), i.items.end(), first.begin(), first.end(), same)) return std::nullopt;
  }
  why = "the data of what its points launch depends on more than the point";
  std::vector<Rect> above;
  for (std::size_t depth = 0; depth <= shortest; ++depth) {
    if (depth > 0) {
      Rect box = known(all.front().launches[depth - 1]).shape.domain;
      for (const Instance& i : all) {
        const Rect& domain = known(i.launches[depth - 1]).shape.domain;
        if (domain.dim() != box.dim()) return std::nullopt;
        for (int d = 0; d < box.dim(); ++d) {
          box.lo[d] = std::min(box.lo[d], domain.lo[d]);
          box.hi[d] = std::max(box.hi[d], domain.hi[d]);
        }
      }
      above.push_back(box);
    }
    std::int64_t keys = 1;
    for (const Rect& r : above) {
      if (__builtin_mul_overflow(keys, r.volume(), &keys) || keys > kMostKeys) return std::nullopt;
    }
    std::vector<const Instance*> by_key(static_cast<std::size_t>(keys), nullptr);
    bool fits = true;
    for (const Instance& i : all) {
      std::int64_t key = 0, stride = 1;
      for (std::size_t level = 0; level < depth; ++level) {
        const Rect& domain = known(i.launches[level]).shape.domain;
        key += stride * above[level].linearize(domain.delinearize(i.points[level]));
        stride *= above[level].volume();
      }
      const Instance*& at = by_key[static_cast<std::size_t>(key)];
      if (!at) at = &i;
      fits = std::equal(i.items.begin(), i.items.end(), at->items.begin(), [](const Item& a, const Item& b) { return a.known == b.known; });
      if (!fits) break;
    }
    if (!fits) continue;
    std::vector<Site> sites(first.size());
    for (std::size_t s = 0; s < sites.size(); ++s) {
      sites[s].above = above;
      for (const Instance* i : by_key) sites[s].knowns.push_back(*(i ? i->items : first)[s].known);
    }
    return sites;
  }
  return std::nullopt;
}

void Assembler::find_bodies(bool flatten) {
  if (flatten) {
    for (const std::string& task : parents_) flat_[task] = "a program file cannot have its launches as a body";
  }
  for (bool again = true; again;) {
    again = false;
    unified_.clear();
    Instances instances;
    collect(items_of({}), {}, {}, instances);
    for (const auto& [task, all] : instances) {
      std::string why;
      auto body = unify(all, why);
      if (body) unified_[task] = *std::move(body);
      else again = flat_.emplace(task, why).second || again;
    }
  }
  std::erase_if(unified_, [](const auto& body) { return body.second.empty(); });
}

}  // namespace mapwright::engine::legion
