#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "machine/machine.h"
#include "machine/toml_document.h"

namespace mapwright::machine {

// Generated from machines/*.toml: (name, text).
const std::vector<std::pair<std::string_view, std::string_view>>& shipped_texts();

std::string_view shipped_machine(std::string_view name) {
  for (const auto& [shipped, text] : shipped_texts()) {
    if (shipped == name) return text;
  }
  return {};
}

std::vector<std::string> shipped_machine_names() {
  std::vector<std::string> names;
  for (const auto& [name, text] : shipped_texts()) names.emplace_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<Machine> load_machine(const std::string& name_or_path, const Overrides& overrides, diag::Sink& sink) {
  if (const std::string_view text = shipped_machine(name_or_path); !text.empty()) {
    return read_machine(diag::make_source(name_or_path, std::string(text)), overrides, sink);
  }
  // A name without a dot or slash is a misspelt model far more often than a file.
  if (name_or_path.find_first_of("./") == std::string::npos && name_or_path != "-") {
    const std::vector<std::string> names = shipped_machine_names();
    const auto near = nearest(name_or_path, names);
    diag::Diagnostic d;
    d.code = diag::kMachineUnknown;
    d.message = fmt::format("no shipped machine `{}`", name_or_path);
    d.help = near ? fmt::format("did you mean `{}`?", *near)
                  : fmt::format("shipped machines: {}; or give the path of a .toml file", fmt::join(names, ", "));
    sink.emit(std::move(d));
    return std::nullopt;
  }
  const Expected<std::string> text = read_file(name_or_path, kMaxTomlBytes);
  if (!text) {
    sink.emit(diag::from_error(text.error()));
    return std::nullopt;
  }
  return read_machine(diag::make_source(name_or_path, *text), overrides, sink);
}

}  // namespace mapwright::machine
