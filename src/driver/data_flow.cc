// data_flow_graph: which launch reads what another wrote, as a Graphviz file.
#include "driver/data_flow.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace mapwright::driver {

namespace {

using program::Argument;
using program::Body;
using program::FieldIndex;
using program::FutureId;
using program::Launch;
using program::Loop;
using program::Privilege;
using program::Program;
using program::Region;
using program::Statement;
using program::Task;
using program::Timer;
using program::Variant;


constexpr std::size_t kShownFields = 4;
constexpr std::string_view kLocal = "#555555", kExchange = "#d95f02", kFuture = "#7570b3", kHead = "#dbe9f6";

std::string html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '&') out += "&amp;";
    else out += c;
  }
  return out;
}

std::string field_names(const Region& r, const std::vector<FieldIndex>& fields) {
  std::string text;
  for (std::size_t k = 0; k < fields.size() && k < kShownFields; ++k) text += (k > 0 ? ", " : "") + r.fields[fields[k]].name;
  if (fields.size() > kShownFields) text += fmt::format(" and {} more", fields.size() - kShownFields);
  return text;
}

std::string extents(const Rect& r) {
  std::string text;
  for (int d = 0; d < r.dim(); ++d) text += fmt::format("{}{}", d > 0 ? " x " : "", r.extent(d));
  return text;
}

std::string_view privilege(const Argument& a) {
  switch (a.privilege) {
    case Privilege::None: return "none";
    case Privilege::Read: return "reads";
    case Privilege::ReadWrite: return "updates";
    case Privilege::WriteDiscard: return "writes";
    case Privilege::Reduce: break;
  }
  switch (a.reduction) {
    case program::ReductionOp::Sum: return "adds to";
    case program::ReductionOp::Min: return "takes the minimum into";
    case program::ReductionOp::Max: return "takes the maximum into";
  }
  return "";
}

class Graph {
 public:
  explicit Graph(const Program& p) : p_(p) {
    for (const Statement& s : p.main) timed_ = timed_ || has_timer(s);
  }

  std::string run() {
    in_window_ = !timed_;
    const std::string nodes = body(p_.main, 1);
    constants();
    std::string text = fmt::format("digraph \"{}\" {{\n", html(p_.name));
    text += "  graph [rankdir=TB, fontname=\"Helvetica\", fontsize=11, nodesep=0.35, ranksep=0.45, style=rounded, color=\"#aaaaaa\"];\n"
            "  node [shape=plain, fontname=\"Helvetica\", fontsize=10];\n  edge [fontname=\"Helvetica\", fontsize=9, arrowsize=0.7];\n";
    text += nodes;
    for (const std::uint32_t r : sources_) {
      text += fmt::format("  r{} [shape=ellipse, fontsize=10, color=\"#aaaaaa\", label=\"{}\"];\n", r, p_.regions[r].name);
    }
    for (const std::string& e : edges_) text += e;
    return text + "}\n";
  }

 private:
  // An argument of a launch that wrote, as the later readers of its fields see it.
  struct Writer {
    const Launch* launch;
    std::size_t argument;
  };

  // A field that a launch read before anything in the timed part wrote it.
  struct Initial {
    std::uint32_t region;
    FieldIndex field;
    std::size_t launch, argument;
  };

  bool has_timer(const Statement& s) const {
    if (const auto* timer = std::get_if<Timer>(&s.what)) return timer->label == p_.metric.label;
    const auto* loop = std::get_if<Loop>(&s.what);
    return loop != nullptr && std::any_of(loop->body.begin(), loop->body.end(), [this](const Statement& t) { return has_timer(t); });
  }

  // Follows the statements; returns the nodes of those that were not met before.
  std::string body(const Body& statements, int depth) {
    std::string text;
    for (const Statement& s : statements) {
      if (const auto* timer = std::get_if<Timer>(&s.what); timer != nullptr && timer->label == p_.metric.label) {
        in_window_ = timer->start;
        writers_.clear();
        producers_.clear();
      } else if (const auto* l = std::get_if<Loop>(&s.what)) {
        text += loop(*l, depth);
      } else if (const auto* launch = std::get_if<Launch>(&s.what); launch != nullptr && in_window_) {
        text += follow(*launch, depth);
      }
    }
    return text;
  }

