// diag/pages.h - the pages of docs/diagnostics as the build embeds them.
#pragma once

#include <string_view>
#include <vector>

namespace mapwright::diag {

struct Page {
  int code;
  std::string_view text;
};
// In ascending order of code.
const std::vector<Page>& pages();

}  // namespace mapwright::diag
