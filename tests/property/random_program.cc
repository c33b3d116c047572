#include "random_program.h"

#include <algorithm>

#include "base/random.h"

namespace mapwright::testing {

namespace {

using namespace program;

class Generator {
 public:
  Generator(std::uint64_t seed, std::int64_t longest_loop) : rng_(seed), b_("random"), longest_loop_(longest_loop) {}

  Program make() {
    make_regions();
    leaf_ = b_.add_task("leaf", {leaf_variant(ProcessorKind::Cpu), leaf_variant(ProcessorKind::Gpu)});
    Variant inner = leaf_variant(ProcessorKind::Cpu);
    inner.inner = true;
    outer_ = b_.add_task("outer", {inner});
    middle_ = b_.add_task("middle", {inner});
    peers_ = b_.add_task("peers", {inner});
    b_.begin_body(outer_);
    block(2, true, &Generator::nested_statement);
    if (chance(2)) launch(middle_, "");
    b_.end_body();
    b_.begin_body(middle_);
    block(1, true, &Generator::nested_statement);
    b_.end_body();
    for (std::size_t r = 0; r < regions_; ++r) roles_.push_back(below(3));
    b_.begin_body(peers_);
    block(2, true, &Generator::peer_statement);
    b_.end_body();
    block(2 + below(4), false, &Generator::top_statement);
    std::vector<Argument> all;
    for (std::size_t r = 0; r < regions_; ++r) all.push_back(argument(r, Privilege::Read, std::nullopt));
    b_.single_launch(leaf_, std::move(all));
    return b_.finish();
  }

