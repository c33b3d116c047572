// driver/json.h - the objects that `--json` prints (docs/formats/). The commands build them from values; text that is not
// UTF-8 gets U+FFFD in place of bad bytes, numbers that are not finite become null.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "driver/inputs.h"
#include "engine/engine.h"
#include "guide/guide.h"

namespace mapwright::driver {

using Json = nlohmann::ordered_json;

// One line without newline. Never throws.
std::string to_text(const Json& json);

// {"schema": "mapwright.NAME/1", "version": ...}.
Json object(const std::string& name);

Json to_json(const std::vector<diag::Diagnostic>& diagnostics);
Json to_json(const guide::Feedback& feedback, guide::Level upto);
Json to_json(const Point& point);
Json optional_number(const std::optional<double>& value);
Json program_json(const Target& target);
Json machine_json(const machine::Machine& machine);
// The keys of an execution that `run` and `compare` share, from "outcome" to "processors".
void add_execution(Json& out, const engine::Execution& execution);

}  // namespace mapwright::driver
