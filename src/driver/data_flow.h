// driver/data_flow.h - the data flow of a program as a picture.
#pragma once

#include <string>

#include "program/program.h"

namespace mapwright::driver {

// The data flow of the timed part of a program (of the whole program without one) as a Graphviz file: a node per launch
// with its arguments, an edge from the argument that wrote fields to each that reads them. Dark edges keep to the points of
// one piece, orange ones go through another partition or projection, or fold a reduction; dashed: into the next iteration of a loop;
// dotted: only read; violet: futures. Cost: the pieces of all partitions, sorted.
std::string data_flow_graph(const program::Program& p);

}  // namespace mapwright::driver
