// mapwright explain CODE: the page of a diagnostic code; without one the list of all codes.
#include <fmt/format.h>

#include <charconv>

#include "driver/commands.h"

namespace mapwright::driver {

int explain(const Options& options, Console& console) {
  if (options.words.empty()) {
    for (const diag::CodeInfo& info : diag::all_codes()) {
      console.out(fmt::format("{}  {}\n", diag::code_name(info.code), info.title));
    }
    return kOk;
  }
  // "MW3004", "mw3004" and "3004" all mean the same.
  std::string_view digits = options.words[0];
  if (digits.size() > 2 && (digits[0] == 'M' || digits[0] == 'm') && (digits[1] == 'W' || digits[1] == 'w')) digits.remove_prefix(2);
  int code = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code);
  if (error != std::errc() || end != digits.data() + digits.size() || !diag::find_code(code)) {
    return console.usage(fmt::format("`{}` is no diagnostic code", options.words[0]), "`mapwright explain` lists all of them");
  }
  console.out(diag::code_page(code));
  return kOk;
}

}  // namespace mapwright::driver
