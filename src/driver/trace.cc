// mapwright trace --program P --mapper M -o FILE: an execution, simulated or on this host, as a timeline for Perfetto or
// chrome://tracing, with processors and channels as tracks.
#include <fmt/format.h>

#include <set>

#include "driver/commands.h"
#include "driver/decisions.h"
#include "driver/inputs.h"
#include "driver/json.h"
#include "engine/host/host.h"
#include "engine/sim/sim.h"
#include "plan/plan.h"

namespace mapwright::driver {

namespace {

constexpr std::size_t kMostEvents = 2'000'000;

// Writes the JSON Array Format of trace events, one event per line, times in microseconds.
// Source: "Trace Event Format" of the Catapult project. Process = node (channels: one further process).
class Writer {
 public:
  Writer(const Target& target, const plan::Plan& plan)
      : target_(target), plan_(plan), launches_(launches_by_id(target.program)) {}

  std::string write(const std::vector<engine::Event>& events) {
    name_tracks();
    for (const engine::Event& e : events) event(e);
    return "[\n" + out_ + "\n]\n";
  }

 private:
  void add(const Json& json) {
    if (!out_.empty()) out_ += ",\n";
    out_ += to_text(json);
  }

  void name_tracks() {
    const machine::Machine& m = target_.machine;
    for (std::uint32_t n = 0; n < m.nodes(); ++n) {
      add(Json {{"name", "process_name"}, {"ph", "M"}, {"pid", n}, {"args", {{"name", fmt::format("node {}", n)}}}});
    }
    add(Json {{"name", "process_name"}, {"ph", "M"}, {"pid", m.nodes()}, {"args", {{"name", "channels"}}}});
    std::set<std::uint32_t> used, channels;
    for (const plan::Op& op : plan_.ops) {
      if (op.kind == plan::OpKind::Task) used.insert(op.b);
      for (const machine::ChannelId c : channels_of(op)) channels.insert(c.value);
    }
    for (const std::uint32_t p : used) {
      const machine::ProcessorId id {p};
      add(Json {{"name", "thread_name"}, {"ph", "M"}, {"pid", m[id].node}, {"tid", p}, {"args", {{"name", m.processor_name(id)}}}});
    }
    for (const std::uint32_t c : channels) {
      add(Json {{"name", "thread_name"}, {"ph", "M"}, {"pid", m.nodes()}, {"tid", c}, {"args", {{"name", m[machine::ChannelId {c}].name}}}});
    }
  }

  std::vector<machine::ChannelId> channels_of(const plan::Op& op) const {
    if (op.kind != plan::OpKind::Copy && op.kind != plan::OpKind::Fold) return {};
    const machine::Route route = target_.machine.route(plan_.instances[op.a].memory, plan_.instances[op.b].memory);
    return {route.list().begin(), route.list().end()};
  }

  std::string task_name(std::uint32_t record) const {
    return target_.program.tasks[launches_[plan_.records[record].launch.value]->task.value].name;
  }

  void slice(const std::string& name, const char* category, std::uint32_t pid, std::uint32_t tid, const engine::Event& e, Json args) {
    add(Json {{"name", name}, {"cat", category}, {"ph", "X"}, {"ts", e.start * 1e6}, {"dur", (e.end - e.start) * 1e6},
              {"pid", pid}, {"tid", tid}, {"args", std::move(args)}});
  }

  void event(const engine::Event& e) {
    const plan::Op& op = plan_.ops[e.op];
    const machine::Machine& m = target_.machine;
    if (op.kind == plan::OpKind::Task) {
      const program::Launch& launch = *launches_[plan_.records[op.record].launch.value];
      const std::string point = launch.index ? to_string(launch.domain.delinearize(op.a)) : "";
      slice(task_name(op.record), "task", m[machine::ProcessorId {op.b}].node, op.b, e,
            Json {{"point", point}, {"repetition", e.repetition}, {"waited_us", (e.start - e.ready) * 1e6}});
      return;
    }
    if (op.kind != plan::OpKind::Copy && op.kind != plan::OpKind::Fold) return;
    const plan::Transfer& transfer = plan_.transfers[op.detail];
    const plan::Instance &from = plan_.instances[op.a], &to = plan_.instances[op.b];
    const std::string region = target_.program.regions[to.region.value].name;
    const Json args {{"bytes", transfer.bytes},
                     {"from", m.memory_name(from.memory)},
                     {"to", m.memory_name(to.memory)},
                     {"for", op.record == plan::kNone ? "" : task_name(op.record)},
                     {"transposes", transfer.transpose}};
    for (const machine::ChannelId c : channels_of(op)) {
      slice(region, op.kind == plan::OpKind::Copy ? "copy" : "fold", m.nodes(), c.value, e, args);
    }
  }

  const Target& target_;
  const plan::Plan& plan_;
  std::vector<const program::Launch*> launches_;
  std::string out_;
};

struct Timeline {
  std::vector<engine::Event> events;
  double makespan = 0;  // seconds
};

// What an execution of the plan did when, by --engine. Errors: the host engine's.
Expected<Timeline> timeline_of(const plan::Plan& plan, const Target& target, const Options& options) {
  if (options.engine == "host") {
    engine::host::Options host;
    host.emulate_gpu = options.emulate_gpu;
    host.verify = false;
    host.measure = true;
    host.record = true;
    Expected<engine::host::Observed> observed = engine::host::execute(plan, target.program, target.machine, host);
    if (!observed) return tl::unexpected(observed.error());
    return Timeline {std::move(observed->events), observed->makespan};
  }
  const engine::sim::Options sim {.sharing = sharing_of(options), .profile = false, .timeline = true};
  engine::sim::Timing timing = engine::sim::simulate(plan, target.program, target.machine, sim);
  return Timeline {std::move(timing.events), timing.makespan};
}

}  // namespace

int trace(const Options& options, Console& console) {
  const OrExit<Target> target = load_target_to_plan(options, console);
  if (!target) return target.error();
  const OrExit<diag::SourcePtr> source = load_mapper(options.mapper, &*target, console);
  if (!source) return source.error();
  const OrExit<sema::Mapper> mapper = compile_mapper(*source, console);
  if (!mapper) return mapper.error();
  diag::Sink sink;
  const auto plan = plan::make_plan(*mapper, target->program, target->machine, sink);
  console.report(sink);
  if (!plan) {
    console.report(plan.error().diagnostics);
    return kMapperFailed;
  }
  if (plan->executed_ops() > kMostEvents) {
    return console.usage(fmt::format("the execution has {} operations; a timeline holds up to {}", plan->executed_ops(), kMostEvents),
                         "choose smaller parameters, for example `--preset test`");
  }
  const Expected<Timeline> timeline = timeline_of(*plan, *target, options);
  if (!timeline) return console.fail(timeline.error());
  const std::string text = Writer(*target, *plan).write(timeline->events);
  if (options.out == "-") {
    console.out(text);
    return kOk;
  }
  if (const Expected<void> written = write_file(options.out, text); !written) return console.fail(written.error());
  if (console.json()) {
    Json out = object("trace");
    out["file"] = options.out;
    out["events"] = timeline->events.size();
    out["makespan"] = timeline->makespan;
    console.out(to_text(out) + "\n");
  } else if (!console.quiet()) {
    console.out(fmt::format("{}: {} operations over {}; open it at https://ui.perfetto.dev or chrome://tracing\n", options.out,
                            timeline->events.size(), human_seconds(timeline->makespan)));
  }
  return kOk;
}

}  // namespace mapwright::driver
