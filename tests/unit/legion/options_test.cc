// Options of a Legion program's command line and of its environment.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "diag/diag.h"
#include "engine/legion/legion.h"

namespace mapwright::engine::legion {
namespace {

using testing::ElementsAre;

Environment environment(std::map<std::string, std::string> variables) {
  return [variables = std::make_shared<std::map<std::string, std::string>>(std::move(variables))](const char* name) -> const char* {
    const auto found = variables->find(name);
    return found == variables->end() ? nullptr : found->second.c_str();
  };
}

TEST(Options, AreTakenOutOfTheArguments) {
  std::vector<std::string> arguments {"./app", "-n", "4", "-mapwright:mapper", "m.mapper", "-ll:cpu", "2", "-mapwright:strict", "-mapwright:log", "l.jsonl"};
  const auto options = take_options(arguments, environment({}));
  ASSERT_TRUE(options);
  EXPECT_EQ(options->mapper, "m.mapper");
  EXPECT_EQ(options->log, "l.jsonl");
  EXPECT_TRUE(options->strict);
  EXPECT_THAT(arguments, ElementsAre("./app", "-n", "4", "-ll:cpu", "2"));
}

TEST(Options, WinOverTheEnvironment) {
  std::vector<std::string> arguments {"./app", "-mapwright:mapper", "argument.mapper"};
  const auto options = take_options(arguments, environment({{kMapperVariable, "environment.mapper"}, {kLogVariable, "log"}, {kStrictVariable, "1"}}));
  ASSERT_TRUE(options);
  EXPECT_EQ(options->mapper, "argument.mapper");
  EXPECT_EQ(options->log, "log");
  EXPECT_TRUE(options->strict);
}

TEST(Options, StrictIsOffForZero) {
  std::vector<std::string> arguments {"./app"};
  EXPECT_FALSE(take_options(arguments, environment({{kStrictVariable, "0"}}))->strict);
  EXPECT_FALSE(take_options(arguments, environment({{kStrictVariable, ""}}))->strict);
  EXPECT_TRUE(take_options(arguments, environment({{kStrictVariable, "yes"}}))->strict);
}

TEST(Options, MistakesAreToldWithTheNearestName) {
  std::vector<std::string> unknown {"./app", "-mapwright:maper", "m"};
  const auto wrong = take_options(unknown, environment({}));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, diag::kLegionOption);
  EXPECT_EQ(wrong.error().message, "unknown option `-mapwright:maper`");
  EXPECT_EQ(wrong.error().help, "did you mean `-mapwright:mapper`?");

  std::vector<std::string> bare {"./app", "-mapwright:log"};
  const auto missing = take_options(bare, environment({}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "option `-mapwright:log` has no value");
}

TEST(Rank, ComesFromTheLauncher) {
  EXPECT_EQ(rank_of(environment({})), std::nullopt);
  EXPECT_EQ(rank_of(environment({{"OMPI_COMM_WORLD_RANK", "3"}})), 3);
  EXPECT_EQ(rank_of(environment({{"SLURM_PROCID", "12"}})), 12);
  EXPECT_EQ(rank_of(environment({{"PMI_RANK", "x"}})), std::nullopt);
}

TEST(Rank, IsPartOfFileNames) {
  EXPECT_EQ(file_of_rank("log_%.jsonl", 0), "log_0.jsonl");
  EXPECT_EQ(file_of_rank("log_%.jsonl", 2), "log_2.jsonl");
  EXPECT_EQ(file_of_rank("log", 0), "log");
  EXPECT_EQ(file_of_rank("log", 2), "log.2");
}

TEST(Library, IsFoundBesideTheProgramOrNotAtAll) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(testing::TempDir()) / "mapwright_legion_library";
  fs::create_directories(folder);
  fs::remove(folder / kLibraryName);
  const auto missing = find_library((folder / "mapwright").string());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, diag::kLegionLibraryMissing);
  std::ofstream(folder / kLibraryName) << "x";
  const auto found = find_library((folder / "mapwright").string());
  ASSERT_TRUE(found);
  EXPECT_EQ(fs::path(*found).filename(), kLibraryName);
}

}  // namespace
}  // namespace mapwright::engine::legion
