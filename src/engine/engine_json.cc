// Execution as JSON and back: between processes and in the journal. The one file here that sees nlohmann's exceptions.
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/engine.h"

namespace mapwright::engine {

namespace {

using Json = nlohmann::json;

// JSON has no infinities and NaNs: they become null and come back as NaN.
double number(const Json& j) { return j.is_null() ? std::nan("") : j.get<double>(); }

Json span_json(diag::Span s) { return Json::array({s.begin, s.end}); }
diag::Span span_of(const Json& j) { return {j.at(0).get<std::uint32_t>(), j.at(1).get<std::uint32_t>()}; }

template <typename T, typename F>
Json list(const std::vector<T>& items, F&& f) {
  Json all = Json::array();
  for (const T& item : items) all.push_back(f(item));
  return all;
}
template <typename T, typename F>
std::vector<T> list_of(const Json& j, F&& f) {
  std::vector<T> all;
  for (const Json& item : j) all.push_back(f(item));
  return all;
}

template <typename E>
Json kind_json(E kind) { return static_cast<int>(kind); }
template <typename E>
E kind_of(const Json& j, int count) {
  const int value = j.get<int>();
  if (value < 0 || value >= count) throw Json::other_error::create(599, "a number outside its enumeration", &j);
  return static_cast<E>(value);
}

Json diagnostic_json(const diag::Diagnostic& d) {
  Json j {{"code", d.code}, {"severity", kind_json(d.severity)}, {"message", d.message}, {"span", span_json(d.span)},
          {"label", d.label}, {"help", d.help}, {"equivalent", d.equivalent}};
  j["labels"] = list(d.labels, [](const diag::Label& l) { return Json {{"span", span_json(l.span)}, {"text", l.text}}; });
  if (d.source) j["source"] = d.source->name();
  if (d.fix) j["fix"] = {{"span", span_json(d.fix->span)}, {"replacement", d.fix->replacement}};
  return j;
}

diag::Diagnostic diagnostic_of(const Json& j, const diag::SourcePtr& mapper) {
  diag::Diagnostic d;
  d.code = j.at("code").get<int>();
  d.severity = kind_of<diag::Severity>(j.at("severity"), 3);
  j.at("message").get_to(d.message);
  d.span = span_of(j.at("span"));
  j.at("label").get_to(d.label);
  j.at("help").get_to(d.help);
  j.at("equivalent").get_to(d.equivalent);
  d.labels = list_of<diag::Label>(j.at("labels"), [](const Json& l) {
    return diag::Label {span_of(l.at("span")), l.at("text").get<std::string>()};
  });
  if (const auto fix = j.find("fix"); fix != j.end()) {
    d.fix = diag::Fix {span_of(fix->at("span")), fix->at("replacement").get<std::string>()};
  }
  // Places in other texts than the mapper's would point into nothing.
  if (mapper && j.contains("source") && j.at("source") == mapper->name()) d.source = mapper;
  return d;
}

Json bytes_json(const std::vector<NamedBytes>& rows) {
  return list(rows, [](const NamedBytes& n) { return Json::array({n.name, n.bytes}); });
}
std::vector<NamedBytes> bytes_of(const Json& j) {
  return list_of<NamedBytes>(j, [](const Json& n) { return NamedBytes {n.at(0).get<std::string>(), n.at(1).get<std::int64_t>()}; });
}

Json moved_json(const BytesMoved& m) {
  return {{"total", m.total}, {"intra_node", m.intra_node}, {"inter_node", m.inter_node}, {"inside", m.inside},
          {"folded", m.folded}, {"by_region", bytes_json(m.by_region)}, {"by_channel", bytes_json(m.by_channel)}};
}
BytesMoved moved_of(const Json& j) {
  BytesMoved m;
  j.at("total").get_to(m.total);
  j.at("intra_node").get_to(m.intra_node);
  j.at("inter_node").get_to(m.inter_node);
  j.at("inside").get_to(m.inside);
  j.at("folded").get_to(m.folded);
  m.by_region = bytes_of(j.at("by_region"));
  m.by_channel = bytes_of(j.at("by_channel"));
  return m;
}

Json task_json(const TaskProfile& t) {
  Json j {{"task", t.task}, {"kind", kind_json(t.kind)}, {"points", t.points}, {"seconds", t.seconds},
          {"compute_seconds", t.compute_seconds}, {"overhead_seconds", t.overhead_seconds}};
  j["arguments"] = list(t.arguments, [](const TaskProfile::ArgumentCost& a) {
    return Json {{"argument", a.argument}, {"memory", kind_json(a.memory)}, {"seconds", a.seconds}, {"bytes", a.bytes}};
  });
  return j;
}
TaskProfile task_of(const Json& j) {
  TaskProfile t;
  j.at("task").get_to(t.task);
  t.kind = kind_of<ProcessorKind>(j.at("kind"), kProcessorKinds);
  j.at("points").get_to(t.points);
  t.seconds = number(j.at("seconds"));
  t.compute_seconds = number(j.at("compute_seconds"));
  t.overhead_seconds = number(j.at("overhead_seconds"));
  t.arguments = list_of<TaskProfile::ArgumentCost>(j.at("arguments"), [](const Json& a) {
    return TaskProfile::ArgumentCost {a.at("argument").get<std::string>(), kind_of<MemoryKind>(a.at("memory"), kMemoryKinds),
                                      number(a.at("seconds")), a.at("bytes").get<std::int64_t>()};
  });
  return t;
}

Json share_json(const CriticalShare& s) {
  Json j {{"what", kind_json(s.what)}, {"task", s.task}, {"detail", s.detail}, {"seconds", s.seconds}};
  if (s.statement) j["statement"] = span_json(*s.statement);
  return j;
}
CriticalShare share_of(const Json& j) {
  CriticalShare s;
  s.what = kind_of<CriticalShare::What>(j.at("what"), static_cast<int>(CriticalShare::What::Wait) + 1);
  j.at("task").get_to(s.task);
  j.at("detail").get_to(s.detail);
  s.seconds = number(j.at("seconds"));
  if (const auto span = j.find("statement"); span != j.end()) s.statement = span_of(*span);
  return s;
}

Json profile_json(const Profile& p) {
  Json j {{"tasks", list(p.tasks, task_json)}, {"critical", list(p.critical, share_json)}};
  j["channels"] = list(p.channels, [](const Profile::ChannelUse& c) { return Json::array({c.channel, c.busy_seconds, c.bytes}); });
  return j;
}
Profile profile_of(const Json& j) {
  Profile p;
  p.tasks = list_of<TaskProfile>(j.at("tasks"), task_of);
  p.critical = list_of<CriticalShare>(j.at("critical"), share_of);
  p.channels = list_of<Profile::ChannelUse>(j.at("channels"), [](const Json& c) {
    return Profile::ChannelUse {c.at(0).get<std::string>(), number(c.at(1)), c.at(2).get<std::int64_t>()};
  });
  return p;
}

Json execution_json(const Execution& e) {
  Json j {{"engine", e.engine}, {"outcome", std::string(to_string(e.outcome))}, {"seconds", e.seconds},
          {"makespan", e.makespan}, {"moved", moved_json(e.moved)}, {"profile", profile_json(e.profile)}, {"log", e.log},
          {"simulations", e.simulations}};
  if (e.metric) {
    j["metric"] = {{"name", e.metric->name}, {"unit", e.metric->unit}, {"value", e.metric->value},
                   {"higher_is_better", e.metric->higher_is_better}};
  }
  j["memory_peak"] = list(e.memory_peak, [](const MemoryUse& m) { return Json::array({m.memory, m.bytes, m.capacity}); });
  j["processors"] = list(e.processors, [](const ProcessorUse& p) {
    return Json::array({p.name, kind_json(p.kind), p.busy_seconds, p.points});
  });
  j["diagnostics"] = list(e.diagnostics, diagnostic_json);
  return j;
}

Execution execution_of(const Json& j, const diag::SourcePtr& mapper) {
  Execution e;
  j.at("engine").get_to(e.engine);
  const auto known = outcome(j.at("outcome").get<std::string>());
  if (!known) throw Json::other_error::create(599, "an unknown outcome", &j);
  e.outcome = *known;
  e.seconds = number(j.at("seconds"));
  e.makespan = number(j.at("makespan"));
  e.moved = moved_of(j.at("moved"));
  e.profile = profile_of(j.at("profile"));
  j.at("log").get_to(e.log);
  j.at("simulations").get_to(e.simulations);
  if (const auto m = j.find("metric"); m != j.end()) {
    e.metric = MetricValue {m->at("name").get<std::string>(), m->at("unit").get<std::string>(), number(m->at("value")),
                            m->at("higher_is_better").get<bool>()};
  }
  e.memory_peak = list_of<MemoryUse>(j.at("memory_peak"), [](const Json& m) {
    return MemoryUse {m.at(0).get<std::string>(), m.at(1).get<std::int64_t>(), m.at(2).get<std::int64_t>()};
  });
  e.processors = list_of<ProcessorUse>(j.at("processors"), [](const Json& p) {
    return ProcessorUse {p.at(0).get<std::string>(), kind_of<ProcessorKind>(p.at(1), kProcessorKinds), number(p.at(2)),
                         p.at(3).get<std::int64_t>()};
  });
  e.diagnostics = list_of<diag::Diagnostic>(j.at("diagnostics"), [&](const Json& d) { return diagnostic_of(d, mapper); });
  return e;
}

// Raw output may hold any bytes; those that are not UTF-8 become replacement characters.
std::string text_of(const Json& j) { return j.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string to_json(const Execution& e) { return text_of(execution_json(e)); }

std::string to_json(const Expected<Execution>& e) {
  if (e) return to_json(*e);
  return text_of({{"error", {{"code", e.error().code}, {"message", e.error().message}, {"help", e.error().help}}}});
}

Expected<Execution> execution_from_json(std::string_view text, const diag::SourcePtr& mapper) {
  try {
    const Json j = Json::parse(text);
    if (const auto error = j.find("error"); error != j.end()) {
      return failure(error->at("code").get<int>(), error->at("message").get<std::string>(), error->at("help").get<std::string>());
    }
    return execution_of(j, mapper);
  } catch (const Json::exception& e) {
    return failure(diag::kMalformedExecution, fmt::format("a stored execution cannot be read: {}", e.what()));
  }
}

}  // namespace mapwright::engine
