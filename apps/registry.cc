#include "apps/registry.h"

namespace mapwright::apps {

std::vector<App> registered() { return {stencil::app()}; }

}  // namespace mapwright::apps
