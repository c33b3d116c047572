// Golden tests: every *.mapper below this folder holds a mapper and what one stage says about it.
//
//   // RUN: check | tokens | fmt | ast | mapper | place FUNCTION EXTENTS [parent] | check padded BYTES
//   ...the mapper...
//   // CHECK:
//   // ...the expected output, each line behind `// `...
//
// The stage reads the text above the line `// CHECK:`. `place` evaluates on 2 nodes of 8 CPUs, 4 GPUs and 2 OMPs; with
// `parent`, the parent runs on GPU 3 of node 1. MAPWRIGHT_UPDATE_GOLDEN=1 rewrites the expected output; read the diff.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "base/base.h"
#include "diag/diag.h"
#include "sema/sema.h"
#include "syntax/syntax.h"

namespace mapwright {
namespace {

const std::filesystem::path kRoot = std::filesystem::path(MAPWRIGHT_SOURCE_DIR) / "tests" / "golden";
constexpr std::string_view kCheck = "// CHECK:\n";

std::vector<std::string> golden_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kRoot)) {
    if (entry.path().extension() == ".mapper") files.push_back(std::filesystem::relative(entry.path(), kRoot).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct Golden {
  std::vector<std::string> command;
  std::string input, expected;
};

Golden read_golden(const std::string& text) {
  Golden g;
  std::istringstream first(text.substr(0, text.find('\n')));
  std::string slashes, run, word;
  first >> slashes >> run;
  if (run != "RUN:") return g;
  while (first >> word) g.command.push_back(word);
  const std::size_t check = text.find(kCheck);
  g.input = text.substr(0, check);
  if (check == std::string::npos) return g;
  std::istringstream rest(text.substr(check + kCheck.size()));
  for (std::string line; std::getline(rest, line);) g.expected += (line.size() > 3 ? line.substr(3) : "") + "\n";
  return g;
}

std::string findings(const diag::Sink& sink) {
  std::size_t hidden = 0;
  std::string out;
  for (const diag::Diagnostic& d : sink.take_sorted(20, &hidden)) {
    out += diag::render_text(d);
    if (!d.equivalent.empty()) out += fmt::format("  equivalent: {}\n", d.equivalent);
  }
  if (hidden) out += fmt::format("{} more\n", hidden);
  return out.empty() ? "nothing to report\n" : out;
}

std::string place(const sema::Mapper& mapper, const std::vector<std::string>& command) {
  sema::MachineShape shape;
  shape.machine_name = "two_nodes";
  shape.address_spaces = 2;
  shape.processors = {8, 4, 2, 0, 0, 0};
  sema::PlacementEvaluator evaluator(mapper, shape);
  sema::TaskContext task, parent;
  task.name = "stencil";
  if (command.at(2) != "single") {
    std::istringstream extents(command.at(2));
    for (std::string n; std::getline(extents, n, 'x');) task.extents[task.extents.dim++] = std::stoll(n);
  }
  task.point = Point::filled(task.extents.dim, 0);
  if (command.size() > 3) {
    parent.name = "parent";
    parent.processor = sema::MachinePoint {ProcessorKind::Gpu, 1, 3};
    task.parent = &parent;
  }
  std::string out = "no such function\n";
  for (std::size_t f = 0; f < mapper.function_count(); ++f) {
    if (mapper.function_name(sema::FunctionId(f)) != command.at(1)) continue;
    const auto table = evaluator.place_all(sema::FunctionId(f), task);
    out = table ? sema::render_grid(**table, task.extents) : diag::render_text(table.error());
    if (!table && !table.error().equivalent.empty()) out += fmt::format("  equivalent: {}\n", table.error().equivalent);
  }
  for (const std::string& line : evaluator.printed()) out += "print: " + line + "\n";
  return out;
}

std::string run(const Golden& g, const std::string& name) {
  std::string text = g.input;
  if (g.command.size() > 2 && g.command[1] == "padded") text.resize(std::stoul(g.command[2]), ' ');
  const diag::SourcePtr source = diag::make_source(name, text);
  diag::Sink sink;
  const std::string& stage = g.command.at(0);
  if (stage == "tokens") return syntax::dump_tokens(source, sink);
  const syntax::Program program = syntax::parse(source, sink);
  if (stage == "ast" || stage == "fmt") return sink.has_errors() ? findings(sink) : stage == "ast" ? syntax::dump(program) : syntax::format(program);
  const sema::Mapper mapper = sema::analyze(program, source, sink);
  if (stage == "mapper") return sink.has_errors() ? findings(sink) : mapper.dump();
  if (stage == "place") return sink.has_errors() ? findings(sink) : place(mapper, g.command);
  return stage == "check" ? findings(sink) : "unknown stage " + stage + "\n";
}

class GoldenTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, GivesTheExpectedOutput) {
  const std::string path = (kRoot / GetParam()).string();
  const auto text = read_file(path);
  ASSERT_TRUE(text.has_value());
  const Golden g = read_golden(*text);
  ASSERT_FALSE(g.command.empty()) << path << " does not begin with `// RUN: ...`";
  const std::string actual = run(g, std::filesystem::path(path).filename().string());
  if (std::getenv("MAPWRIGHT_UPDATE_GOLDEN") != nullptr) {
    std::string updated = g.input + std::string(kCheck);
    std::istringstream lines(actual);
    for (std::string line; std::getline(lines, line);) updated += line.empty() ? "//\n" : "// " + line + "\n";
    ASSERT_TRUE(write_file(path, updated).has_value());
    return;
  }
  EXPECT_EQ(actual, g.expected) << path << ": MAPWRIGHT_UPDATE_GOLDEN=1 rewrites it";
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenTest, testing::ValuesIn(golden_files()), [](const auto& file) {
  std::string name = file.param;
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
});

// Every code of the language occurs in the expected output of some file.
TEST(GoldenCoverage, EveryCodeOfTheLanguageOccurs) {
  std::string all;
  for (const std::string& file : golden_files()) all += read_golden(*read_file((kRoot / file).string())).expected;
  for (const diag::CodeInfo& info : diag::all_codes()) {
    if (info.code >= 4000) continue;
    EXPECT_NE(all.find(diag::code_name(info.code)), std::string::npos) << diag::code_name(info.code) << " (" << info.title << ") has no golden test";
  }
}

}  // namespace
}  // namespace mapwright