 private:
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(n))); }
  bool chance(std::int64_t n) { return below(n) == 0; }

  static Variant leaf_variant(ProcessorKind kind) {
    Variant v;
    v.kind = kind;
    v.flops = 1000;
    return v;
  }

  void make_regions() {
    regions_ = 1 + static_cast<std::size_t>(below(2));
    for (std::size_t r = 0; r < regions_; ++r) {
      const bool flat = chance(2);
      const Rect whole = flat ? Rect::of_extents({12 + below(12)}) : Rect::of_extents({4 + below(3), 4 + below(3)});
      std::vector<Field> fields;
      for (std::int64_t f = 0; f <= below(3); ++f) fields.push_back({fmt::format("f{}", f), chance(2) ? 4 : 8});
      const RegionId id = b_.add_region(fmt::format("r{}", r), PointSet(whole), fields);
      partitions_.emplace_back();
      if (flat) {
        partitions_[r].push_back(b_.add_block_partition(fmt::format("r{}_blocks", r), id, std::vector<std::int64_t> {1 + below(4)}));
      } else {
        partitions_[r].push_back(b_.add_block_partition(fmt::format("r{}_tiles", r), id,
                                                        std::vector<std::int64_t> {1 + below(2), 1 + below(2)}));
      }
      for (int k = 0; k < 2; ++k) partitions_[r].push_back(random_partition(fmt::format("r{}_p{}", r, k), id, whole));
    }
  }

  PartitionId random_partition(std::string name, RegionId region, const Rect& whole) {
    const std::int64_t colors = 1 + below(4);
    std::vector<PointSet> pieces;
    for (std::int64_t c = 0; c < colors; ++c) {
      std::vector<Rect> rects;
      for (std::int64_t n = 0; n < 1 + below(whole.dim() == 1 ? 3 : 1); ++n) {
        Rect r = whole;
        for (int d = 0; d < whole.dim(); ++d) {
          r.lo[d] = below(whole.extent(d));
          r.hi[d] = std::min(whole.hi[d], r.lo[d] + below(6));
        }
        rects.push_back(r);
      }
      if (chance(8)) rects.clear();
      pieces.push_back(PointSet::of_rects(whole.dim(), std::move(rects)));
    }
    return b_.add_partition(std::move(name), region, Rect::of_extents({colors}), std::move(pieces));
  }

  Argument argument(std::size_t r, Privilege privilege, std::optional<std::string> loop) {
    Argument a;
    a.region = RegionId(r);
    a.name = fmt::format("a{}", r);
    a.privilege = privilege;
    const auto fields = static_cast<std::int64_t>(b_.program().regions[r].fields.size());
    for (FieldIndex f = 0; f < static_cast<FieldIndex>(fields); ++f) {
      if (chance(2)) a.fields.push_back(f);
    }
    if (a.fields.empty()) a.fields.push_back(static_cast<FieldIndex>(below(fields)));
    if (!loop) return a;
    a.partition = partitions_[r][static_cast<std::size_t>(below(3))];
    const Rect& colors = b_.program().partitions[a.partition->value].colors;
    for (int d = 0; d < colors.dim(); ++d) {
      Expr e = Expr::point(0) + Expr(below(3));
      if (!loop->empty() && chance(2)) e = e + Expr::loop(*loop);
      a.projection.colors.push_back(e % Expr(colors.extent(d)));
    }
    return a;
  }

  void launch(TaskId task, const std::string& loop) {
    std::vector<Argument> arguments;
    if (task != leaf_) {
      // What the nested launches may use must be an argument of their parent.
      for (std::size_t r = 0; r < regions_; ++r) {
        Argument a = argument(r, Privilege::ReadWrite, std::nullopt);
        a.fields.clear();
        for (FieldIndex f = 0; f < b_.program().regions[r].fields.size(); ++f) a.fields.push_back(f);
        arguments.push_back(std::move(a));
      }
    } else {
      std::vector<std::pair<std::size_t, FieldIndex>> used;
      for (std::int64_t k = 0; k < 1 + below(3); ++k) {
        constexpr Privilege kAll[] = {Privilege::Read, Privilege::ReadWrite, Privilege::WriteDiscard, Privilege::Reduce};
        Argument a = argument(static_cast<std::size_t>(below(static_cast<std::int64_t>(regions_))), kAll[below(4)], loop);
        // A task's own arguments must not interfere, so they share no field.
        std::erase_if(a.fields, [&](FieldIndex f) { return std::count(used.begin(), used.end(), std::pair {std::size_t {a.region.value}, f}); });
        if (a.fields.empty()) continue;
        for (const FieldIndex f : a.fields) used.emplace_back(a.region.value, f);
        if (a.privilege == Privilege::Reduce) a.reduction = chance(4) ? ReductionOp::Max : ReductionOp::Sum;
        arguments.push_back(std::move(a));
      }
    }
    if (chance(4)) b_.single_launch(task, single(std::move(arguments)));
    else b_.index_launch(task, Rect::of_extents({1 + below(4)}), std::move(arguments));
  }

  // A single launch has no point to project from.
  std::vector<Argument> single(std::vector<Argument> arguments) {
    for (Argument& a : arguments) {
      if (!a.partition) continue;
      const Rect& colors = b_.program().partitions[a.partition->value].colors;
      for (int d = 0; d < colors.dim(); ++d) a.projection.colors[static_cast<std::size_t>(d)] = Expr(below(colors.extent(d)));
    }
    return arguments;
  }

  void nested_statement(const std::string& loop) { launch(leaf_, loop); }

  // Points of `peers` have a block of a region each (role 0), or all read it (1) or sum into it (2): they are independent as
  // long as there are no more points than blocks. `point` tells whose block.
  Argument peer_argument(std::size_t r, const Expr& point, bool nested) {
    constexpr Privilege kOwn[] = {Privilege::Read, Privilege::ReadWrite, Privilege::WriteDiscard};
    if (roles_[r] != 0) return argument(r, roles_[r] == 1 ? Privilege::Read : Privilege::Reduce, nested ? std::optional<std::string>("") : std::nullopt);
    Argument a = argument(r, nested ? kOwn[below(3)] : Privilege::ReadWrite, std::nullopt);
    a.partition = partitions_[r][0];
    const Rect& colors = b_.program().partitions[a.partition->value].colors;
    Expr rest = point;
    for (int d = 0; d < colors.dim(); ++d) {
      a.projection.colors.push_back(rest % Expr(colors.extent(d)));
      rest = rest / Expr(colors.extent(d));
    }
    return a;
  }

  void peer_statement(const std::string&) {
    std::vector<Argument> arguments;
    for (std::size_t r = 0; r < regions_; ++r) arguments.push_back(peer_argument(r, Expr::ancestor(1, 0), true));
    b_.index_launch(leaf_, Rect::of_extents({1 + below(2)}), std::move(arguments));
  }

  void launch_peers() {
    std::vector<Argument> arguments;
    for (std::size_t r = 0; r < regions_; ++r) {
      Argument a = peer_argument(r, Expr::point(0), false);
      a.fields.clear();
      for (FieldIndex f = 0; f < b_.program().regions[r].fields.size(); ++f) a.fields.push_back(f);
      arguments.push_back(std::move(a));
    }
    b_.index_launch(peers_, Rect::of_extents({1 + below(4)}), std::move(arguments));
  }

  void top_statement(const std::string& loop) {
    switch (below(8)) {
      case 0: launch(outer_, ""); break;
      case 1: {
        const auto r = static_cast<std::size_t>(below(static_cast<std::int64_t>(regions_)));
        const bool whole = chance(2);
        b_.fill(RegionId(r), {0}, static_cast<double>(below(5)),
                whole ? std::nullopt : std::optional(partitions_[r][static_cast<std::size_t>(below(3))]));
        break;
      }
      case 2: b_.fence(chance(2)); break;
      case 3: launch_peers(); break;
      default: launch(leaf_, loop);
    }
  }

  void block(std::int64_t statements, bool nested, void (Generator::*statement)(const std::string&)) {
    for (std::int64_t s = 0; s < statements; ++s) {
      if (depth_ < 2 && chance(2)) {
        const std::string name = fmt::format("l{}", loops_++);
        b_.begin_loop(name, depth_ == 0 && !nested ? 1 + below(longest_loop_) : 1 + below(2), chance(2));
        ++depth_;
        const std::string visible = chance(4) ? name : "";
        for (std::int64_t k = 0; k < 1 + below(3); ++k) (this->*statement)(visible);
        --depth_;
        b_.end_loop();
      } else {
        (this->*statement)("");
      }
    }
  }

  Rng rng_;
  Builder b_;
  std::int64_t longest_loop_;
  std::size_t regions_ = 0;
  std::vector<std::vector<PartitionId>> partitions_;
  TaskId leaf_, outer_, middle_, peers_;
  std::vector<std::int64_t> roles_;  // of the regions in `peers`
  int depth_ = 0, loops_ = 0;
};

}  // namespace

