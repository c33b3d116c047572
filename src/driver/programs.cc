// mapwright programs: the programs that ship with mapwright; mapwright programs show NAME: what one of them consists of.
#include <fmt/format.h>

#include <set>

#include "driver/commands.h"
#include "driver/inputs.h"
#include "driver/json.h"

namespace mapwright::driver {

namespace {

std::string_view privilege_word(const program::Argument& a) {
  switch (a.privilege) {
    case program::Privilege::None: return "no access";
    case program::Privilege::Read: return "read";
    case program::Privilege::ReadWrite: return "read-write";
    case program::Privilege::WriteDiscard: return "write-discard";
    case program::Privilege::Reduce:
      return a.reduction == program::ReductionOp::Sum ? "reduce +" : a.reduction == program::ReductionOp::Min ? "reduce min" : "reduce max";
  }
  return "";
}

// The names in one line, with runs such as current0, current1, ... current9 as current0..9.
std::string shortened(const std::vector<std::string>& names) {
  const auto stem = [](const std::string& name) { return name.substr(0, name.find_last_not_of("0123456789") + 1); };
  std::vector<std::string> out;
  for (std::size_t i = 0; i < names.size();) {
    const std::string base = stem(names[i]);
    std::size_t end = i + 1;
    if (base != names[i]) {
      while (end < names.size() && stem(names[end]) == base && base != names[end]) ++end;
    }
    if (end - i < 3) {
      out.push_back(names[i++]);
      continue;
    }
    out.push_back(fmt::format("{}..{}", names[i], names[end - 1].substr(base.size())));
    i = end;
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string field_names(const program::Program& program, const program::Argument& a) {
  std::vector<std::string> names;
  for (const program::FieldIndex f : a.fields) names.push_back(program.regions[a.region.value].fields[f].name);
  return shortened(names);
}

std::string kinds_of(const program::Task& task) {
  std::vector<std::string_view> kinds;
  for (const program::Variant& v : task.variants) kinds.push_back(to_string(v.kind));
  return fmt::format("{}", fmt::join(kinds, ", "));
}

std::int64_t bytes_of(const program::Region& region) {
  std::int64_t bytes = 0;
  for (const program::Field& f : region.fields) bytes += f.bytes;
  return bytes * region.points.volume();
}

Json launch_json(const program::Program& program, const program::Program::Site& site) {
  const program::Launch& launch = *site.launch;
  Json arguments = Json::array();
  for (const program::Argument& a : launch.arguments) {
    Json fields = Json::array();
    for (const program::FieldIndex f : a.fields) fields.push_back(program.regions[a.region.value].fields[f].name);
    arguments.push_back(Json {{"name", a.name},
                              {"partition", a.partition ? Json(program.partitions[a.partition->value].name) : Json()},
                              {"region", program.regions[a.region.value].name},
                              {"privilege", privilege_word(a)},
                              {"fields", fields}});
  }
  std::int64_t times = 1;
  for (const program::Loop* loop : site.loops) times *= loop->count;
  return Json {{"task", program.tasks[launch.task.value].name},
               {"index", launch.index},
               {"points", launch.index ? launch.domain.volume() : 1},
               {"domain", to_json(launch.domain.extents())},
               {"repetitions", times},
               {"depth", site.parents.size()},
               {"arguments", arguments}};
}

Json describe_json(const Target& target, const apps::App* app) {
  const program::Program& program = target.program;
  Json out = object("program_description");
  out["program"] = program_json(target);
  out["summary"] = app ? Json(app->summary) : Json();
  out["metric"] = Json {{"name", program.metric.name}, {"unit", program.metric.unit}, {"higher_is_better", program.metric.higher_is_better}};
  out["regions"] = Json::array();
  for (const program::Region& r : program.regions) {
    Json fields = Json::object();
    for (const program::Field& f : r.fields) fields[f.name] = f.bytes;
    out["regions"].push_back(Json {{"name", r.name}, {"points", r.points.volume()}, {"bytes", bytes_of(r)}, {"fields", fields}});
  }
  out["partitions"] = Json::array();
  for (const program::Partition& p : program.partitions) {
    out["partitions"].push_back(Json {{"name", p.name},
                                      {"region", program.regions[p.region.value].name},
                                      {"pieces", p.pieces.size()},
                                      {"disjoint", p.disjoint},
                                      {"complete", p.complete}});
  }
  out["tasks"] = Json::array();
  for (const program::Task& t : program.tasks) {
    Json kinds = Json::array();
    for (const program::Variant& v : t.variants) kinds.push_back(to_string(v.kind));
    out["tasks"].push_back(Json {{"name", t.name}, {"variants", kinds}});
  }
  out["launches"] = Json::array();
  for (const program::Program::Site& site : program.sites()) out["launches"].push_back(launch_json(program, site));
  out["parameters"] = Json::array();
  if (app) {
    for (const apps::Parameter& p : app->parameters) {
      out["parameters"].push_back(Json {{"name", p.name}, {"meaning", p.meaning}, {"minimum", p.minimum}, {"maximum", p.maximum}, {"presets", p.presets}});
    }
  }
  return out;
}

void describe_text(const Target& target, const apps::App* app, Console& console) {
  const program::Program& program = target.program;
  console.out(fmt::format("{}{}\n", console.bold(program.name), app ? ": " + app->summary : ""));
  console.out(fmt::format("metric: {} [{}], {} is better; {} point tasks{}\n", program.metric.name, program.metric.unit,
                          program.metric.higher_is_better ? "higher" : "lower", program.point_tasks(),
                          target.preset.empty() ? "" : fmt::format(" with preset {}", target.preset)));
  if (app && !app->parameters.empty()) {
    console.out("\nparameters (--set NAME=VALUE)\n");
    std::vector<std::string> presets;
    for (const apps::Parameter& p : app->parameters) {
      for (const auto& [preset, value] : p.presets) {
        if (std::find(presets.begin(), presets.end(), preset) == presets.end()) presets.push_back(preset);
      }
    }
    std::vector<std::string> head {"name", "now"};
    head.insert(head.end(), presets.begin(), presets.end());
    head.push_back("meaning");
    Table table(head);
    for (const apps::Parameter& p : app->parameters) {
      const auto now = program.parameters.find(p.name);
      std::vector<std::string> row {p.name, now == program.parameters.end() ? "" : now->second};
      for (const std::string& preset : presets) {
        const auto value = p.presets.find(preset);
        row.push_back(value == p.presets.end() ? "" : p.text(value->second));
      }
      row.push_back(p.meaning);
      table.add(row);
    }
    console.out(table.text(2));
  }
  console.out("\nregions\n");
  Table regions({"name", "points", "size", "fields"});
  for (const program::Region& r : program.regions) {
    std::vector<std::string> fields;
    for (const program::Field& f : r.fields) fields.push_back(f.name);
    regions.add({r.name, std::to_string(r.points.volume()), human_bytes(static_cast<double>(bytes_of(r))), shortened(fields)});
  }
  console.out(regions.text(2));
  console.out("\npartitions\n");
  Table partitions({"name", "region", "pieces", "kind"});
  for (const program::Partition& p : program.partitions) {
    partitions.add({p.name, program.regions[p.region.value].name, std::to_string(p.pieces.size()),
                    fmt::format("{}, {}", p.disjoint ? "disjoint" : "aliased", p.complete ? "complete" : "incomplete")});
  }
  console.out(partitions.text(2));
  console.out("\nlaunches in program order; arguments by position, those of a repeated launch only once\n");
  std::set<std::string> seen;
  for (const program::Program::Site& site : program.sites()) {
    const program::Launch& launch = *site.launch;
    const program::Task& task = program.tasks[launch.task.value];
    const std::string indent(2 + 2 * site.parents.size(), ' ');
    std::int64_t times = 1;
    for (const program::Loop* loop : site.loops) times *= loop->count;
    const std::string shape = launch.index ? fmt::format("over {}", to_string(launch.domain)) : "single";
    console.out(fmt::format("{}{} {}{} [{}]\n", indent, console.bold(task.name), shape, times > 1 ? fmt::format(", {} times", times) : "", kinds_of(task)));
    Table arguments({"", "argument", "partition", "region", "access", "fields"});
    for (std::size_t i = 0; i < launch.arguments.size(); ++i) {
      const program::Argument& a = launch.arguments[i];
      arguments.add({std::to_string(i), a.name, a.partition ? program.partitions[a.partition->value].name : "-",
                     program.regions[a.region.value].name, std::string(privilege_word(a)), field_names(program, a)});
    }
    const std::string text = arguments.text(static_cast<int>(indent.size()) + 2);
    if (seen.insert(task.name + text).second) console.out(text.substr(text.find('\n') + 1));
  }
}

}  // namespace

int programs(const Options&, Console& console) {
  if (console.json()) {
    Json out = object("programs");
    out["programs"] = Json::array();
    for (const apps::App& app : apps::all()) out["programs"].push_back(Json {{"name", app.name}, {"summary", app.summary}});
    console.out(to_text(out) + "\n");
    return kOk;
  }
  Table table({"program", "what it computes"});
  for (const apps::App& app : apps::all()) table.add({app.name, app.summary});
  console.out(table.text());
  return kOk;
}

int programs_show(const Options& options, Console& console) {
  Options with_name = options;
  with_name.program = options.words[0];
  const OrExit<Target> target = load_target(with_name, console);
  if (!target) return target.error();
  const apps::App* const app = apps::find(with_name.program);
  if (console.json()) {
    console.out(to_text(describe_json(*target, app)) + "\n");
  } else {
    describe_text(*target, app, console);
  }
  return kOk;
}

}  // namespace mapwright::driver
