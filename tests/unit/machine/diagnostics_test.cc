// Every mistake in a description: code, place and wording.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/tiny_machine.h"

namespace mapwright::machine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<std::string> mistakes(const std::string& text, const Overrides& overrides = {}) {
  diag::Sink sink;
  const auto m = read_machine(diag::make_source("m.toml", text), overrides, sink);
  EXPECT_EQ(m.has_value(), !sink.has_errors());
  std::vector<std::string> all;
  for (const diag::Diagnostic& d : sink.take_sorted()) all.push_back(diag::render_short(d));
  for (std::string& s : all) {
    if (!s.empty() && s.back() == '\n') s.pop_back();
  }
  return all;
}

// Three lines before `lines`, which begin on line 4.
std::vector<std::string> on_generic(const std::string& lines, const Overrides& overrides = {}) {
  return mistakes("format = \"mapwright.machine/1\"\nname = \"m\"\nbase = \"generic\"\n" + lines, overrides);
}

TEST(MachineDiagnostics, NotToml) {
  EXPECT_THAT(mistakes("name = \"a\"\nnodes = \n"), ElementsAre(StartsWith("m.toml:2:9: error[MW4001]: not valid TOML: key-value pair")));
}

TEST(MachineDiagnostics, UnknownKeyWithTheNearest) {
  EXPECT_THAT(on_generic("[network]\nbandwith_gb_s = 12\n"),
              ElementsAre("m.toml:5:1: error[MW4002]: unknown key `bandwith_gb_s` in [network]"));
  EXPECT_THAT(on_generic("[processors.GPUS]\ncount = 1\n"), ElementsAre("m.toml:4:13: error[MW4002]: unknown key `GPUS` in [processors]"));
  EXPECT_THAT(on_generic("node = 2\n"), ElementsAre("m.toml:4:1: error[MW4002]: unknown key `node` in a machine description"));
  diag::Sink sink;
  read_machine(diag::make_source("m.toml", "base = \"p100\"\nnode = 2\n"), {}, sink);
  EXPECT_EQ(sink.all().at(0).help, "did you mean `nodes`?");
}

TEST(MachineDiagnostics, WrongType) {
  EXPECT_THAT(on_generic("[network]\nbandwidth_gb_s = \"12 GB/s\"\n"),
              ElementsAre("m.toml:5:18: error[MW4003]: `network.bandwidth_gb_s` is a string; it must be a number"));
  EXPECT_THAT(on_generic("nodes = 2.5\n"), ElementsAre("m.toml:4:9: error[MW4003]: `nodes` is a number; it must be an integer"));
  EXPECT_THAT(on_generic("network = 3\n"), ElementsAre("m.toml:4:11: error[MW4003]: `network` is an integer; it must be a table"));
  EXPECT_THAT(mistakes("base = 3\n"), ElementsAre("m.toml:1:8: error[MW4003]: `base` is an integer; it must be a string"));
}

TEST(MachineDiagnostics, OutOfRange) {
  EXPECT_THAT(on_generic("[network]\nbandwidth_gb_s = -1\nlatency_us = -0.5\n"),
              ElementsAre("m.toml:5:18: error[MW4004]: `network.bandwidth_gb_s` is -1; it must be greater than 0 and at most 1000000",
                          "m.toml:6:14: error[MW4004]: `network.latency_us` is -0.5; it must be at least 0 and at most 1000000"));
  EXPECT_THAT(on_generic("nodes = 0\n"), ElementsAre("m.toml:4:9: error[MW4004]: `nodes` is 0; it must be at least 1 and at most 65536"));
  EXPECT_THAT(on_generic("[processors.GPU]\ncount = 65\n"),
              ElementsAre("m.toml:5:9: error[MW4004]: `processors.GPU.count` is 65; it must be at least 0 and at most 64"));
  EXPECT_THAT(on_generic("[processors.GPU]\nefficiency = 1.5\n"),
              ElementsAre("m.toml:5:14: error[MW4004]: `processors.GPU.efficiency` is 1.5; it must be greater than 0 and at most 1"));
  EXPECT_THAT(on_generic("[overheads]\ncopy_us = nan\n"), ElementsAre(StartsWith("m.toml:5:11: error[MW4004]: `overheads.copy_us` is nan")));
  EXPECT_THAT(on_generic("[memories.FBMEM]\ncapacity_mib = 0\n"), ElementsAre(StartsWith("m.toml:5:16: error[MW4004]")));
  EXPECT_THAT(on_generic("[network]\nnics = 3\n"),
              ElementsAre("m.toml:5:8: error[MW4004]: `network.nics` is 3; it must be at least 1 and at most 2"));
}

