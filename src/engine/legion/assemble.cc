#include "engine/legion/assemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace mapwright::engine::legion {

using program::Expr;

namespace {

program::Launch& add_launch(program::Body& body, program::Launch l) {
  return std::get<program::Launch>(body.emplace_back(program::Statement {std::move(l)}).what);
}

}  // namespace

std::uint32_t Assembler::add_site(Site site) {
  const auto [at, fresh] = site_at_.emplace(std::pair(site.knowns, site.above), static_cast<std::uint32_t>(sites_.size()));
  if (fresh) {
    resolve(site);
    sites_.push_back(std::move(site));
  }
  return at->second;
}

std::uint32_t Assembler::add_step(Step step) {
  const auto [at, fresh] = step_at_.emplace(step, static_cast<std::uint32_t>(steps_.size()));
  if (fresh) steps_.push_back(std::move(step));
  return at->second;
}

void Assembler::steps_of_main() {
  const std::vector<Item> items = items_of({});
  std::map<std::uint32_t, std::uint32_t> launched;  // by call
  std::vector<std::size_t> clocks;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    if (item.number && item.known) launched[*item.number] = *item.known;
    if (!item.call) continue;
    if (item.call->what == Call::What::Clock) clocks.push_back(i);
    for (const std::uint32_t f : item.call->futures) {
      const auto found = launched.find(f);
      if (found == launched.end()) continue;
      const auto& op = data_.calls.at(Path())[f].reduced;
      program::ReductionOp& result = producing_.emplace(found->second, program::ReductionOp::Sum).first->second;
      if (op) result = *op;
    }
  }
  timed_ = clocks.size() > 1;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Item& item = items[i];
    Step step;
    step.what = item.call ? item.call->what : Call::What::Launch;
    if (item.known) {
      Site site;
      site.knowns = {*item.known};
      step.site = add_site(std::move(site));
    }
    if (item.call) {
      for (const std::uint32_t f : item.call->futures) {
        if (const auto found = launched.find(f); found != launched.end()) step.futures.push_back(found->second);
      }
      std::sort(step.futures.begin(), step.futures.end());
      step.futures.erase(std::unique(step.futures.begin(), step.futures.end()), step.futures.end());
      step.trace = item.call->trace;
      step.waited = step.what == Call::What::Fence && item.call->waited;
    }
    if (step.what == Call::What::Wait && step.futures.empty()) continue;
    if (step.what == Call::What::Clock) {
      step.start = timed_ && i == clocks.front();
      if (!timed_ || (i != clocks.front() && i != clocks.back())) continue;
    }
    main_.push_back(add_step(std::move(step)));
  }
}

program::Program Assembler::run(bool flatten) {
  read();
  find_bodies(flatten);
  steps_of_main();
  for (const auto& [task, sites] : unified_) {
    for (const Site& site : sites) {
      Step step;
      step.site = add_site(site);
      step.top = false;
      bodies_[task].push_back(add_step(std::move(step)));
    }
  }
  order();
  write_regions();
  p_.top_level = data_.top_level;
  p_.parameters["recorded"] = "from a run in Legion";
  write_tasks();
  write(find_loops(main_), p_.main);
  for (const auto& [task, body] : bodies_) write(find_loops(body), p_.tasks[task_ids_.at(task).value].body);
  if (timed_) p_.metric.label = "clock";
  std::string flat;
  for (const auto& [task, why] : flat_) flat += fmt::format("{}{}: {}", flat.empty() ? "" : "; ", task, why);
  if (!flat.empty()) p_.parameters["flat"] = flat;
  if (!unseen_.empty()) p_.parameters["unseen"] = unseen_;
  if (!unplaced_.empty()) p_.parameters["unplaced"] = unplaced_;
  if (!written_.empty()) p_.parameters["written"] = fmt::format("{}", fmt::join(written_, ", "));
  p_.number_launches();
  return std::move(p_);
}

// What no point told goes on like what others did: each its own piece, or else all the same.
auto Assembler::touched(const Known& known, std::size_t position) const -> std::vector<Touched> {
  const auto told = std::find_if(known.points.begin(), known.points.end(), [](const auto& t) { return !t.empty(); });
  const Touched first = told == known.points.end() ? Touched {} : (*told)[position];
  bool own = first.partition && data_.partitions[*first.partition].pieces.size() == known.points.size();
  for (std::size_t i = 0; i < known.points.size() && own; ++i) {
    own = known.points[i].empty() || known.points[i][position] == Touched {first.partition, static_cast<std::uint32_t>(i)};
  }
  std::vector<Touched> used;
  for (std::size_t i = 0; i < known.points.size(); ++i) {
    if (!known.points[i].empty()) used.push_back(known.points[i][position]);
    else used.push_back(own ? Touched {first.partition, static_cast<std::uint32_t>(i)} : first);
  }
  return used;
}

