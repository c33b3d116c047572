#include <fmt/format.h>

#include <algorithm>

#include "diag/diag.h"
#include "diag/pages.h"

namespace mapwright::diag {

const std::vector<CodeInfo>& all_codes() {
  static const std::vector<CodeInfo> kCodes = {
#define MW_CODE(number, name, severity, title) {number, #name, Severity::severity, title},
#include "diag/codes.def"
#undef MW_CODE
  };
  return kCodes;
}

const CodeInfo* find_code(int code) {
  const std::vector<CodeInfo>& codes = all_codes();
  const auto found = std::lower_bound(codes.begin(), codes.end(), code,
                                      [](const CodeInfo& info, int wanted) { return info.code < wanted; });
  return found != codes.end() && found->code == code ? &*found : nullptr;
}

std::string_view severity_name(Severity s) {
  return s == Severity::Error ? "error" : s == Severity::Warning ? "warning" : "note";
}

std::string code_name(int code) { return fmt::format("MW{:04}", code); }

std::string_view code_page(int code) {
  for (const Page& page : pages()) {
    if (page.code == code) return page.text;
  }
  return {};
}

Diagnostic from_error(const Error& e) {
  Diagnostic d;
  d.code = e.code;
  d.message = e.message;
  d.help = e.help;
  return d;
}

}  // namespace mapwright::diag