TEST(MachineDiagnostics, Missing) {
  const std::vector<std::string> all = mistakes("format = \"mapwright.machine/1\"\n");
  EXPECT_THAT(all, testing::Contains(HasSubstr("error[MW4005]: `name` is missing")));
}

TEST(MachineDiagnostics, AMissingSectionIsReportedOnce) {
  std::string text(shipped_machine("generic"));
  const std::size_t begin = text.find("[network]"), end = text.find("[access.GPU.FBMEM]");
  text.erase(begin, end - begin);
  EXPECT_THAT(mistakes(text), ElementsAre("m.toml:1:1: error[MW4005]: the section [network] is missing"));
}

TEST(MachineDiagnostics, AMissingKeyPointsToItsSection) {
  std::string text(shipped_machine("generic"));
  const std::string key = "up_gb_s = 10\n";
  text.erase(text.find(key), key.size());
  const auto line = std::to_string(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find("[topology.host_link]")), '\n') + 1);
  EXPECT_THAT(mistakes(text), ElementsAre("m.toml:" + line + ":1: error[MW4005]: `topology.host_link.up_gb_s` is missing"));
}

TEST(MachineDiagnostics, UnknownWord) {
  EXPECT_THAT(on_generic("[topology.peer_link]\nkind = \"swich\"\n"),
              ElementsAre("m.toml:5:8: error[MW4006]: unknown kind of peer link `swich`"));
  EXPECT_THAT(on_generic("[topology.host_link]\nname = \"PCI e\"\n"), ElementsAre("m.toml:5:8: error[MW4006]: `PCI e` cannot name a link; use 1 to 16 letters a to z"));
  EXPECT_THAT(mistakes("format = \"mapwright.machine/2\"\nname = \"m\"\nbase = \"generic\"\n"),
              ElementsAre("m.toml:1:10: error[MW4006]: unknown format `mapwright.machine/2`"));
}

TEST(MachineDiagnostics, UnaddressableMemory) {
  EXPECT_THAT(on_generic("[access.CPU.FBMEM]\nstream_gb_s = 1\n"), ElementsAre("m.toml:4:1: error[MW4007]: CPU processors cannot address FBMEM"));
}

TEST(MachineDiagnostics, TooLarge) {
  EXPECT_THAT(mistakes(std::string((1 << 20) + 1, '#')), ElementsAre("m.toml:1:1: error[MW4008]: the text has 1048577 bytes; at most 1048576 are read"));
  // 65,536 x 1,006 processors: 1,000 CPUs, 4 GPUs, 2 OMP.
  EXPECT_THAT(on_generic("nodes = 65536\n[processors.CPU]\ncount = 1000\n"),
              ElementsAre("m.toml:4:9: error[MW4008]: 65536 nodes with 1006 processors each make 65929216; at most 4194304 are supported"));
  std::string deep = "a";
  for (int i = 0; i < 300; ++i) deep += ".a";
  EXPECT_THAT(mistakes("\n" + deep + " = 1\n"), ElementsAre(StartsWith("m.toml:2:1: error[MW4008]")));
  std::string nested;
  for (int i = 0; i < 100; ++i) nested += "a = {";
  EXPECT_THAT(mistakes(nested), ElementsAre(HasSubstr("error[MW4001]")));
}

TEST(MachineDiagnostics, Ranks) {
  EXPECT_THAT(on_generic("ranks_per_node = 3\n"), ElementsAre("m.toml:4:18: error[MW4009]: 3 ranks per node cannot share 8 CPU processors evenly"));
  const auto by_option = on_generic("", {.ranks_per_node = 8});  // 8 CPUs can be shared, 4 GPUs cannot
  ASSERT_EQ(by_option.size(), 1U);
  EXPECT_THAT(by_option[0], HasSubstr("error[MW4009]: 8 ranks per node cannot share 4 GPU processors evenly"));
  EXPECT_THAT(on_generic("ranks_per_node = 4\n[processors.OMP]\nthreads = 5\n"),
              ElementsAre(HasSubstr("4 ranks per node cannot share 2 OMP groups of 5 threads evenly")));
}

