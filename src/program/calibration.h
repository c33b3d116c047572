// program/calibration.h - measured times of the variants of a program's tasks, apart from the program. File format:
// docs/formats/calibration.md. What measures them: the command `calibrate`.
#pragma once

#include "program/program.h"

namespace mapwright::program {

// Where and for which program the times were measured.
struct Calibration {
  std::string program;
  std::map<std::string, std::string> parameters;  // of the program
  std::string machine;                            // name
  struct Entry {
    std::string task;
    ProcessorKind kind = ProcessorKind::Cpu;
    std::vector<MeasuredTime> measured;           // not empty
  };
  std::vector<Entry> entries;
};

std::string export_json(const Calibration& c);
// Diagnostics MW42xx with line and column.
std::optional<Calibration> import_calibration(const diag::SourcePtr& source, diag::Sink& sink);

// Puts the times into the variants of `p`; kernels and everything else stay. Error MW4117 when they were measured with
// another program or other parameters.
Expected<void> apply(const Calibration& c, Program& p);

}  // namespace mapwright::program