  std::string loop(const Loop& l, int depth) {
    std::string inside = body(l.body, depth + 1);
    if (l.count > 1) {
      // What the next iteration reads of this one.
      const bool before = std::exchange(carried_, true);
      body(l.body, depth + 1);
      carried_ = before;
    }
    if (inside.empty()) return {};
    const std::string pad(static_cast<std::size_t>(2 * depth), ' ');
    return fmt::format("{0}subgraph cluster_{1} {{\n{0}  label=\"loop {2}, {3} times\"; labeljust=l;\n{4}{0}}}\n", pad, clusters_++, l.name, l.count, inside);
  }

  std::string follow(const Launch& l, int depth) {
    std::string text;
    if (seen_.emplace(&l, seen_.size()).second) text = node(l, depth);
    const Task& task = p_.tasks[l.task.value];
    if (!inner(l)) flow(l);
    futures(l);
    if (task.body.empty()) return text;
    const std::string inside = body(task.body, depth + 1);
    if (!inside.empty()) {
      const std::string pad(static_cast<std::size_t>(2 * depth), ' ');
      text += fmt::format("{0}subgraph cluster_{1} {{\n{0}  label=\"launched by each point of {2}\"; labeljust=l;\n{3}{0}}}\n", pad, clusters_++, task.name, inside);
      line(fmt::format("l{} -> l{} [style=bold, color=\"{}\", arrowhead=odiamond]", seen_.at(&l), seen_.at(first_launch(task.body)), kLocal));
    }
    return text;
  }

  static const Launch* first_launch(const Body& statements) {
    for (const Statement& s : statements) {
      if (const auto* l = std::get_if<Launch>(&s.what)) return l;
      if (const auto* l = std::get_if<Loop>(&s.what)) {
        if (const Launch* found = first_launch(l->body)) return found;
      }
    }
    return nullptr;
  }

  bool inner(const Launch& l) const {
    const std::vector<Variant>& all = p_.tasks[l.task.value].variants;
    return !all.empty() && std::all_of(all.begin(), all.end(), [](const Variant& v) { return v.inner; });
  }

  std::string node(const Launch& l, int depth) const {
    const std::string pad(static_cast<std::size_t>(2 * depth), ' ');
    const std::string points = l.index ? extents(l.domain) + (l.domain.volume() == 1 ? " point" : " points") : "single task";
    std::string rows = fmt::format("<TR><TD BGCOLOR=\"{}\"><B>{}</B>  {}</TD></TR>", kHead, html(p_.tasks[l.task.value].name), points);
    for (std::size_t k = 0; k < l.arguments.size() && !inner(l); ++k) {
      const Argument& a = l.arguments[k];
      if (a.privilege == Privilege::None) continue;
      const Region& r = p_.regions[a.region.value];
      const std::string part = a.partition ? p_.partitions[a.partition->value].name : r.name;
      rows += fmt::format("<TR><TD PORT=\"a{}\" ALIGN=\"LEFT\">{} <I>{}</I> {}</TD></TR>", k, html(part), privilege(a), html(field_names(r, a.fields)));
    }
    return fmt::format("{}l{} [label=<<TABLE BORDER=\"0\" CELLBORDER=\"1\" CELLSPACING=\"0\" COLOR=\"#888888\">{}</TABLE>>];\n", pad, seen_.at(&l), rows);
  }

  // Draws what `l` reads, then notes what it writes.
  void flow(const Launch& l) {
    for (std::size_t k = 0; k < l.arguments.size(); ++k) {
      const Argument& a = l.arguments[k];
      if (a.privilege != Privilege::Read && a.privilege != Privilege::ReadWrite) continue;
      for (const FieldIndex f : a.fields) read(l, k, f);
    }
    for (std::size_t k = 0; k < l.arguments.size(); ++k) {
      const Argument& a = l.arguments[k];
      if (a.privilege == Privilege::None || a.privilege == Privilege::Read) continue;
      for (const FieldIndex f : a.fields) {
        std::vector<Writer>& writers = writers_[{a.region.value, f}];
        std::erase_if(writers, [&](const Writer& w) {
          const Argument& earlier = w.launch->arguments[w.argument];
          if (w.launch == &l && w.argument == k) return true;
          return a.privilege != Privilege::Reduce && w.launch != &l && (!a.partition || earlier.partition == a.partition || covers(a, earlier));
        });
        writers.push_back({&l, k});
        written_.insert({a.region.value, f});
      }
    }
  }