machine::Machine small_machine(int nodes, int capacity_mib, int workers, bool quick_mapping) {
  std::string toml = fmt::format(
      "format = \"mapwright.machine/1\"\nname = \"small\"\nbase = \"generic\"\nnodes = {}\n{}"
      "[processors.CPU]\ncount = 2\n[processors.GPU]\ncount = 2\n"
      "[memories.SYSMEM]\ncapacity_mib = {}\n[memories.FBMEM]\ncapacity_mib = {}\n[memories.ZCMEM]\ncapacity_mib = {}\n",
      nodes, workers > 0 ? fmt::format("[processors]\nworkers = {}\n", workers) : "", capacity_mib, capacity_mib, capacity_mib);
  constexpr std::string_view kQuick = "[overheads]\npoint_traced_us = 0.01\npoint_untraced_us = 0.02\nlaunch_us = 0.01\n"
                                      "copy_us = 0.01\ninstance_us = 0.01\n";
  if (quick_mapping) toml += kQuick;
  diag::Sink sink;
  auto machine = machine::read_machine(diag::make_source("small.toml", toml), {}, sink);
  for (const diag::Diagnostic& d : sink.all()) fmt::print("{}", diag::render_short(d));
  MW_CHECK(machine.has_value());
  return std::move(*machine);
}

Program random_program(std::uint64_t seed, std::int64_t longest_loop) { return Generator(seed, longest_loop).make(); }

std::shared_ptr<const plan::Decisions> random_decisions(std::uint64_t seed, const Program& program,
                                                        const machine::Machine& machine, std::int64_t alignment) {
  Rng rng(seed ^ 0x5eed);
  auto out = std::make_shared<plan::Decisions>();
  out->source = diag::make_source("random", "");
  out->launches.resize(program.launch_count);
  std::vector<bool> seen(program.launch_count);
  for (const Program::Site& site : program.sites()) {
    // Further sites of a launch come after all launches.
    if (seen[site.launch->id.value]) out->launches.emplace_back();
    plan::LaunchDecision& d = seen[site.launch->id.value] ? out->launches.back() : out->launches[site.launch->id.value];
    seen[site.launch->id.value] = true;
    d.launch = site.launch->id;
    const Task& task = program.tasks[site.launch->task.value];
    d.kind = task.variants[rng.below(task.variants.size())].kind;
    d.variant = program.variant(site.launch->task, d.kind);
    std::int64_t points = site.launch->domain.volume();
    for (const Launch* parent : site.parents) points *= parent->domain.volume();
    for (std::int64_t i = 0; i < points; ++i) {
      d.processors.push_back(*machine.find(d.kind, machine::SpaceId(rng.below(machine.spaces())),
                                           static_cast<std::uint32_t>(rng.below(machine.processors_per_space(d.kind)))));
    }
    if (rng.below(4) == 0) d.limit = 1 + static_cast<std::int64_t>(rng.below(3));
    for (const Argument& a : site.launch->arguments) {
      plan::ArgumentDecision& ad = d.arguments.emplace_back();
      if (d.variant->inner || a.privilege == Privilege::None) {
        ad.is_virtual = true;
        continue;
      }
      std::vector<MemoryKind> kinds = d.kind == ProcessorKind::Gpu ? std::vector {MemoryKind::FbMem, MemoryKind::ZcMem}
                                                                   : std::vector {MemoryKind::SysMem, MemoryKind::ZcMem};
      if (rng.below(2)) std::swap(kinds[0], kinds[1]);
      for (const MemoryKind k : kinds) {
        ad.memories.push_back({k, std::nullopt});
        plan::ArgumentDecision::LayoutDecision layout;
        layout.fields = rng.below(3) ? FieldOrder::Soa : FieldOrder::Aos;
        layout.dims = rng.below(3) ? DimOrder::F : DimOrder::C;
        layout.alignment = alignment;
        ad.layouts.push_back(layout);
      }
      if (a.privilege == Privilege::Read && rng.below(3) == 0) ad.collect = plan::Origin();
    }
  }
  return out;
}

}  // namespace mapwright::testing
