// referee random|programs|speed: our simulator against SimGrid. docs/models/referee.md.
#include <CLI/CLI.hpp>

#include "tables.h"

int main(int argc, char** argv) {
  using namespace mapwright::referee;
  TableOptions o;
  CLI::App app {"our simulator against SimGrid: docs/models/referee.md"};
  app.require_subcommand(1);
  CLI::App* random = app.add_subcommand("random", "random DAGs and random programs on random machines");
  CLI::App* programs = app.add_subcommand("programs", "the shipped programs under expert, default and random mappers");
  CLI::App* speed = app.add_subcommand("speed", "time of both on a weakly scaled stencil");
  for (CLI::App* a : {random, programs}) a->add_option("--seed", o.seed, "of the first case")->capture_default_str();
  random->add_option("--count", o.random, "random DAGs, and as many programs")->capture_default_str();
  programs->add_option("--program", o.programs, "all that ship when absent");
  programs->add_option("--nodes", o.nodes, "of the machine")->capture_default_str();
  programs->add_option("--mappers", o.mappers, "random valid mappers of each program and number of nodes")->capture_default_str();
  programs->add_option("--preset", o.preset, "of the programs")->capture_default_str();
  programs->add_option("--set", o.set, "NAME=VALUE: a parameter of the programs that have it");
  for (CLI::App* a : {programs, speed}) a->add_option("--machine", o.machine, "a shipped model or a file")->capture_default_str();
  speed->add_option("--nodes", o.speed_nodes, "of the machine")->capture_default_str();
  speed->add_option("--steps", o.steps, "of the stencil")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  bool agree = true;
  if (*random) agree = print_random(o);
  if (*programs) agree = print_programs(o);
  if (*speed) print_speed(o);
  return agree ? 0 : 1;
}
