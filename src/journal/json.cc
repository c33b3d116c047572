#include "journal/json.h"

#include <nlohmann/json.hpp>

namespace mapwright::journal {

namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& j) { return j.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json number_or_null(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

}  // namespace

std::string options_to_json(const std::map<std::string, std::string>& options) {
  Json out = Json::object();
  for (const auto& [name, value] : options) out[name] = value;
  return dump(out);
}

std::optional<std::map<std::string, std::string>> options_from_json(const std::string& text) {
  const nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
  if (!parsed.is_object()) return std::nullopt;
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : parsed.items()) {
    if (!value.is_string()) return std::nullopt;
    out[name] = value.get<std::string>();
  }
  return out;
}

std::string run_to_json(const Run& run) {
  const Configuration& c = run.configuration;
  Json options = Json::object();
  for (const auto& [name, value] : c.options) options[name] = value;
  return dump({{"schema", "mapwright.journal.run/1"},
               {"run", run.id},
               {"started", run.started},
               {"version", c.version},
               {"optimizer", c.optimizer},
               {"space", c.space},
               {"seed", c.seed},
               {"batch", c.batch},
               {"program", {{"name", c.program}, {"hash", c.program_hash}}},
               {"machine", {{"name", c.machine}, {"hash", c.machine_hash}}},
               {"engine", c.engine},
               {"options", options},
               {"higher_is_better", run.higher_is_better},
               {"evaluations", run.evaluations},
               {"best", number_or_null(run.best)},
               {"stopped_by", run.stopped_by.empty() ? Json(nullptr) : Json(run.stopped_by)}});
}

std::string evaluation_to_json(std::int64_t run, const search::Evaluation& e) {
  return dump({{"schema", "mapwright.journal.evaluation/1"},
               {"run", run},
               {"iteration", e.iteration},
               {"outcome", engine::to_string(e.outcome)},
               {"value", number_or_null(e.value)},
               {"seconds", e.seconds},
               {"simulations", e.simulations},
               {"candidate", e.candidate},
               {"reason", e.reason},
               {"note", e.note},
               {"wall_seconds", e.wall_seconds},
               {"mapper", e.mapper}});
}

}  // namespace mapwright::journal
