// mapwright-legion: one of the shipped programs, executed by Legion under a mapper file. Built where Legion is.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "apps/apps.h"
#include "apps/gpu.h"
#include "engine/executor/run.h"

namespace {

using namespace mapwright;

constexpr int kUsage = 2, kEnvironment = 3;

int fail(const Error& e) {
  std::fputs(diag::render_text(diag::from_error(e)).c_str(), stderr);
  return e.code == diag::kNoKernel || (e.code >= 4300 && e.code < 4400) ? kUsage : kEnvironment;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs a program of mapwright on Legion. Everything after -- is for Legion, such as -ll:cpu 4.", "mapwright-legion");
  std::string program, mapper, log, profile;
  apps::Choice choice;
  std::vector<std::string> set, rest;
  engine::executor::RunOptions options;
  bool no_verify = false, no_trace = false;
  app.add_option("--program", program, "NAME of a shipped program")->required();
  app.add_option("--preset", choice.preset, "sizes: test, host, paper or weak")->capture_default_str();
  app.add_option("--set", set, "NAME=VALUE of a parameter; may be repeated")->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--nodes", choice.nodes, "nodes that presets scale with")->capture_default_str();
  app.add_option("--gpus", choice.gpus, "GPUs per node, likewise")->capture_default_str();
  app.add_option("--mapper", mapper, "the mapper file")->required();
  app.add_option("--report", options.report, "file for what happened; `%` becomes the rank");
  app.add_option("--log", log, "file for every decision; `%` becomes the rank");
  app.add_option("--profile", profile, "file for the bytes copied and the times, at exit; `%` becomes the rank");
  app.add_flag("--no-verify", no_verify, "do not look at the results");
  app.add_flag("--no-trace", no_trace, "do not use Legion's tracing");
  // CLI11 may take -- as the end of an option's values, so Legion's words are cut off before.
  int own = 1;
  while (own < argc && std::string_view(argv[own]) != "--") ++own;
  rest.assign(argv + std::min(own + 1, argc), argv + argc);
  CLI11_PARSE(app, own, argv);
  options.verify = !no_verify;
  options.trace = !no_trace;
  if (program.ends_with(".json")) {
    return fail({diag::kNoKernel, fmt::format("`{}` describes a program without its kernels, so it cannot be executed", program), "name a shipped program"});
  }
  for (const std::string& s : set) {
    const std::size_t at = s.find('=');
    if (at == std::string::npos) return fail({diag::kParameterOutOfRange, fmt::format("`--set {}` is no NAME=VALUE", s), {}});
    choice.set[s.substr(0, at)] = s.substr(at + 1);
  }
  auto built = apps::build(program, choice);
  if (!built) return fail(built.error());
  if constexpr (MAPWRIGHT_LEGION_CUDA != 0) {
    apps::use_gpu_kernels(*built);
    options.gpus = true;
  }
  std::vector<std::string> words {argv[0], "-mapwright:mapper", mapper};
  if (!log.empty()) words.insert(words.end(), {"-mapwright:log", log});
  if (!profile.empty()) words.insert(words.end(), {"-mapwright:profile", profile});
  words.insert(words.end(), rest.begin(), rest.end());
  return engine::executor::run(*std::move(built), options, std::move(words));
}