void Assembler::resolve(Site& site) const {
  for (std::size_t i = 0; i < known(site).shape.requirements.size(); ++i) {
    Resolved r;
    for (const std::uint32_t k : site.knowns) {
      const std::vector<Touched> one = touched(known(k), i);
      const bool differs = !r.used.empty() && !std::equal(one.begin(), one.end(), r.used.begin());
      r.by_ancestors = r.by_ancestors || differs;
      r.used.insert(r.used.end(), one.begin(), one.end());
    }
    if (!r.by_ancestors) r.used.resize(known(site).points.size());
    r.whole = std::none_of(r.used.begin(), r.used.end(), [](const Touched& t) { return t.partition.has_value(); });
    const bool one = std::all_of(r.used.begin(), r.used.end(), [&](const Touched& t) { return t.partition && t.partition == r.used.front().partition; });
    if (one && !r.by_ancestors) r.partition = r.used.front().partition;
    site.arguments.push_back(std::move(r));
  }
}

void Assembler::use_partition(std::uint32_t id) {
  if (partition_at_.contains(id)) return;
  if (const auto& parent = data_.partitions[id].parent) use_partition(parent->first.value);
  partition_at_[id] = static_cast<std::uint32_t>(partitions_.size());
  partitions_.push_back(id);
}

// Regions and partitions in the order in which the program uses them, which the order of their discovery is not.
void Assembler::order() {
  for (const Site& site : sites_) {
    for (std::size_t i = 0; i < site.arguments.size(); ++i) {
      const std::uint32_t region = known(site).shape.requirements[i].region;
      if (region_at_.emplace(region, static_cast<std::uint32_t>(regions_.size())).second) regions_.push_back(region);
      if (site.arguments[i].partition) use_partition(*site.arguments[i].partition);
    }
  }
}

void Assembler::write_regions() {
  program::Builder builder(name_);
  for (const std::uint32_t i : regions_) {
    const program::Region& r = data_.regions[i];
    builder.add_region(names_.take(r.name, fmt::format("region{}", region_at_.at(i))), r.points, r.fields);
  }
  for (const std::uint32_t i : partitions_) {
    const program::Partition& q = data_.partitions[i];
    auto parent = q.parent;
    if (parent) parent->first = program::PartitionId(partition_at_.at(parent->first.value));
    builder.add_partition(names_.take(q.name, fmt::format("partition{}", partition_at_.at(i))), program::RegionId(region_at_.at(q.region.value)), q.colors,
                          q.pieces, parent);
  }
  p_ = std::move(builder.program());
}

void Assembler::write_tasks() {
  std::set<std::string> launched;
  for (const Step& step : steps_) {
    if (step.what == Call::What::Launch || step.what == Call::What::Access) launched.insert(known(sites_[step.site]).shape.task);
  }
  std::string unmeasured;
  for (const std::string& name : launched) {
    program::Task task;
    task.name = name;
    std::vector<ProcessorKind> missing;
    if (const auto found = data_.tasks.find(name); found != data_.tasks.end()) {
      for (const auto& [kind, known] : found->second) {
        if (known.samples.empty()) {
          missing.push_back(kind);
          continue;
        }
        program::Variant v;
        v.kind = kind;
        v.inner = bodies_.contains(name) && (known.inner || !data_.holding.contains(name));
        v.demands = known.demands;
        v.measured.push_back({{}, {}, {}, fit(known.samples), {}});
        task.variants.push_back(std::move(v));
      }
    }
    for (const ProcessorKind k : missing) unmeasured += fmt::format("{}{} on {}", unmeasured.empty() ? "" : "; ", name, to_string(k));
    // A task must have one. Without a time it costs what its data costs; one that was to be measured and was not, nothing.
    if (task.variants.empty()) task.variants.emplace_back().kind = missing.empty() ? ProcessorKind::Cpu : missing.front();
    task_ids_[name] = program::TaskId(p_.tasks.size());
    p_.tasks.push_back(std::move(task));
  }
  if (!unmeasured.empty()) p_.parameters["unmeasured"] = unmeasured;
}