  void read(const Launch& l, std::size_t k, FieldIndex f) {
    const Argument& a = l.arguments[k];
    bool found = false;
    for (const Writer& w : writers_[{a.region.value, f}]) {
      const Argument& from = w.launch->arguments[w.argument];
      if (!overlap(from, a)) continue;
      found = true;
      const bool same = from.partition == a.partition && from.projection.colors == a.projection.colors &&
                        from.projection.table == a.projection.table && w.launch->domain == l.domain;
      const bool exchange = !same || from.privilege == Privilege::Reduce;
      if (w.launch == &l && w.argument == k && !exchange) continue;  // "updates" says it
      // Within an iteration on the left of the boxes, into the next one on the right.
      const char side = carried_ ? 'e' : 'w';
      edge(fmt::format("l{}:a{}:", seen_.at(w.launch), w.argument), fmt::format("l{}:a{}:", seen_.at(&l), k), side, exchange ? kExchange : kLocal);
    }
    if (!found && !carried_) initial_.push_back({a.region.value, f, seen_.at(&l), k});
  }

  // What the timed part only reads: one edge from the region to each launch that does.
  void constants() {
    std::set<std::pair<std::uint32_t, std::size_t>> drawn;
    for (const Initial& i : initial_) {
      if (written_.count({i.region, i.field}) != 0 || !drawn.insert({i.region, i.launch}).second) continue;
      sources_.insert(i.region);
      edges_.push_back(fmt::format("  r{} -> l{}:a{}:w [style=dotted, color=\"{}\"];\n", i.region, i.launch, i.argument, kLocal));
    }
  }

  void futures(const Launch& l) {
    for (const FutureId f : l.futures) {
      const auto from = producers_.find(f.value);
      if (from != producers_.end()) {
        if (!drawn_.insert(fmt::format("{} {} {}", seen_.at(from->second), seen_.at(&l), f.value)).second) continue;
        line(fmt::format("l{} -> l{} [color=\"{}\", fontcolor=\"{}\", label=\"{}\"{}]", seen_.at(from->second), seen_.at(&l), kFuture, kFuture, p_.futures[f.value],
                         carried_ ? ", style=dashed, constraint=false" : ""));
      }
    }
    if (l.result) producers_[l.result->first.value] = &l;
  }

  // Once between the same ends; dashed when only a later iteration has it.
  void edge(const std::string& from, const std::string& to, char side, std::string_view color) {
    if (!drawn_.insert(from + to).second) return;
    line(fmt::format("{}{} -> {}{} [color=\"{}\"{}]", from, side, to, side, color, carried_ ? ", style=dashed, constraint=false" : ""));
  }
  void line(const std::string& text) {
    if (drawn_.insert(text).second) edges_.push_back("  " + text + ";\n");
  }

  const PointSet& all_points(const Argument& a) {
    if (!a.partition) return p_.regions[a.region.value].points;
    const auto [at, fresh] = unions_.try_emplace(a.partition->value);
    if (fresh) {
      std::vector<Rect> rects;
      const PointSet& whole = p_.regions[a.region.value].points;
      for (const PointSet& piece : p_.partitions[a.partition->value].pieces) rects.insert(rects.end(), piece.rects().begin(), piece.rects().end());
      at->second = PointSet::of_rects(whole.dim(), std::move(rects));
    }
    return at->second;
  }
  bool overlap(const Argument& a, const Argument& b) {
    const auto key = std::pair(a.partition ? a.partition->value : ~0U - a.region.value, b.partition ? b.partition->value : ~0U - b.region.value);
    const auto [at, fresh] = overlaps_.try_emplace(key, false);
    if (fresh) at->second = intersects(all_points(a), all_points(b));
    return at->second;
  }
  bool covers(const Argument& a, const Argument& b) { return subtract(all_points(b), all_points(a)).empty(); }

  const Program& p_;
  bool timed_ = false, in_window_ = false, carried_ = false;
  int clusters_ = 0;
  std::map<const Launch*, std::size_t> seen_;  // numbered in the order they were met
  std::map<std::pair<std::uint32_t, FieldIndex>, std::vector<Writer>> writers_;  // by region and field
  std::map<std::uint32_t, const Launch*> producers_;                             // by future
  std::vector<Initial> initial_;
  std::set<std::pair<std::uint32_t, FieldIndex>> written_;  // fields that the timed part writes
  std::set<std::uint32_t> sources_;                         // regions with fields that it only reads
  std::set<std::string> drawn_;  // edges by their ends or text
  std::vector<std::string> edges_;
  std::map<std::uint32_t, PointSet> unions_;  // by partition
  std::map<std::pair<std::uint32_t, std::uint32_t>, bool> overlaps_;
};

}  // namespace

std::string data_flow_graph(const Program& p) { return Graph(p).run(); }

}  // namespace mapwright::driver
