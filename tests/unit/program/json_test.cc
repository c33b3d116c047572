#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "programs.h"

namespace mapwright::program {
namespace {

// One line per statement so that the tests can say where mistakes are.
constexpr std::string_view kMinimal = R"json({
  "schema": "mapwright.program/1",
  "name": "axpy",
  "regions": [{"name": "x", "points": [[[0], [999]]], "fields": [{"name": "value", "bytes": 8}]}],
  "partitions": [{"name": "blocks", "region": "x", "blocks": [4]}],
  "tasks": [{"name": "axpy", "variants": [{"processor": "CPU", "flops": "2 * elements(0)"}]}],
  "main": [
    {"launch": "axpy", "domain": [[0], [3]],
     "arguments": [{"name": "x", "region": "x", "partition": "blocks", "projection": ["p0"], "fields": ["value"], "privilege": "read_write"}]}
  ]
}
)json";

std::optional<Program> read(const std::string& text, std::vector<std::string>* messages = nullptr) {
  diag::Sink sink;
  auto p = import_json(diag::make_source("file", text), sink);
  EXPECT_EQ(p.has_value(), sink.errors() == 0);
  if (messages) {
    for (const diag::Diagnostic& d : sink.take_sorted()) messages->push_back(diag::render_short(d));
  }
  return p;
}

// The minimal file with one replacement: the first finding has `code` and points at the text `at`.
void mistake(std::string_view from, std::string_view to, int code, std::string_view at) {
  std::string text(kMinimal);
  const std::size_t place = text.find(from);
  ASSERT_NE(place, std::string::npos) << from;
  text.replace(place, from.size(), to);
  diag::Sink sink;
  EXPECT_FALSE(import_json(diag::make_source("file", text), sink));
  ASSERT_FALSE(sink.all().empty()) << to;
  const diag::Diagnostic first = sink.take_sorted().front();
  EXPECT_EQ(first.code, code) << first.message;
  ASSERT_TRUE(first.source);
  EXPECT_EQ(first.source->text().substr(first.span.begin, at.size()), at) << first.message;
}

void expect_round_trip(const Program& p) {
  const std::string text = export_json(p);
  std::vector<std::string> messages;
  const auto again = read(text, &messages);
  ASSERT_TRUE(again) << messages.front();
  EXPECT_EQ(export_json(*again), text);
  EXPECT_EQ(again->hash(), p.hash());
  EXPECT_EQ(again->point_tasks(), p.point_tasks());
}

TEST(Json, MinimalFile) {
  const auto p = read(std::string(kMinimal));
  ASSERT_TRUE(p);
  EXPECT_EQ(p->name, "axpy");
  EXPECT_EQ(p->partitions[0].pieces[3], PointSet(Rect({750}, {999})));
  EXPECT_TRUE(p->partitions[0].disjoint);
  EXPECT_EQ(p->point_tasks(), 4);
  EXPECT_EQ(p->top_level, "main");
  EXPECT_EQ(p->metric.name, "seconds");
  expect_round_trip(*p);
}

