// mapwright study parity: random valid mappers executed on Legion, and every decision compared with the plan's.
#include <fmt/format.h>

#include <filesystem>

#include "driver/json.h"
#include "driver/study.h"
#include "engine/executor/executor.h"
#include "engine/executor/parity.h"
#include "engine/legion/legion.h"
#include "search/search.h"

namespace mapwright::driver {

namespace {

constexpr std::int64_t kMappers = 50;

struct Row {
  std::string program;
  std::int64_t mappers = 0, refused = 0;      // executed; refused by the static verification
  std::int64_t points = 0;                    // point tasks that agree
  std::vector<std::string> differing, failed;  // a line or more per mapper
  std::int64_t weighed = 0, equal_bytes = 0;  // mappers whose copies were profiled; that moved the plan's bytes
  std::vector<std::string> other_bytes;       // a line or more for each of the rest
};

// The files of all ranks one after the other; removed, so that none is taken for that of the next run.
std::string take_files(const std::string& name, std::uint32_t ranks) {
  std::string all;
  for (std::uint32_t rank = 0; rank < ranks; ++rank) {
    const std::string file = engine::legion::file_of_rank(name, static_cast<int>(rank));
    if (const auto text = read_file(file, std::int64_t {1} << 30)) all += *text;
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
  }
  return all;
}

// The mapper and the log as files NAME.mapper and NAME.jsonl of a folder.
Expected<void> keep(const std::string& folder, const std::string& name, std::string_view mapper, std::string_view log) {
  std::string file = name;
  std::replace(file.begin(), file.end(), ':', '_');
  if (const auto written = write_file(fmt::format("{}/{}.mapper", folder, file), mapper); !written) return written;
  return write_file(fmt::format("{}/{}.jsonl", folder, file), log);
}

Expected<void> examine(const Target& target, const diag::SourcePtr& mapper, const engine::executor::Options& base, const Options& options, Row& row) {
  engine::EvaluationRequest request;
  request.mapper = mapper;
  request.program = &target.program;
  request.machine = &target.machine;
  if (options.timeout) request.deadline = Seconds(*options.timeout);
  const auto prepared = engine::prepare(request, "legion", {.unroll = true});
  if (!prepared) {
    ++row.refused;
    return {};
  }
  const std::unique_ptr<engine::Engine> engine = engine::executor::make_engine(base);
  const Expected<engine::Execution> execution = engine->run(request);
  if (!execution) return tl::unexpected(execution.error());
  ++row.mappers;
  const std::string log = take_files(base.log, target.machine.spaces());
  const std::string profile = base.profile.empty() ? "" : take_files(base.profile, 1);
  if (execution->outcome != engine::Outcome::Ok) {
    row.failed.push_back(fmt::format("{} {}: {}, {}", target.program.name, mapper->name(), engine::to_string(execution->outcome),
                                     execution->diagnostics.empty() ? "" : execution->diagnostics.front().message));
    return {};
  }
  const auto parity = engine::executor::compare_decisions(prepared->plan, target.program, target.machine, log);
  if (!parity) return tl::unexpected(parity.error());
  row.points += parity->points;
  for (const std::string& d : parity->differences) row.differing.push_back(fmt::format("{} {}: {}", target.program.name, mapper->name(), d));
  if (!profile.empty()) {
    const auto real = engine::execution_from_json(profile, mapper);
    if (!real) return tl::unexpected(real.error());
    const auto bytes = engine::executor::compare_bytes(execution->moved, real->moved);
    ++row.weighed;
    if (bytes.empty()) ++row.equal_bytes;
    for (const std::string& b : bytes) row.other_bytes.push_back(fmt::format("{} {}: {}", target.program.name, mapper->name(), b));
  }
  if (!options.out.empty()) return keep(options.out, fmt::format("{}-{}", target.program.name, mapper->name()), mapper->text(), log);
  return {};
}

Json json_of(const Row& r) {
  return Json {{"program", r.program}, {"mappers", r.mappers}, {"refused", r.refused}, {"points", r.points}, {"differences", r.differing}, {"failures", r.failed},
              {"profiled", r.weighed}, {"equal_bytes", r.equal_bytes}, {"other_bytes", r.other_bytes}};
}

}  // namespace

int study_parity(const Options& given, Console& console) {
  const InterruptGuard interrupt;
  Options options = given;
  options.engine = "legion";
  if (options.preset.empty()) options.preset = "test";
  std::error_code ignored;
  Expected<std::string> executor = engine::executor::find_executor(std::filesystem::read_symlink("/proc/self/exe", ignored).string());
  if (!executor) return console.fail(executor.error());
  const Expected<TemporaryFolder> folder = TemporaryFolder::make();  // for one log after the other
  if (!folder) return console.fail(folder.error());
  engine::executor::Options base;
  base.executable = *std::move(executor);
  base.launcher = options.launcher;
  base.legion_args = options.legion_args;
  base.trace = false;  // what is replayed is not mapped again
  base.log = folder->file("log");
  std::vector<std::string> names = options.programs;
  if (names.empty()) {
    for (const apps::App& app : apps::all()) names.push_back(app.name);
  }
  std::vector<Row> rows;
  bool good = true;
  for (const std::string& name : names) {
    if (interrupt.flag()) break;
    Options one = options;
    one.program = name;
    // Address spaces are the nodes of --nodes, whatever the program was published with.
    if (const apps::App* app = apps::find(name)) {
      for (const apps::Parameter& p : app->parameters) {
        if (p.name == "ranks") one.set["ranks"] = "1";
      }
    }
    const OrExit<Target> target = load_target_to_plan(one, console);
    if (!target) return target.error();
    std::vector<diag::SourcePtr> mappers;
    if (target->reference) mappers.push_back(target->reference);
    mappers.push_back(diag::make_source("default", ""));
    const search::SearchSpace space(target->program, target->machine, search::Mode::Valid);
    const auto randoms = static_cast<std::uint64_t>(options.runs > 0 ? options.runs : kMappers);
    for (std::uint64_t i = 0; i < randoms; ++i) mappers.push_back(diag::make_source(fmt::format("random:{}", options.seed + i), search::random_mapper(space, options.seed + i)));
    Row row;
    row.program = name;
    base.profile = target->machine.spaces() == 1 ? folder->file("profile") : "";
    for (std::size_t i = 0; i < mappers.size() && !interrupt.flag(); ++i) {
      console.progress(fmt::format("{}: mapper {} of {}, {}", name, i + 1, mappers.size(), mappers[i]->name()));
      const Expected<void> done = examine(*target, mappers[i], base, options, row);
      if (!done) {
        console.end_progress();
        return console.fail(done.error());
      }
    }
    good = good && row.failed.empty() && row.differing.empty();
    rows.push_back(std::move(row));
  }
  console.end_progress();
  if (console.json()) {
    Json out = object("study.parity");
    out["programs"] = Json::array();
    for (const Row& r : rows) out["programs"].push_back(json_of(r));
    console.out(to_text(out) + "\n");
    return status_of(interrupt, good ? kOk : kMapperFailed, console);
  }
  Table table({"program", "mappers", "refused", "equal points", "differences", "failures", "equal bytes"});
  for (const Row& r : rows) {
    table.add({r.program, std::to_string(r.mappers), std::to_string(r.refused), std::to_string(r.points), std::to_string(r.differing.size()), std::to_string(r.failed.size()),
               r.weighed == 0 ? "-" : fmt::format("{} of {}", r.equal_bytes, r.weighed)});
  }
  console.out(table.text());
  for (const Row& r : rows) {
    for (const auto* lines : {&r.failed, &r.differing, &r.other_bytes}) {
      for (const std::string& l : *lines) console.out(l + "\n");
    }
  }
  return status_of(interrupt, good ? kOk : kMapperFailed, console);
}

}  // namespace mapwright::driver
