// The examples of docs/diagnostics: each wrong one is reported with the code of its page, each right one is fine.
#include "helpers.h"

namespace mapwright::sema {
namespace {

// The text between "```mapper" and "```" behind `heading`, empty when the example is none.
std::string example(std::string_view page, std::string_view heading) {
  const std::size_t section = page.find(heading);
  if (section == std::string_view::npos) return {};
  const std::size_t end = page.find("\n## ", section + heading.size());
  const std::string_view part = page.substr(section, end == std::string_view::npos ? end : end - section);
  constexpr std::string_view kFence = "```mapper\n";
  const std::size_t begin = part.find(kFence);
  if (begin == std::string_view::npos) return {};
  return std::string(part.substr(begin + kFence.size(), part.find("\n```", begin) + 1 - begin - kFence.size()));
}

// Codes of checking the text and of placing a 4 x 4 launch with every placement function in it.
std::vector<int> all_codes_of(const std::string& text, bool with_parent) {
  diag::Sink sink;
  const Mapper m = compile(diag::make_source("example.mapper", text), sink);
  std::vector<int> codes;
  for (const diag::Diagnostic& d : sink.take_sorted()) codes.push_back(d.code);
  if (sink.has_errors()) return codes;
  PlacementEvaluator e(m, two_nodes());
  TaskContext parent = task_of(), task = task_of({0, 0}, {4, 4});
  parent.processor = MachinePoint {ProcessorKind::Gpu, 0, 0};
  if (with_parent) task.parent = &parent;
  for (std::size_t f = 0; f < m.function_count(); ++f) {
    const auto table = e.place_all(FunctionId(f), task);
    if (!table && table.error().code != diag::kNotAPlacementFunction) codes.push_back(table.error().code);
  }
  return codes;
}

TEST(Pages, ExamplesAreRight) {
  int seen = 0;
  for (const diag::CodeInfo& info : diag::all_codes()) {
    if (info.code >= 4000) continue;
    const std::string_view page = diag::code_page(info.code);
    const std::string wrong = example(page, "\n## Wrong\n"), right = example(page, "\n## Right\n");
    const bool with_parent = info.code == diag::kProcessorOutsideSpace;
    if (!wrong.empty()) {
      const auto codes = all_codes_of(wrong, with_parent);
      EXPECT_NE(std::find(codes.begin(), codes.end(), info.code), codes.end()) << diag::code_name(info.code) << " is not reported for\n" << wrong;
      ++seen;
    }
    ASSERT_FALSE(right.empty()) << diag::code_name(info.code);
    const auto codes = all_codes_of(right, with_parent);
    EXPECT_TRUE(codes.empty()) << diag::code_name(info.code) << ": " << (codes.empty() ? 0 : codes.front()) << " for\n" << right;
  }
  EXPECT_GT(seen, 60);
}

// Every example of the language reference compiles and places a 4 x 4 launch without an error.
TEST(Pages, ExamplesOfTheReferenceAreRight) {
  const auto page = read_file(std::string(MAPWRIGHT_SOURCE_DIR) + "/docs/language.md");
  ASSERT_TRUE(page);
  int seen = 0;
  constexpr std::string_view kFence = "```mapper\n";
  for (std::size_t at = page->find(kFence); at != std::string::npos; at = page->find(kFence, at + 1)) {
    const std::size_t begin = at + kFence.size();
    const std::string text = page->substr(begin, page->find("\n```", begin) + 1 - begin);
    diag::Sink sink;
    const Mapper m = compile(diag::make_source("language.md", text), sink);
    EXPECT_FALSE(sink.has_errors()) << text << (sink.all().empty() ? "" : diag::render_text(sink.all()[0]));
    PlacementEvaluator e(m, two_nodes());
    TaskContext parent = task_of(), task = task_of({0, 0}, {4, 4});
    parent.processor = MachinePoint {ProcessorKind::Gpu, 0, 0};
    task.parent = &parent;
    for (std::size_t f = 0; f < m.function_count(); ++f) {
      const auto table = e.place_all(FunctionId(f), task);
      EXPECT_TRUE(table) << (table ? "" : diag::render_text(table.error()));
    }
    ++seen;
  }
  EXPECT_GT(seen, 6);
}

}  // namespace
}  // namespace mapwright::sema
