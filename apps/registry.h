// apps/registry.h - every program, in the order in which it is listed. A new one needs its folder, a line here and one in
// registry.cc and CMakeLists.txt.
#pragma once

#include "apps/apps.h"

namespace mapwright::apps {

namespace cannon {
App app();
}
namespace circuit {
App app();
}
namespace cosma {
App app();
}
namespace johnson {
App app();
}
namespace pennant {
App app();
}
namespace pumma {
App app();
}
namespace solomonik {
App app();
}
namespace stencil {
App app();
}
namespace summa {
App app();
}

std::vector<App> registered();

}  // namespace mapwright::apps
