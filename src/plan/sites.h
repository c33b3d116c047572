// plan/sites.h - where launch statements stand: one place per chain of parents. Private to plan.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "plan/plan.h"

namespace mapwright::plan {

// A launch statement in the body of a task that several statements launch stands at several sites, each with decisions of
// its own. The first site of a launch has the launch's number, further ones follow after all launches.
struct Sites {
  struct Entry {
    program::Program::Site site;
    std::uint32_t decision = 0;          // into Decisions::launches
    std::vector<std::uint32_t> parents;  // decisions of the launches above, outermost first
  };
  std::vector<Entry> entries;            // in program order, parents before their children
  std::uint32_t decisions = 0;           // size of Decisions::launches
  std::map<std::pair<std::uint32_t, LaunchId>, std::uint32_t> child;  // (decision of the parent or kNone, launch)
};

Sites number_sites(const program::Program& program);

}  // namespace mapwright::plan
