#include "engine/legion/log.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "diag/diag.h"

namespace mapwright::engine::legion {

namespace {

using Json = nlohmann::ordered_json;

Json by_json(const By& by) {
  if (by.program) return "program";
  if (by.line) return *by.line;
  return "default";
}

std::string text(const Json& object) { return object.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string to_json(const LoggedTask& t) {
  Json object {{"event", "task"}, {"task", t.task}, {"point", nullptr}};
  if (t.point) object["point"] = std::vector<std::int64_t>(t.point->at.begin(), t.point->at.begin() + t.point->dim);
  object["kind"] = to_string(t.processor.kind);
  object["node"] = t.processor.space;
  object["processor"] = t.processor.index;
  object["variant"] = t.variant;
  object["kind_by"] = by_json(t.kind_by);
  object["place_by"] = by_json(t.place_by);
  Json arguments = Json::array();
  for (const LoggedArgument& a : t.arguments) {
    arguments.push_back({{"position", a.position}, {"region", a.region}, {"partition", a.partition}, {"memory", a.memory},
                         {"layout", a.layout}, {"bytes", a.bytes}, {"memory_by", by_json(a.memory_by)},
                         {"layout_by", by_json(a.layout_by)}, {"fell_through", a.fell_through}, {"collected", a.collected}});
  }
  object["arguments"] = std::move(arguments);
  return text(object);
}

std::string replicate_json(std::string_view task, std::size_t shards, const By& by) {
  return text({{"event", "replicate"}, {"task", task}, {"shards", shards}, {"by", by_json(by)}});
}

std::string print_json(std::string_view line) { return text({{"event", "print"}, {"text", line}}); }

std::string warning_json(std::string_view code, std::string_view message, std::optional<std::uint32_t> line) {
  Json object {{"event", "warning"}, {"code", code}, {"text", message}, {"line", nullptr}};
  if (line) object["line"] = *line;
  return text(object);
}

Expected<std::unique_ptr<Log>> Log::open(const std::string& path) {
  auto log = std::make_unique<Log>();
  log->file_.reset(std::fopen(path.c_str(), "we"));
  if (!log->file_) return failure(diag::kFileUnwritable, fmt::format("cannot write `{}`: {}", path, std::strerror(errno)));
  return log;
}

void Log::write(std::string_view line) {
  const std::scoped_lock lock(mutex_);
  std::fwrite(line.data(), 1, line.size(), file_.get());
  std::fputc('\n', file_.get());
  std::fflush(file_.get());
}

}  // namespace mapwright::engine::legion