program::PartitionId Assembler::made(const Key& key, const std::string& task) {
  const auto found = made_.find(key);
  if (found != made_.end()) return found->second;
  const program::RegionId region(key.first);
  std::vector<PointSet> pieces;
  for (const Touched& t : key.second) {
    pieces.push_back(t.partition ? data_.partitions[*t.partition].pieces[t.color] : p_.regions[region.value].points);
  }
  const program::PartitionId id(p_.partitions.size());
  program::Builder builder("pieces");
  builder.program().regions = p_.regions;
  const Rect colors = Rect::of_extents({static_cast<std::int64_t>(pieces.size())});
  builder.add_partition(names_.take(fmt::format("pieces_of_{}_{}", plain_name(task), p_.partitions.size()), {}), region, colors, std::move(pieces));
  p_.partitions.push_back(std::move(builder.program().partitions.front()));
  return made_[key] = id;
}

// Pieces of one partition that all points use, or pieces of a partition that is made up of what they use.
void Assembler::write_argument(const Site& site, std::size_t position, program::Argument& a) {
  const Resolved& r = site.arguments[position];
  const Recorder::Shape& shape = known(site).shape;
  if (r.whole) return;
  if (r.by_ancestors) {
    // Colours count the points of the launch, then those of the tasks above it.
    a.partition = made({a.region.value, r.used}, shape.task);
    std::optional<Expr> color;
    std::int64_t stride = 1;
    const auto count = [&](const Rect& domain, int level) {
      for (int d = 0; d < domain.dim(); ++d) {
        if (domain.extent(d) == 1) continue;
        Expr term = level == 0 ? Expr::point(d) : Expr::ancestor(level, d);
        if (domain.lo[d] != 0) term = term - Expr(domain.lo[d]);
        if (stride != 1) term = term * Expr(stride);
        color = color ? *color + term : term;
        stride *= domain.extent(d);
      }
    };
    if (shape.index) count(shape.domain, 0);
    for (std::size_t level = 0; level < site.above.size(); ++level) count(site.above[level], static_cast<int>(level) + 1);
    a.projection.colors.push_back(color.value_or(Expr(0)));
    return;
  }
  std::vector<std::uint32_t> table;
  if (r.partition) {
    a.partition = program::PartitionId(partition_at_.at(*r.partition));
    for (const Touched& t : r.used) table.push_back(t.color);
  } else {
    const std::set<Touched> different(r.used.begin(), r.used.end());
    a.partition = made({a.region.value, {different.begin(), different.end()}}, shape.task);
    for (const Touched& t : r.used) table.push_back(static_cast<std::uint32_t>(std::distance(different.begin(), different.find(t))));
  }
  const Rect& colors = p_.partitions[a.partition->value].colors;
  bool identity = shape.index && shape.domain == colors;
  for (std::size_t i = 0; identity && i < table.size(); ++i) identity = table[i] == i;
  if (identity) {
    for (int d = 0; d < colors.dim(); ++d) a.projection.colors.push_back(Expr::point(d));
  } else {
    a.projection.table = std::move(table);
  }
}

program::Launch Assembler::launch_of(const Site& site) {
  const Recorder::Shape& shape = known(site).shape;
  program::Launch l;
  l.task = task_ids_.at(shape.task);
  l.index = shape.index;
  if (l.index) l.domain = shape.domain;
  const auto kinds = data_.tasks.find(shape.task);
  // A mere launcher without a body: what it launches stands beside it and has the privileges.
  const bool idle = !bodies_.contains(shape.task) && kinds != data_.tasks.end() &&
                    std::all_of(kinds->second.begin(), kinds->second.end(), [](const auto& k) { return k.second.inner; });
  for (std::size_t i = 0; i < shape.requirements.size(); ++i) {
    const Recorder::Requirement& r = shape.requirements[i];
    program::Argument a;
    a.name = r.name;
    a.region = program::RegionId(region_at_.at(r.region));
    a.reduction = r.reduction;
    a.privilege = idle ? program::Privilege::None : r.privilege;
    // Program files reduce numbers of 4 and 8 bytes; whatever else is reduced is written.
    const auto odd = [&](program::FieldIndex f) { return p_.regions[a.region.value].fields[f].bytes != 4 && p_.regions[a.region.value].fields[f].bytes != 8; };
    if (a.privilege == program::Privilege::Reduce && std::any_of(r.fields.begin(), r.fields.end(), odd)) {
      a.privilege = program::Privilege::ReadWrite;
      written_.insert(shape.task);
    }
    if (a.privilege != program::Privilege::None) a.fields = r.fields;
    write_argument(site, i, a);
    l.arguments.push_back(std::move(a));
  }
  return l;
}

