// Measured times that are kept apart from their program.
#include <gtest/gtest.h>

#include "program/calibration.h"

namespace mapwright::program {
namespace {

Program program() {
  Builder b("p");
  b.program().parameters = {{"n", "64"}};
  const RegionId r = b.add_region("r", PointSet(Rect::of_extents({8})), {{"f", 8}});
  Variant cpu, omp;
  omp.kind = ProcessorKind::Omp;
  cpu.flops = 100;
  cpu.kernel = [](KernelContext&) {};
  const TaskId t = b.add_task("work", {cpu, omp});
  Argument a;
  a.name = "a";
  a.region = r;
  a.fields = {0};
  b.index_launch(t, Rect::of_extents({1}), {a});
  return b.finish();
}

Calibration calibration() {
  Calibration c {"p", {{"n", "64"}}, "here", {}};
  c.entries.push_back({"work", ProcessorKind::Cpu, {{{}, {}, {}, Expr(0.5) * Expr::elements(0)}, {{}, FieldOrder::Aos, DimOrder::C, Expr(-0.25), 0}}});
  c.entries.push_back({"work", ProcessorKind::Omp, {{{}, {}, {}, Expr(0.125)}}});
  return c;
}

int problem(const Calibration& c) {
  Program p = program();
  const Expected<void> applied = apply(c, p);
  return applied ? 0 : applied.error().code;
}

TEST(Calibration, ReplacesCostsAndKeepsKernels) {
  Program p = program();
  ASSERT_TRUE(apply(calibration(), p).has_value());
  EXPECT_EQ(p.tasks[0].variants[0].measured.size(), 2U);
  EXPECT_EQ(p.tasks[0].variants[0].measured[1].argument, 0U);
  EXPECT_TRUE(p.tasks[0].variants[0].kernel);
  EXPECT_EQ(p.tasks[0].variants[1].measured[0].seconds.to_text(), "0.125");
}

TEST(Calibration, SurvivesAFile) {
  diag::Sink sink;
  const std::string text = export_json(calibration());
  const auto read = import_calibration(diag::make_source("c.json", text), sink);
  ASSERT_TRUE(read.has_value()) << text;
  EXPECT_EQ(export_json(*read), text);
  EXPECT_EQ(read->entries.size(), 2U);
}

TEST(Calibration, OfAnotherProgramIsRefused) {
  EXPECT_EQ(problem(calibration()), 0);
  Calibration c = calibration();
  c.program = "q";
  EXPECT_EQ(problem(c), 4117);
  c = calibration();
  c.parameters["n"] = "65";
  EXPECT_EQ(problem(c), 4117);
  c = calibration();
  c.entries[0].task = "rest";
  EXPECT_EQ(problem(c), 4117);
  c = calibration();
  c.entries[1].kind = ProcessorKind::Gpu;
  EXPECT_EQ(problem(c), 4117);
  c = calibration();
  c.entries[0].measured[1].argument = 1;
  EXPECT_EQ(problem(c), 4117);
}

TEST(Calibration, MistakesOfAFileHaveAPlace) {
  const auto code = [](const char* text) {
    diag::Sink sink;
    EXPECT_FALSE(import_calibration(diag::make_source("c.json", text), sink).has_value());
    return sink.all().empty() ? 0 : sink.all().front().code;
  };
  EXPECT_EQ(code("{"), 4201);
  EXPECT_EQ(code(R"({"schema": "mapwright.program/1"})"), 4208);
  EXPECT_EQ(code(R"({"schema": "mapwright.calibration/1", "program": "p", "machine": "m", "tasks": [], "speed": 1})"), 4203);
  EXPECT_EQ(code(R"({"schema": "mapwright.calibration/1", "program": "p", "tasks": []})"), 4205);
}

}  // namespace
}  // namespace mapwright::program