TEST(Json, MistakesAreLocated) {
  mistake("\"name\": \"axpy\",", "\"name\": \"axpy\",,", diag::kJsonSyntax, ",\n  \"regions\"");
  mistake("/1\"", "/2\"", diag::kUnsupportedSchema, "\"mapwright.program/2\"");
  mistake("\"regions\": [{", "\"regions\": [{\"colour\": 1, ", diag::kUnknownProgramKey, "\"colour\"");
  mistake("\"bytes\": 8}", "\"bytes\": 8, \"bytes\": 4}", diag::kUnknownProgramKey, "\"bytes\": 4");
  mistake("\"bytes\": 8", "\"bytes\": -8", diag::kProgramValueOutOfRange, "-8");
  mistake("\"bytes\": 8", "\"bytes\": 8.0", diag::kWrongProgramType, "8.0");
  mistake("[[[0], [999]]]", "[[[0], [99999999999999]]]", diag::kProgramValueOutOfRange, "99999999999999");
  mistake("[[[0], [999]]]", "[[[0, 0], [999]]]", diag::kWrongProgramType, "[[0, 0], [999]]");
  mistake("\"region\": \"x\", \"blocks\"", "\"region\": \"y\", \"blocks\"", diag::kUnknownProgramWord, "\"y\"");
  mistake("\"blocks\": [4]", "\"blocks\": [4, 4]", diag::kProgramValueOutOfRange, "[4, 4]");
  mistake("\"CPU\"", "\"CPUS\"", diag::kUnknownProgramWord, "\"CPUS\"");
  mistake("2 * elements(0)", "2 * elemnts(0)", diag::kExpressionSyntax, "elemnts");
  mistake("\"privilege\": \"read_write\"", "\"privilege\": \"rw\"", diag::kUnknownProgramWord, "\"rw\"");
  mistake(", \"privilege\": \"read_write\"", "", diag::kMissingProgramKey, "{\"name\": \"x\", \"region\": \"x\", \"partition\"");
  mistake("{\"launch\"", "{\"lunch\"", diag::kUnknownProgramKey, "\"lunch\"");
  mistake("\"projection\"", "\"table\": [0, 1, 2, 3], \"projection\"", diag::kMissingProgramKey, "{\"name\": \"x\", \"region\": \"x\", \"partition\"");
}

TEST(Json, LinesAndColumns) {
  std::string text(kMinimal);
  text.replace(text.find("\"axpy\","), 7, "7,");
  std::vector<std::string> messages;
  EXPECT_FALSE(read(text, &messages));
  EXPECT_EQ(messages[0], "file:3:11: error[MW4204]: `name` must be a string, not an integer");
}

TEST(Json, MistakesOfMeaningPointAtTheStatement) {
  mistake("[\"p0\"]", "[\"p0 + 1\"]", diag::kProjectionOutOfRange, "{\"launch\"");
  mistake("elements(0)", "elements(1)", diag::kInvalidExpression, "{\"launch\"");
  mistake("{\"name\": \"blocks\"", "{\"name\": \"2blocks\"", diag::kUnknownProgramWord, "\"blocks\"");
  mistake("{\"name\": \"value\"", "{\"name\": \"value\", \"bytes\": 4}, {\"name\": \"value\"", diag::kInvalidProgramName, "{\"name\": \"x\", \"points\"");
  mistake("\"blocks\": [4]}", "\"blocks\": [4], \"complete\": false}", diag::kInvalidPartition, "false");
  mistake("\"blocks\": [4]}", "\"colors\": [[0], [3]], \"pieces\": [[], [], [], [[[0], [1000]]]]}", diag::kInvalidPartition, "{\"name\": \"blocks\"");
  mistake("{\"processor\"", "{\"processor\": \"CPU\"}, {\"processor\"", diag::kInvalidVariant, "{\"name\": \"axpy\", \"variants\"");
}

TEST(Json, EscapesDoNotConfusePlaces) {
  std::string text(kMinimal);
  text.replace(text.find("\"axpy\","), 7, "\"a\\u0078\\\"\\\\py\",");
  text.replace(text.find("\"bytes\""), 7, "\"by\\u0074es\"");
  const auto p = read(text);
  ASSERT_TRUE(p);
  EXPECT_EQ(p->name, "ax\"\\py");
  expect_round_trip(*p);
}

TEST(Json, LimitsHold) {
  const auto code = [](const std::string& text) {
    std::vector<std::string> messages;
    EXPECT_FALSE(read(text, &messages));
    return messages.empty() ? "" : messages[0].substr(messages[0].find("MW"), 6);
  };
  EXPECT_EQ(code(""), "MW4201");
  EXPECT_EQ(code("7"), "MW4204");
  EXPECT_EQ(code("{\"schema\": \"mapwright.program/1\"} x"), "MW4201");
  EXPECT_EQ(code(std::string(100000, '[')), "MW4202");
  EXPECT_EQ(code("\"\xff\""), "MW4201");
  std::string blocks(kMinimal);
  blocks.replace(blocks.find("\"blocks\": [4]"), 13, "\"blocks\": [16000000]");
  EXPECT_EQ(code(blocks), "MW4206");
  // Many overlapping boxes in several dimensions are refused before they fall apart.
  std::string boxes = "[[[0, 0, 0, 0], [9, 9, 9, 9]]";
  for (int i = 1; i < 1500; ++i) boxes += fmt::format(", [[{}, {}, {}, {}], [{}, 99, 99, 99]]", i % 7, i % 11, i % 13, i % 5, i);
  std::string set(kMinimal);
  set.replace(set.find("[[[0], [999]]]"), 14, boxes + "]");
  EXPECT_EQ(code(set), "MW4202");
}

