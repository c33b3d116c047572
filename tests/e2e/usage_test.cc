// Wrong usage: exit status 2, nothing on standard output, and a message that helps.
#include <gmock/gmock.h>

#include "cli.h"

namespace mapwright::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class Usage : public Cli {};

struct Mistake {
  std::vector<std::string> arguments;
  const char* message;
};

TEST_F(Usage, MistakesAreTwo) {
  write("ok.mapper", "Task * GPU,CPU;\n");
  const Mistake mistakes[] = {
      {{}, "no command given"},
      {{"chek", "ok.mapper"}, "did you mean `check`?"},
      {{"frobnicate"}, "unknown command `frobnicate`"},
      {{"check"}, "MAPPER is required"},
      {{"check", "ok.mapper", "--progam", "circuit"}, "did you mean `--program`?"},
      {{"check", "ok.mapper", "--program", "circut"}, "circuit"},
      {{"check", "ok.mapper", "--format", "xml"}, "not one of text, short, json"},
      {{"check", "ok.mapper", "--color", "alway"}, "did you mean `always`?"},
      {{"place", "ok.mapper", "--task", "t"}, "--domain is required"},
      {{"place", "ok.mapper", "--task", "t", "--domain", "4by4"}, "`4by4` is no domain"},
      {{"place", "ok.mapper", "--task", "t", "--domain", "0x4"}, "`0x4` is no domain"},
      {{"place", "ok.mapper", "--task", "t", "--domain", "100000x100000"}, "is no domain"},
      {{"place", "ok.mapper", "--task", "t", "--domain", "4", "--processor", "GPUS"}, "did you mean `GPU`?"},
      {{"run"}, "no program given"},
      {{"run", "--program", "circuit", "--engine", "simm"}, "did you mean `sim`?"},
      {{"run", "--program", "circuit", "--machine", "p10"}, "p100"},
      {{"run", "--program", "circuit", "--preset", "tset"}, "test"},
      {{"run", "--program", "circuit", "--set", "nodes"}, "not NAME=VALUE"},
      {{"run", "--program", "circuit", "--set", "no_such_parameter=1"}, "no_such_parameter"},
      {{"run", "--program", "circuit", "--nodes", "0"}, "--nodes"},
      {{"run", "--program", "circuit", "--gpus", "many"}, "many"},
      {{"run", "--program", "circuit", "--timeout", "-1"}, "--timeout"},
      {{"run", "--program", "circuit", "--mapper", "random:x"}, "no seed"},
      {{"tune", "--program", "circuit", "--optimizer", "nonsense"}, "nonsense"},
      {{"tune", "--program", "circuit", "--iterations", "0"}, "--iterations"},
      {{"tune", "--program", "circuit", "--mode", "rough"}, "valid, raw"},
      {{"tune", "--program", "circuit", "--engine", "host", "--screen", "sim:0"}, "such as --screen sim:20"},
      {{"tune", "--program", "circuit", "--engine", "host", "--screen", "sim:20x"}, "such as --screen sim:20"},
      {{"tune", "--program", "circuit", "--engine", "host", "--screen", "foo"}, "`--screen foo` is not sim:K with K from 1 to 10000"},
      {{"tune", "--program", "circuit", "--screen", "sim:20", "--engine", "sim"}, "drop --screen"},
      {{"legion"}, "A subcommand is required"},
      {{"legion", "exec"}, "COMMAND is required"},
      {{"explain", "MW9999"}, "no diagnostic code"},
      {{"explain", "hello"}, "no diagnostic code"},
      {{"dump", "ok.mapper", "--stage", "tree"}, "tokens, ast, mapper, plan"},
      {{"dump", "ok.mapper", "--stage", "plan"}, "no program given"},
      {{"diff", "ok.mapper", "--program", "circuit"}, "MAPPER"},
      {{"why", "ok.mapper", "--program", "circuit", "--task", "calculate_new_current"}, "did you mean `calculate_new_currents`?"},
      {{"why", "ok.mapper", "--program", "circuit", "--preset", "test", "--task", "calculate_new_currents", "--point", "x"}, "no point"},
      {{"why", "ok.mapper", "--program", "circuit", "--preset", "test", "--task", "calculate_new_currents", "--point", "99999"}, "has the point"},
      {{"trace", "--program", "circuit"}, "--out"},
      {{"programs", "show"}, "PROGRAM is required"},
      {{"programs", "show", "circuitt"}, "circuit"},
      {{"study", "throughputt"}, "`mapwright study` has no `throughputt`\n  = help: did you mean `throughput`?"},
      {{"study", "throughput", "--strategies", "randm"}, "did you mean `random`?"},
      {{"study", "throughput", "--programs", "circut"}, "did you mean `circuit`?"},
      {{"study", "throughput", "--seeds", "0"}, "see `mapwright study throughput --help`"},
      {{"journal"}, "subcommand"},
      {{"machines", "show", "lasen"}, "lassen"},
  };
  for (const Mistake& m : mistakes) {
    const Ended ended = run(m.arguments);
    const std::string line = testing::PrintToString(m.arguments);
    EXPECT_EQ(ended.status, 2) << line << ended.err;
    EXPECT_THAT(ended.out, IsEmpty()) << line;
    EXPECT_THAT(ended.err, HasSubstr(m.message)) << line;
  }
}

TEST_F(Usage, HelpAndVersionAreResults) {
  const Ended help = run({"--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* command : {"check", "run", "tune", "place", "why", "diff", "compare", "fmt", "explain", "dump", "trace", "init"}) {
    EXPECT_THAT(help.out, HasSubstr(command));
  }
  EXPECT_THAT(help.err, IsEmpty());
  EXPECT_THAT(run({"tune", "--help"}).out, HasSubstr("--iterations"));
  EXPECT_THAT(run({"journal", "show", "--help"}).out, HasSubstr("--run"));
  const Ended version = run({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_THAT(version.out, HasSubstr("mapwright 0."));
}

TEST_F(Usage, NothingIsMeasuredForWhatCannotWork) {
  const Ended unknown = run({"run", "--program", "circuit", "--machine", "host", "--set", "no_such_parameter=1"});
  EXPECT_EQ(unknown.status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("MW4303"));
  const Ended range = run({"run", "--program", "circuit", "--machine", "host", "--set", "p=-1"});
  EXPECT_EQ(range.status, 2);
  EXPECT_THAT(range.err, HasSubstr("outside 1.."));
  const Ended nowhere = run({"machines", "detect", "-o", "no/such/directory/host.toml"});
  EXPECT_EQ(nowhere.status, 3);
  EXPECT_THAT(nowhere.err, HasSubstr("MW6003"));
  EXPECT_EQ(run({"machines", "detect", "-o", "."}).status, 3);
}

TEST_F(Usage, TheEnvironmentIsThree) {
  EXPECT_EQ(run({"check", "no-such.mapper"}).status, 3);
  EXPECT_EQ(run({"check", "."}).status, 3);
  EXPECT_EQ(run({"run", "--program", "circuit", "--machine", write("bad.toml", "nodes = [")}).status, 3);
  EXPECT_EQ(run({"journal", "show", "--journal", write("not.db", "this is no database, but a text that is long enough")}).status, 3);
  EXPECT_EQ(run({"init", "--program", "circuit", "--out", "no/such/directory/a.mapper"}).status, 3);
  const Ended unreadable = run({"check", "no-such.mapper"});
  EXPECT_THAT(unreadable.out, IsEmpty());
  EXPECT_THAT(unreadable.err, HasSubstr("MW6001"));
}

}  // namespace
}  // namespace mapwright::test
