// The profile of an execution in words.
#pragma once

#include <string>

#include "guide/guide.h"

namespace mapwright::guide {

// One sentence: what dominates the critical path and which statement made it so.
std::string explain_profile(const engine::Execution& execution, const Context& context);

// Several sections: critical path, tasks, bytes, channels, memories, processors; those that the engine filled.
std::string profile_text(const engine::Execution& execution, const Context& context);

// "memory traffic of `rp_shared` in `distribute_charge`".
std::string describe_share(const engine::CriticalShare& share);

}  // namespace mapwright::guide
