// Reports as JSON and back, and merged. The one file here that sees nlohmann's exceptions.
#include "engine/executor/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace mapwright::engine::executor {

namespace {

using Json = nlohmann::json;

constexpr const char* kSchema = "mapwright.legion-run/1";

Json json_of(const Interval& i) { return Json::array({i.start, i.end}); }
Interval interval_of(const Json& j) { return {j.at(0).get<double>(), j.at(1).get<double>()}; }

ProcessorKind kind_of(const Json& j) {
  const auto word = j.get<std::string>();
  for (const ProcessorKind k : kAllProcessorKinds) {
    if (to_string(k) == word) return k;
  }
  throw Json::other_error::create(599, "an unknown kind of processor", &j);
}

Report read(const Json& j) {
  if (j.at("schema") != kSchema) throw Json::other_error::create(599, "another schema", &j);
  Report r;
  j.at("rank").get_to(r.rank);
  j.at("ranks").get_to(r.ranks);
  for (const ProcessorKind k : kAllProcessorKinds) r.processors[static_cast<std::size_t>(k)] = j.at("processors").value(std::string(to_string(k)), std::int64_t {0});
  r.whole = interval_of(j.at("whole"));
  for (const Json& s : j.at("stamps")) {
    Stamp stamp {s.at("label").get<std::string>(), s.at("start").get<bool>(), std::nullopt, s.value("launch", std::uint64_t {0})};
    if (s.contains("fence")) stamp.fence = s.at("fence").get<double>();
    r.stamps.push_back(std::move(stamp));
  }
  for (const Json& l : j.at("launches")) r.launches[l.at(0).get<std::uint64_t>()] = interval_of(l.at(1));
  for (const Json& t : j.at("tasks")) {
    TaskProfile p;
    t.at("task").get_to(p.task);
    p.kind = kind_of(t.at("kind"));
    t.at("points").get_to(p.points);
    t.at("seconds").get_to(p.seconds);
    r.tasks.push_back(std::move(p));
  }
  for (const Json& u : j.at("used")) {
    r.used.push_back({u.at("name").get<std::string>(), kind_of(u.at("kind")), u.at("seconds").get<double>(), u.at("points").get<std::int64_t>()});
  }
  if (j.contains("failed")) r.failed = j.at("failed").get<std::string>();
  if (j.contains("wrong")) r.wrong = j.at("wrong").get<std::string>();
  j.at("checked").get_to(r.checked);
  return r;
}

}  // namespace

std::string to_json(const Report& r) {
  Json j {{"schema", kSchema}, {"rank", r.rank}, {"ranks", r.ranks}, {"whole", json_of(r.whole)}, {"checked", r.checked}};
  j["processors"] = Json::object();
  for (const ProcessorKind k : kAllProcessorKinds) {
    if (const auto n = r.processors[static_cast<std::size_t>(k)]; n > 0) j["processors"][std::string(to_string(k))] = n;
  }
  j["stamps"] = j["launches"] = j["tasks"] = j["used"] = Json::array();
  for (const Stamp& s : r.stamps) {
    Json stamp {{"label", s.label}, {"start", s.start}};
    if (s.fence) stamp["fence"] = *s.fence; else stamp["launch"] = s.launch;
    j["stamps"].push_back(std::move(stamp));
  }
  for (const auto& [number, interval] : r.launches) j["launches"].push_back(Json::array({number, json_of(interval)}));
  for (const TaskProfile& t : r.tasks) {
    j["tasks"].push_back({{"task", t.task}, {"kind", std::string(to_string(t.kind))}, {"points", t.points}, {"seconds", t.seconds}});
  }
  for (const ProcessorUse& u : r.used) {
    j["used"].push_back({{"name", u.name}, {"kind", std::string(to_string(u.kind))}, {"seconds", u.busy_seconds}, {"points", u.points}});
  }
  if (r.failed) j["failed"] = *r.failed;
  if (r.wrong) j["wrong"] = *r.wrong;
  return j.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Expected<Report> report_from_json(std::string_view text) {
  try {
    return read(Json::parse(text));
  } catch (const Json::exception& e) {
    return failure(diag::kMalformedExecution, fmt::format("the report of a Legion program cannot be read: {}", e.what()));
  }
}

Report merge(std::span<const Report> all) {
  Report out = all.front();
  for (const Report& r : all.subspan(1)) {
    for (const auto& [number, interval] : r.launches) {
      const auto [at, fresh] = out.launches.try_emplace(number, interval);
      if (fresh) continue;
      at->second = {std::min(at->second.start, interval.start), std::max(at->second.end, interval.end)};
    }
    for (const TaskProfile& t : r.tasks) {
      const auto same = std::find_if(out.tasks.begin(), out.tasks.end(), [&](const TaskProfile& o) { return o.task == t.task && o.kind == t.kind; });
      if (same == out.tasks.end()) {
        out.tasks.push_back(t);
      } else {
        same->points += t.points;
        same->seconds += t.seconds;
      }
    }
    out.used.insert(out.used.end(), r.used.begin(), r.used.end());
    if (!out.failed) out.failed = r.failed;
    if (!out.wrong) out.wrong = r.wrong;
    out.checked = out.checked || r.checked;
  }
  return out;
}

double window(const Report& r, const program::Metric& metric) {
  if (metric.label.empty()) return r.whole.end - r.whole.start;
  TimedWindow window;
  for (const Stamp& s : r.stamps) {
    if (s.label != metric.label) continue;
    double now = s.fence.value_or(0);
    if (!s.fence) {
      const auto found = r.launches.find(s.launch);
      if (found == r.launches.end()) continue;  // a launch without points
      now = s.start ? found->second.start : found->second.end;
    }
    s.start ? window.start(now) : window.stop(now);
  }
  return window.length(metric.combine);
}

}  // namespace mapwright::engine::executor
