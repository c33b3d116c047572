// Every command does what docs/cli.md says, on standard output alone.
#include <gmock/gmock.h>

#include "cli.h"

namespace mapwright::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class Commands : public Cli {
 protected:
  // Runs something that must work; returns its output.
  std::string good(const std::vector<std::string>& arguments, const std::string& input = {}) const {
    const Ended ended = run(arguments, input);
    EXPECT_EQ(ended.status, 0) << testing::PrintToString(arguments) << ended.out << ended.err;
    return ended.out;
  }
  static std::vector<std::string> circuit(std::vector<std::string> words) {
    words.insert(words.end(), {"--program", "circuit", "--preset", "test"});
    return words;
  }
};

constexpr const char* kBlocks =
    "Task * GPU,CPU;\n"
    "m = Machine(GPU);\n"
    "def blocks(Task t) {\n"
    "  return m[t.ipoint[0] * m.size[0] / t.ispace[0], t.ipoint[1] * m.size[1] / t.ispace[1]];\n"
    "}\n"
    "IndexTaskMap work blocks;\n";

TEST_F(Commands, FmtPrintsRewritesAndChecks) {
  const std::string name = write("a.mapper", "Task   *  GPU , CPU ;  # kinds\nRegion * * GPU FBMEM;");
  const std::string formatted = good({"fmt", name});
  EXPECT_THAT(formatted, HasSubstr("Task * GPU,CPU;"));
  EXPECT_THAT(formatted, HasSubstr("# kinds"));
  const Ended checked = run({"fmt", "--check", name});
  EXPECT_EQ(checked.status, 1);
  EXPECT_EQ(checked.out, "a.mapper\n");
  EXPECT_THAT(good({"fmt", "-i", name}), IsEmpty());
  EXPECT_EQ(read(name), formatted);
  EXPECT_THAT(good({"fmt", "--check", name}), IsEmpty());
  EXPECT_EQ(good({"fmt", "-"}, "Task * GPU,CPU;\n"), "Task * GPU,CPU;\n");
  const Ended bad = run({"fmt", write("b.mapper", "Task * GPU")});
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.out, IsEmpty());
  EXPECT_THAT(bad.err, HasSubstr("MW2004"));
}

TEST_F(Commands, ExplainPrintsThePage) {
  const std::string page = good({"explain", "MW3004"});
  EXPECT_THAT(page, StartsWith("# MW3004"));
  EXPECT_EQ(good({"explain", "3004"}), page);
  EXPECT_EQ(good({"explain", "mw3004"}), page);
  EXPECT_THAT(good({"explain"}), HasSubstr("MW5007"));
}

TEST_F(Commands, DumpShowsEveryStage) {
  const std::string name = write("a.mapper", kBlocks);
  EXPECT_THAT(good({"dump", name, "--stage=tokens"}), HasSubstr("Task"));
  EXPECT_THAT(good({"dump", name, "--stage=ast"}), HasSubstr("blocks"));
  EXPECT_THAT(good({"dump", name, "--stage=mapper"}), HasSubstr("blocks"));
  EXPECT_THAT(good(circuit({"dump", name, "--stage=plan"})), HasSubstr("calculate_new_currents"));
  EXPECT_THAT(good(circuit({"dump", "expert", "--stage=ast"})), HasSubstr("rp_shared"));
}

TEST_F(Commands, PlaceDrawsAGrid) {
  const std::string name = write("a.mapper", kBlocks);
  // 2 nodes x 2 GPUs: rows 0 and 1 on node 0, columns 0 and 1 on GPU 0.
  const std::string grid = good({"place", name, "--task", "work", "--domain", "4x4", "--machine", "generic", "--nodes", "2", "--gpus", "2"});
  EXPECT_THAT(grid, HasSubstr("work on GPU, 16 points"));
  EXPECT_THAT(grid, HasSubstr("line 6: `IndexTaskMap work blocks;`"));
  const auto object = json({"place", name, "--task", "work", "--domain", "4x4", "--machine", "generic", "--nodes", "2", "--gpus", "2", "--json"});
  EXPECT_EQ(object["schema"], "mapwright.place/1");
  EXPECT_EQ(object["task"], "work");
  EXPECT_EQ(object["kind"], "GPU");
  EXPECT_EQ(object["domain"], nlohmann::json::array({4, 4}));
  ASSERT_EQ(object["points"].size(), 16u);
  for (const auto& p : object["points"]) {
    EXPECT_EQ(p["node"].get<int>(), p["point"][0].get<int>() / 2);
    EXPECT_EQ(p["proc"].get<int>(), p["point"][1].get<int>() / 2);
  }
}

TEST_F(Commands, PlaceShowsTheDefaultPolicyAndOtherDimensions) {
  const std::string name = write("a.mapper", "");
  EXPECT_THAT(good({"place", name, "--task", "t", "--domain", "8"}), HasSubstr("default policy"));
  EXPECT_THAT(good({"place", name, "--task", "t", "--domain", "2x2x2"}), HasSubstr("(*, *, 1)"));
  const auto cpu = json({"place", name, "--task", "t", "--domain", "3", "--processor", "CPU", "--json"});
  EXPECT_EQ(cpu["kind"], "CPU");
  EXPECT_EQ(cpu["points"].size(), 3u);
}

