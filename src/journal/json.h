// journal/json.h - the JSON inside and of a journal; the only file of journal/ that knows the JSON library.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "journal/journal.h"

namespace mapwright::journal {

std::string options_to_json(const std::map<std::string, std::string>& options);
// Nothing unless the text is one flat object of strings.
std::optional<std::map<std::string, std::string>> options_from_json(const std::string& text);

// One line each, without a newline (docs/formats/journal.md).
std::string run_to_json(const Run& run);
std::string evaluation_to_json(std::int64_t run, const search::Evaluation& evaluation);

}  // namespace mapwright::journal