TEST(Json, OverlappingRectanglesOfASetAreRefused) {
  std::string text(kMinimal);
  text.replace(text.find("[[[0], [999]]]"), 14, "[[[0, 0], [3, 3]], [[3, 3], [5, 5]]]");
  std::vector<std::string> messages;
  EXPECT_FALSE(read(text, &messages));
  EXPECT_NE(messages[0].find("MW4206"), std::string::npos);
}

// A cycle as Pennant has it: the smallest time step of all pieces decides the next one.
TEST(Json, ACycleWithAFutureRoundTrips) {
  Builder b("cycle");
  const RegionId zones = b.add_region("zones", line(100), {{"zdl", 8}, {"zss", 8}});
  const PartitionId pieces = b.add_block_partition("rz", zones, std::array<std::int64_t, 1> {4});
  const TaskId state = b.add_task("calc_state", {cpu()});
  const TaskId dt_hydro = b.add_task("calc_dt_hydro", {cpu()});
  const TaskId global = b.add_task("calc_global_dt", {cpu()});
  const FutureId smallest = b.add_future("smallest"), dt = b.add_future("dt");
  const Rect domain = Rect::of_extents({4});
  b.single_launch(global, {}).result = {dt, ReductionOp::Min};
  b.begin_loop("cycle", 30, true, "cycles");
  b.index_launch(state, domain, {piece("rz", zones, pieces, {Expr::point(0)}, Privilege::ReadWrite, {0, 1})}).futures = {dt};
  b.index_launch(dt_hydro, domain, {piece("rz", zones, pieces, {Expr::point(0)}, Privilege::Read, {0, 1})}).result = {smallest, ReductionOp::Min};
  Launch& l = b.single_launch(global, {});
  l.futures = {smallest};
  l.result = {dt, ReductionOp::Min};
  l.values = {1.2, 1e99, -0.5};
  b.wait(dt);
  b.fence(false);
  b.end_loop();
  expect_round_trip(b.finish());
}

// What a profile of a real run turns into: measured times by memory and layout, and colours as tables.
TEST(Json, ARecordedProgramRoundTrips) {
  Builder b("recorded");
  b.program().parameters = {{"input", "deck \"7\""}};
  b.program().ranks_per_node = 4;
  b.program().top_level = "top";
  b.program().reference_mapper = "Task * GPU;\n# \"quoted\" \\ text\n";
  const RegionId r = b.add_region("mesh", PointSet::of_rects(1, {Rect({0}, {9}), Rect({20}, {29})}), {{"a", 8}, {"b", 4}, {"flag", 1}});
  const PartitionId q = b.add_partition("sparse", r, Rect({1}, {3}),
                                        {PointSet(Rect({0}, {4})), PointSet::of_rects(1, {Rect({3}, {9}), Rect({25}, {29})}), PointSet(Rect({0}, {-1}))});
  const PartitionId inner = b.add_partition("inner", r, Rect::of_extents({1}), {PointSet(Rect({25}, {26}))}, std::pair(q, 1U));
  Variant v = cpu();
  v.kind = ProcessorKind::Gpu;
  v.precision = Precision::Single;
  v.efficiency = 0.25;
  v.preferred = DimOrder::C;
  v.measured = {{{MemoryKind::FbMem, std::nullopt, MemoryKind::ZcMem}, FieldOrder::Aos, DimOrder::F, Expr(1.25e-5) * Expr::elements(0)}, {{}, {}, {}, Expr(0.002)}, {{}, {}, DimOrder::C, Expr(0.001), 1}};
  v.demands = {{1, FieldOrder::Soa, {}, "text"}, {{}, {}, DimOrder::F, ""}};
  const TaskId t = b.add_task("name with spaces", {v, cpu()});
  b.program().tasks[t.value].replicable = false;
  Argument table = piece("t", r, q, {}, Privilege::ReadWrite, {0, 1});
  table.projection = {{}, {2, 0, 1, 0}};
  AccessPattern gather;
  gather.kind = AccessPattern::Kind::Gather;
  gather.fields = {1};
  gather.count = Expr::elements(1) * Expr(0.218);
  gather.bytes = 4;
  gather.distinct = Expr::elements(0);
  AccessPattern stencil;
  stencil.kind = AccessPattern::Kind::Stencil;
  stencil.reuse = 1.5;
  stencil.passes = 0.5;
  table.patterns = {gather, stencil};
  Argument sum = piece("s", r, inner, {Expr(0)}, Privilege::Reduce, {0});
  sum.reduction = ReductionOp::Max;
  sum.region = r;
  Argument none = whole("n", r, Privilege::None, {});
  b.fill(r, {0, 2}, 0, q);
  b.fill(r, {1}, -2.5);
  b.timer_start("w");
  // Colour 2 is empty, 0 does not meet `inner`; the sum is of another field where they meet.
  sum.fields = {0};
  table.fields = {1};
  table.patterns[1].fields = {};
  b.index_launch(t, Rect({2, 0}, {3, 1}), {table, sum, none});
  b.fence();
  b.timer_stop("w");
  Metric m;
  m.name = "rate";
  m.unit = "1/s";
  m.formula = Expr(3) / Expr::seconds();
  m.higher_is_better = true;
  m.combine = Metric::Combine::Span;
  m.label = "w";
  b.set_metric(m);
  expect_round_trip(b.finish());
}

