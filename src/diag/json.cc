#include <nlohmann/json.hpp>

#include "diag/diag.h"

namespace mapwright::diag {

namespace {

using Json = nlohmann::ordered_json;

void add_place(Json& object, const Source& source, Span span) {
  const Position begin = source.position(span.begin), end = source.position(span.end);
  object["line"] = begin.line;
  object["column"] = begin.column;
  object["end_line"] = end.line;
  object["end_column"] = end.column;
}

}  // namespace

std::string render_json(const Diagnostic& d) {
  Json object;
  object["code"] = code_name(d.code);
  object["severity"] = severity_name(d.severity);
  object["message"] = d.message;
  object["file"] = nullptr;
  for (const char* key : {"line", "column", "end_line", "end_column"}) object[key] = nullptr;
  if (d.source) {
    object["file"] = d.source->name();
    add_place(object, *d.source, d.span);
  }
  object["label"] = d.label;
  object["labels"] = Json::array();
  for (const Label& label : d.labels) {
    if (!d.source) break;
    Json entry;
    add_place(entry, *d.source, label.span);
    entry["text"] = label.text;
    object["labels"].push_back(std::move(entry));
  }
  object["help"] = d.help;
  object["fix"] = nullptr;
  if (d.fix && d.source) {
    Json fix;
    add_place(fix, *d.source, d.fix->span);
    fix["replacement"] = d.fix->replacement;
    object["fix"] = std::move(fix);
  }
  object["equivalent"] = d.equivalent;
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace mapwright::diag
