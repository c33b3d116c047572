// mapwright fmt FILE...: mappers in their canonical form, on standard output, in place (-i), or only compared (--check).
#include <fmt/format.h>

#include "driver/commands.h"
#include "driver/inputs.h"
#include "syntax/syntax.h"

namespace mapwright::driver {

int fmt_command(const Options& options, Console& console) {
  int status = kOk;
  for (const std::string& name : options.words) {
    Expected<std::string> text = read_file(name);
    if (!text) return console.fail(text.error());
    const diag::SourcePtr source = diag::make_source(name == "-" ? "<stdin>" : name, *std::move(text));
    diag::Sink sink;
    const syntax::Program tree = syntax::parse(source, sink);
    console.report(sink);
    if (sink.has_errors()) {
      status = kMapperFailed;
      continue;
    }
    const std::string formatted = syntax::format(tree);
    if (options.check_only) {
      if (formatted == source->text()) continue;
      console.out(fmt::format("{}\n", source->name()));
      status = kMapperFailed;
    } else if (options.in_place && name != "-") {
      if (formatted == source->text()) continue;
      if (const Expected<void> written = write_file(name, formatted); !written) return console.fail(written.error());
    } else {
      console.out(formatted);
    }
  }
  return status;
}

}  // namespace mapwright::driver
