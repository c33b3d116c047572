// The figures of docs/programs are what the programs say; `scripts/figures` draws them again.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "cli.h"

namespace mapwright::test {
namespace {

class Figures : public Cli {};

TEST_F(Figures, AreThoseOfThePrograms) {
  const nlohmann::json programs = json({"programs", "--json"});
  for (const nlohmann::json& program : programs["programs"]) {
    const std::string name = program["name"];
    std::ostringstream drawn;
    drawn << std::ifstream(MAPWRIGHT_SOURCE_DIR "/docs/programs/figures/" + name + ".dot").rdbuf();
    EXPECT_EQ(run({"program", "graph", "--program", name, "--preset", "test"}).out, drawn.str()) << "run scripts/figures";
  }
}

TEST_F(Figures, CircuitsExchangesAreOrange) {
  const std::string graph = run({"program", "graph", "--program", "circuit", "--preset", "test"}).out;
  // New voltages reach the ghosts in the next iteration (dashed); charges are folded within one.
  EXPECT_THAT(graph, testing::HasSubstr("l2:a3:e -> l0:a2:e [color=\"#d95f02\", style=dashed, constraint=false];"));
  EXPECT_THAT(graph, testing::HasSubstr("l1:a2:w -> l2:a3:w [color=\"#d95f02\"];"));
  // Currents stay with their wires.
  EXPECT_THAT(graph, testing::HasSubstr("l0:a4:w -> l1:a3:w [color=\"#555555\"];"));
}

}  // namespace
}  // namespace mapwright::test