TEST(Json, HugeButLegalNumbersSurvive) {
  Builder b("numbers");
  const RegionId r = b.add_region("x", PointSet(Rect({-(std::int64_t {1} << 40)}, {std::int64_t {1} << 40})), {{"v", 65536}});
  Variant v = cpu();
  v.flops = Expr(1e22) * Expr(0.1) - Expr(-3);
  b.single_launch(b.add_task("t", {v}), {whole("x", r, Privilege::Read)});
  expect_round_trip(b.finish());
}

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << path;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Json, EveryExampleProgramIsRightAndRoundTrips) {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(MAPWRIGHT_SOURCE_DIR "/examples/programs")) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path());
    ++found;
    std::vector<std::string> messages;
    const auto p = read(slurp(entry.path()), &messages);
    ASSERT_TRUE(p) << messages[0];
    expect_round_trip(*p);
  }
  EXPECT_GE(found, 3);
}

// Other tools write the members of an object in other orders, often sorted.
TEST(Json, TheOrderOfKeysMeansNothing) {
  for (const auto& entry : std::filesystem::directory_iterator(MAPWRIGHT_SOURCE_DIR "/examples/programs")) {
    if (entry.path().extension() != ".json") continue;
    const auto p = read(slurp(entry.path()));
    const auto q = read(nlohmann::json::parse(slurp(entry.path())).dump());
    ASSERT_TRUE(p && q) << entry.path();
    EXPECT_EQ(export_json(*q), export_json(*p));
  }
}

TEST(Json, AStatementSaysWhatItIs) {
  mistake("\"launch\": \"axpy\", \"domain\"", "\"domain\"", diag::kUnknownProgramKey, "{\"domain\"");
}

TEST(Json, WholeProgramsInTheDocumentationAreRight) {
  for (const char* page : {"/docs/formats/program.md", "/docs/programs/modelling.md"}) {
    const std::string text = slurp(std::string(MAPWRIGHT_SOURCE_DIR) + page);
    int found = 0;
    for (std::size_t at = text.find("```json\n{\n"); at != std::string::npos; at = text.find("```json\n{\n", at + 1)) {
      const std::size_t begin = at + 8;
      std::vector<std::string> messages;
      const auto p = read(text.substr(begin, text.find("```", begin) - begin), &messages);
      ASSERT_TRUE(p) << page << ": " << messages[0];
      expect_round_trip(*p);
      ++found;
    }
    EXPECT_EQ(found, 1) << page;
  }
}

}  // namespace
}  // namespace mapwright::program