program::Fill Assembler::fill_of(const Site& site) {
  program::Argument a;
  a.region = program::RegionId(region_at_.at(known(site).shape.requirements[0].region));
  write_argument(site, 0, a);
  program::Fill fill;
  fill.region = a.region;
  fill.fields = known(site).shape.requirements[0].fields;
  const Resolved& r = site.arguments[0];
  if (!a.partition) return fill;
  const std::set<Touched> different(r.used.begin(), r.used.end());
  const bool all = different.size() == p_.partitions[a.partition->value].pieces.size();
  fill.partition = all ? *a.partition : made({a.region.value, {different.begin(), different.end()}}, "fill");
  return fill;
}

program::FutureId Assembler::future(std::uint32_t producer) {
  const auto [at, fresh] = futures_.emplace(producer, program::FutureId(p_.futures.size()));
  if (fresh) {
    std::string name = plain_name("of_" + known(producer).shape.task);
    if (std::find(p_.futures.begin(), p_.futures.end(), name) != p_.futures.end()) name += fmt::format("_{}", p_.futures.size());
    p_.futures.push_back(std::move(name));
  }
  return at->second;
}

void Assembler::write_step(const Step& step, program::Body& body) {
  switch (step.what) {
    case Call::What::Launch:
    case Call::What::Access: {
      const Site& site = sites_[step.site];
      const std::uint32_t id = site.knowns.front();
      program::Launch& l = add_launch(body, launch_of(site));
      for (const std::uint32_t f : step.futures) l.futures.push_back(future(f));
      const auto result = step.top ? producing_.find(id) : producing_.end();
      if (result != producing_.end()) l.result = {future(id), result->second};
      const auto& points = known(id).points;
      const bool told = known(id).shape.requirements.empty() || std::none_of(points.begin(), points.end(), [](const auto& t) { return t.empty(); });
      if (!told && unseen_.find(known(id).shape.task) == std::string::npos) unseen_ += (unseen_.empty() ? "" : ", ") + known(id).shape.task;
      break;
    }
    case Call::What::Fill: body.push_back(program::Statement {fill_of(sites_[step.site])}); break;
    case Call::What::Fence: body.push_back(program::Statement {program::Fence {step.waited}}); break;
    case Call::What::Wait:
      for (const std::uint32_t f : step.futures) body.push_back(program::Statement {program::FutureWait {future(f)}});
      break;
    case Call::What::Clock: body.push_back(program::Statement {program::Timer {"clock", step.start}}); break;
    case Call::What::BeginTrace:
    case Call::What::EndTrace: break;  // by write()
  }
}

void Assembler::write(const std::vector<Repeated>& all, program::Body& body) {
  const auto is = [&](const Repeated& r, Call::What what) { return r.body.empty() && steps_[r.statement].what == what; };
  const auto add_loop = [&](std::int64_t count, std::optional<std::uint32_t> trace, const std::vector<Repeated>& inner) {
    program::Loop loop;
    loop.name = fmt::format("loop{}", ++loops_);
    loop.count = count;
    loop.traced = trace.has_value();
    if (trace) loop.trace = fmt::format("trace{}", *trace);
    write(inner, loop.body);
    if (!loop.body.empty()) body.push_back(program::Statement {std::move(loop)});
  };
  // Where a trace begins and ends in one block, what is between them is a traced loop.
  const auto end_of = [&](const std::vector<Repeated>& block, std::size_t begin) {
    for (std::size_t j = begin + 1; j < block.size(); ++j) {
      if (is(block[j], Call::What::BeginTrace)) break;
      if (is(block[j], Call::What::EndTrace)) return j;
    }
    return begin;
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Repeated& r = all[i];
    if (is(r, Call::What::BeginTrace)) {
      const std::size_t end = end_of(all, i);
      if (end == i) continue;
      add_loop(1, steps_[r.statement].trace, {all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.begin() + static_cast<std::ptrdiff_t>(end)});
      i = end;
    } else if (r.body.empty()) {
      write_step(steps_[r.statement], body);
    } else if (is(r.body.front(), Call::What::BeginTrace) && end_of(r.body, 0) + 1 == r.body.size() && r.body.size() > 1) {
      add_loop(r.count, steps_[r.body.front().statement].trace, {r.body.begin() + 1, r.body.end() - 1});
    } else {
      add_loop(r.count, std::nullopt, r.body);
    }
  }
}

program::Program assemble(const Recorder::Data& data, std::string name, bool flatten) { return Assembler(data, std::move(name)).run(flatten); }

}  // namespace mapwright::engine::legion
