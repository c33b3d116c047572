// rules.toml as it was when the library was built.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace mapwright::guide {

const std::vector<std::pair<std::string_view, std::string_view>>& rule_files();

}  // namespace mapwright::guide
