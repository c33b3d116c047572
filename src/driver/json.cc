#include "driver/json.h"

#include <cmath>

namespace mapwright::driver {

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json object(const std::string& name) {
  return Json {{"schema", "mapwright." + name + "/1"}, {"version", MAPWRIGHT_VERSION}};
}

Json to_json(const std::vector<diag::Diagnostic>& diagnostics) {
  Json out = Json::array();
  for (const diag::Diagnostic& d : diagnostics) out.push_back(Json::parse(diag::render_json(d), nullptr, false));
  return out;
}

Json to_json(const guide::Feedback& feedback, guide::Level upto) {
  Json out = Json::object();
  out["system"] = feedback.system;
  out["explain"] = upto >= guide::Level::Explain ? Json(feedback.explain) : Json();
  out["suggest"] = upto >= guide::Level::Suggest ? Json(feedback.suggest) : Json();
  out["profile"] = upto >= guide::Level::Profile ? Json(feedback.profile) : Json();
  out["explained"] = feedback.explained;
  return out;
}

Json to_json(const Point& point) {
  Json out = Json::array();
  for (int d = 0; d < point.dim; ++d) out.push_back(point[d]);
  return out;
}

Json optional_number(const std::optional<double>& value) { return value && std::isfinite(*value) ? Json(*value) : Json(); }

Json program_json(const Target& target) {
  Json parameters = Json::object();
  for (const auto& [name, value] : target.program.parameters) parameters[name] = value;
  return Json {{"name", target.program.name},
               {"hash", target.program.hash()},
               {"preset", target.preset.empty() ? Json() : Json(target.preset)},
               {"parameters", parameters},
               {"point_tasks", target.program.point_tasks()}};
}

Json machine_json(const machine::Machine& machine) {
  Json processors = Json::object();
  for (const ProcessorKind kind : kAllProcessorKinds) {
    const std::uint32_t count = machine.processors_per_space(kind) * machine.ranks_per_node();
    if (count > 0) processors[std::string(to_string(kind))] = count;
  }
  return Json {{"name", machine.name()},
               {"hash", machine.hash()},
               {"nodes", machine.nodes()},
               {"ranks_per_node", machine.ranks_per_node()},
               {"processors_per_node", processors}};
}

namespace {

Json named_bytes(const std::vector<engine::NamedBytes>& rows) {
  Json out = Json::object();
  for (const engine::NamedBytes& row : rows) {
    if (row.bytes > 0) out[row.name] = row.bytes;
  }
  return out;
}

}  // namespace

void add_execution(Json& out, const engine::Execution& execution) {
  out["outcome"] = engine::to_string(execution.outcome);
  const bool ok = execution.outcome == engine::Outcome::Ok;
  out["seconds"] = ok ? Json(execution.seconds) : Json();
  out["makespan"] = ok ? Json(execution.makespan) : Json();
  out["metric"] = Json();
  if (const auto& metric = execution.metric) {
    out["metric"] = Json {{"name", metric->name},
                          {"unit", metric->unit},
                          {"value", metric->value},
                          {"higher_is_better", metric->higher_is_better}};
  }
  out["simulations"] = execution.simulations;
  const engine::BytesMoved& moved = execution.moved;
  out["bytes_moved"] = Json {{"total", moved.total},           {"intra_node", moved.intra_node},
                             {"inter_node", moved.inter_node}, {"inside_memories", moved.inside},
                             {"folded", moved.folded},         {"by_region", named_bytes(moved.by_region)},
                             {"by_channel", named_bytes(moved.by_channel)}};
  out["memory_peak"] = Json::array();
  for (const engine::MemoryUse& use : execution.memory_peak) {
    out["memory_peak"].push_back(Json {{"memory", use.memory}, {"bytes", use.bytes}, {"capacity", use.capacity}});
  }
  out["processors"] = Json::array();
  for (const engine::ProcessorUse& use : execution.processors) {
    out["processors"].push_back(Json {{"name", use.name},
                                      {"kind", to_string(use.kind)},
                                      {"busy_seconds", use.busy_seconds},
                                      {"points", use.points}});
  }
}

}  // namespace mapwright::driver