TEST_F(Commands, PlaceNamesEveryProcessorOfASet) {
  const std::string name = write("a.mapper", "m = Machine(GPU);\ndef f(Task t) { return m[t.ipoint[0] % m.size[0], *]; }\nIndexTaskMap t f;\n");
  const auto object = json({"place", name, "--task", "t", "--domain", "2", "--machine", "generic", "--nodes", "2", "--gpus", "3", "--json"});
  EXPECT_EQ(object["points"][1]["all"], nlohmann::json::parse("[[1,0],[1,1],[1,2]]"));
}

TEST_F(Commands, ProgramsAndMachinesAreDescribed) {
  EXPECT_THAT(good({"programs"}), HasSubstr("circuit"));
  const std::string shown = good({"programs", "show", "circuit", "--preset", "test"});
  for (const char* word : {"parameters", "regions", "partitions", "launches", "calculate_new_currents", "rp_ghost"}) EXPECT_THAT(shown, HasSubstr(word));
  const auto object = json({"programs", "show", "circuit", "--preset", "test", "--json"});
  for (const char* key : {"schema", "program", "metric", "regions", "partitions", "tasks", "launches", "parameters"}) EXPECT_TRUE(object.contains(key)) << key;
  EXPECT_THAT(good({"machines"}), HasSubstr("p100"));
  EXPECT_THAT(good({"machines", "show", "p100"}), HasSubstr("FBMEM"));
  EXPECT_EQ(json({"machines", "show", "p100", "--json"})["machine"]["processors_per_node"]["GPU"], 4);
}

TEST_F(Commands, DetectedMachineCanBeUsed) {
  const Ended detected = run({"machines", "detect"});
  if (detected.status == 3) GTEST_SKIP() << "this host cannot be examined: " << detected.err;
  write("here.toml", detected.out);
  EXPECT_THAT(good({"machines", "show", "here.toml"}), HasSubstr("CPU"));
}

TEST_F(Commands, InitWritesAMapperThatChecksAndChangesNothing) {
  good(circuit({"init", "-o", "start.mapper"}));
  EXPECT_THAT(read("start.mapper"), HasSubstr("calculate_new_currents"));
  EXPECT_EQ(run(circuit({"check", "start.mapper"})).status, 0);
  EXPECT_THAT(good(circuit({"diff", "default", "start.mapper"})), HasSubstr("decide the same"));
}

TEST_F(Commands, WhyNamesTheStatement) {
  const std::string name = write("a.mapper", "Task * GPU,CPU;\nRegion * rp_ghost GPU SYSMEM,ZCMEM;\nLayout * * GPU AOS C_order;\n");
  const std::string text = good(circuit({"why", name, "--task", "calculate_new_currents", "--point", "0", "--argument", "rp_ghost"}));
  EXPECT_THAT(text, HasSubstr("line 1: `Task * GPU,CPU;`"));
  EXPECT_THAT(text, HasSubstr("line 2: `Region * rp_ghost GPU SYSMEM,ZCMEM;`"));
  EXPECT_THAT(text, HasSubstr("a GPU cannot address it"));
  EXPECT_THAT(text, HasSubstr("AOS C_order"));
  EXPECT_THAT(text, Not(HasSubstr("rp_private")));
  const auto object = json(circuit({"why", name, "--task", "calculate_new_currents", "--json"}));
  EXPECT_EQ(object["schema"], "mapwright.why/1");
  EXPECT_FALSE(object["launches"].empty());
}

TEST_F(Commands, DiffListsDecisions) {
  const std::string a = write("a.mapper", "Region * rp_shared GPU ZCMEM;\n"), b = write("b.mapper", "InstanceLimit * 2;\n");
  const std::string text = good(circuit({"diff", a, b}));
  EXPECT_THAT(text, HasSubstr("memory of "));
  EXPECT_THAT(text, HasSubstr("ZCMEM"));
  EXPECT_THAT(text, HasSubstr("instance limit"));
  EXPECT_THAT(text, HasSubstr("bytes moved"));
  EXPECT_THAT(good(circuit({"diff", a, a})), HasSubstr("decide the same"));
  EXPECT_EQ(json(circuit({"diff", a, b, "--json"}))["schema"], "mapwright.diff/1");
}

TEST_F(Commands, CompareRanksAgainstTheFirst) {
  const std::string slow = write("slow.mapper", "Task * CPU;\n");
  const std::string text = good(circuit({"compare", "default", slow}));
  EXPECT_THAT(text, HasSubstr("slow.mapper"));
  const auto object = json(circuit({"compare", "default", slow, "--json"}));
  EXPECT_EQ(object["schema"], "mapwright.compare/1");
  ASSERT_EQ(object["mappers"].size(), 2u);
  EXPECT_DOUBLE_EQ(object["mappers"][0]["relative_to_first"].get<double>(), 1.0);
  EXPECT_NE(object["mappers"][1]["relative_to_first"].get<double>(), 1.0);
  const Ended broken = run(circuit({"compare", "default", write("broken.mapper", "Task * GPUS;\n")}));
  EXPECT_EQ(broken.status, 1);
  EXPECT_THAT(broken.out, HasSubstr("compile_error"));
}

