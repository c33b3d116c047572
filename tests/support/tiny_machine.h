// tests/support/tiny_machine.h - small machines for tests, from a few lines of TOML.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "machine/machine.h"

namespace mapwright::test {

// The machine that `lines` describe on top of the shipped model `base`; sections and keys as in docs/formats/machine.md.
// Ends the test program with the diagnostics when the text has a mistake.
//   tiny_machine("[processors.GPU]\ncount = 2\n")
inline machine::Machine tiny_machine(const std::string& lines = {}, const machine::Overrides& overrides = {},
                                     const std::string& base = "generic") {
  diag::Sink sink;
  const std::string head = "format = \"mapwright.machine/1\"\nname = \"tiny\"\nbase = \"" + base + "\"\n";
  auto m = machine::read_machine(diag::make_source("tiny.toml", head + lines), overrides, sink);
  std::string why;
  for (const diag::Diagnostic& d : sink.all()) why += diag::render_short(d) + "\n";
  MW_CHECK(m.has_value(), "{}", why);
  return *std::move(m);
}

// A shipped model.
inline machine::Machine shipped(const std::string& name, const machine::Overrides& overrides = {}) {
  diag::Sink sink;
  auto m = machine::load_machine(name, overrides, sink);
  MW_CHECK(m.has_value(), "machine {}", name);
  return *std::move(m);
}

}  // namespace mapwright::test