TEST(MachineDiagnostics, Overrides) {
  const auto only = [](const Overrides& o) { return on_generic("", o).at(0); };
  EXPECT_THAT(only({.nodes = 0}), HasSubstr("error[MW4010]: --nodes is 0; it must be at least 1 and at most 65536"));
  EXPECT_THAT(only({.gpus = -1}), HasSubstr("error[MW4010]: --gpus is -1"));
  EXPECT_THAT(only({.gpus = 65}), HasSubstr("error[MW4010]: --gpus is 65; it must be at least 0 and at most 64"));
  EXPECT_THAT(only({.cpus = 0}), HasSubstr("error[MW4010]: --cpus is 0; it must be at least 1"));
  EXPECT_THAT(only({.omps = 5000}), HasSubstr("error[MW4010]: --omps is 5000"));
  EXPECT_THAT(only({.nodes = 65536, .cpus = 1000}), HasSubstr("error[MW4008]: 65536 nodes with 1006 processors each"));
}

TEST(MachineDiagnostics, OverrideOfAKindThatIsNotDescribed) {
  // A machine of CPUs only, from a text without a base.
  const std::string text = R"(format = "mapwright.machine/1"
name = "laptop"
nodes = 1
ranks_per_node = 1
[processors]
utility = 1
CPU = {count = 2, fp64_gflop_s = 10, fp32_gflop_s = 20, efficiency = 1, launch_us = 1}
[memories]
SYSMEM = {capacity_mib = 1024}
[topology]
sockets = 1
host_copy = {bandwidth_gb_s = 5, latency_us = 1}
[network]
nics = 1
bandwidth_gb_s = 1
latency_us = 10
[access.CPU]
SYSMEM = {stream_gb_s = 10, gather_m_s = 100, atomic_m_s = 50, atomic_same_m_s = 50, latency_us = 0.1}
[overheads]
point_traced_us = 10
point_untraced_us = 100
launch_us = 10
copy_us = 10
instance_us = 10
ready_to_start_us = 50
copy_start_us = 10
transpose_factor = 0.5
)";
  EXPECT_THAT(mistakes(text), testing::IsEmpty());
  EXPECT_THAT(mistakes(text, {.gpus = 2}), ElementsAre(HasSubstr("error[MW4010]: --gpus is given, but machine `laptop` does not describe GPU processors")));
  EXPECT_THAT(mistakes(text, {.gpus = 0}), testing::IsEmpty());
}

TEST(MachineDiagnostics, UnknownMachine) {
  diag::Sink sink;
  EXPECT_FALSE(load_machine("p10", {}, sink).has_value());
  EXPECT_EQ(sink.all().at(0).code, 4011);
  EXPECT_EQ(sink.all().at(0).help, "did you mean `p100`?");
  EXPECT_FALSE(load_machine("./no_such_machine.toml", {}, sink).has_value());
  EXPECT_EQ(sink.all().at(1).code, 6001);
  EXPECT_THAT(mistakes("base = \"lasen\"\n"), ElementsAre("m.toml:1:8: error[MW4011]: no shipped machine `lasen`"));
}

TEST(MachineDiagnostics, ColumnsCountBytes) {
  // Two characters of two and three bytes stand before the value: column 1 + 7 ('name = ') + ... is counted in bytes.
  // `x = "é€" ` has 4 + 1 + 2 + 3 + 1 = 11 bytes before the comment; the unknown key is at column 1, the value at 5.
  diag::Sink sink;
  read_machine(diag::make_source("m.toml", "base = \"generic\"\nnetwork = {\"é€\" = 1, nics = true}\n"), {}, sink);
  const auto all = sink.take_sorted();
  ASSERT_GE(all.size(), 2U);
  const auto place = [&](int code) {
    for (const auto& d : all) {
      if (d.code == code) return d.source->position(d.span.begin).column;
    }
    return 0U;
  };
  EXPECT_EQ(place(4002), 12U);  // network = {   is 11 bytes
  // "é€" with quotes is 7 bytes, ' = 1, nics = ' is 13: 11 + 7 + 13 = 31, so the value begins at byte 32.
  EXPECT_EQ(place(4003), 32U);
}

}  // namespace
}  // namespace mapwright::machine