TEST_F(Commands, RunSummarises) {
  const Ended ended = run(circuit({"run", "--mapper", "expert"}));
  EXPECT_EQ(ended.status, 0) << ended.err;
  for (const char* word : {"circuit", "expert", "ok", "time", "vs expert   1.000x", "moved", "peak"}) EXPECT_THAT(ended.out, HasSubstr(word));
  const std::string told = good(circuit({"run", "--feedback", "profile"}));
  for (const char* word : {"Output:", "Explanation:", "Profile:", "Critical path:"}) EXPECT_THAT(told, HasSubstr(word));
  EXPECT_THAT(good(circuit({"run", "--feedback", "system"})), Not(HasSubstr("Profile:")));
  EXPECT_EQ(good(circuit({"run", "--mapper", "-"}), "").substr(0, 7), "circuit");
  EXPECT_THAT(good(circuit({"run", "--mapper", "random:3"})), HasSubstr("random:3"));
}

TEST_F(Commands, RunOfABadMapperIsOne) {
  const Ended broken = run(circuit({"run", "--mapper", write("a.mapper", "Task * GPUS;\n")}));
  EXPECT_EQ(broken.status, 1);
  EXPECT_THAT(broken.err, HasSubstr("MW3004"));
  EXPECT_THAT(broken.out, HasSubstr("compile_error"));
  const Ended outside = run(circuit({"run", "--mapper", write("b.mapper", "m = Machine(GPU);\ndef f(Task t) { return m[0, 99]; }\nIndexTaskMap * f;\n")}));
  EXPECT_EQ(outside.status, 1);
  EXPECT_THAT(outside.out, HasSubstr("invalid_mapping"));
}

TEST_F(Commands, RunTakesRulesFromAFile) {
  const std::string rules = write("my.toml", "[[rule]]\nclass = \"execution\"\noutcome = \"invalid_mapping\"\nsuggest = \"call Alice\"\n");
  const std::string mapper = write("a.mapper", "m = Machine(GPU);\ndef f(Task t) { return m[0, 99]; }\nIndexTaskMap * f;\n");
  EXPECT_THAT(run(circuit({"run", "--mapper", mapper, "--rules", rules, "--feedback", "suggest"})).out, HasSubstr("call Alice"));
  EXPECT_EQ(run(circuit({"run", "--rules", write("bad.toml", "[[rule]]\n")})).status, 3);
}

TEST_F(Commands, JitterShowsHowTheTimeVaries) {
  EXPECT_THAT(good(circuit({"run", "--jitter", "5"})), testing::ContainsRegex("varied +.* to .*, median .*: 9 simulations with kernels that vary by 5 %"));
  const auto one = json(circuit({"run", "--jitter", "5", "--json"})), again = json(circuit({"run", "--jitter", "5", "--json"}));
  EXPECT_EQ(one, again);
  EXPECT_EQ(one["varied"]["jitter"], 0.05);
  ASSERT_EQ(one["varied"]["seconds"].size(), 9u);
  for (const auto& s : one["varied"]["seconds"]) EXPECT_NEAR(s, one["seconds"], 0.2 * one["seconds"].get<double>());
  EXPECT_NE(one["varied"]["seconds"][0], one["varied"]["seconds"][1]);
  EXPECT_FALSE(json(circuit({"run", "--json"})).contains("varied"));
  const Ended host = run(circuit({"run", "--jitter", "5", "--engine", "host"}));
  EXPECT_EQ(host.status, 2);
  EXPECT_THAT(host.err, HasSubstr("leave out `--jitter` or `--engine host`"));
}

TEST_F(Commands, TraceIsATraceEventFile) {
  std::vector<std::size_t> tasks;  // by engine
  for (const char* engine : {"sim", "host"}) {
    EXPECT_THAT(good(circuit({"trace", "--engine", engine, "--emulate-gpu", "-o", "t.json"})), HasSubstr("t.json"));
    const auto events = nlohmann::json::parse(read("t.json"), nullptr, false);
    ASSERT_TRUE(events.is_array());
    tasks.push_back(0);
    bool track = false;
    std::map<int, double> free;  // by processor: when it has done what came before
    for (const auto& e : events) {
      track = track || (e["ph"] == "M" && e["name"] == "thread_name");
      if (e["ph"] != "X" || e["cat"] != "task") continue;
      ++tasks.back();
      const double start = e["ts"], duration = e["dur"];
      EXPECT_GT(duration, 0);
      EXPECT_GE(e["args"]["waited_us"].get<double>(), 0);
      EXPECT_GE(start + 1e-3, free[e["tid"]]) << engine << ": a processor does one thing at a time";
      free[e["tid"]] = start + duration;
    }
    EXPECT_TRUE(track);
  }
  EXPECT_GT(tasks[0], 0u);
  EXPECT_EQ(tasks[0], tasks[1]);
}

}  // namespace
}  // namespace mapwright::test
