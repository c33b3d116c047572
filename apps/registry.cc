#include "apps/registry.h"

namespace mapwright::apps {

std::vector<App> registered() { return {circuit::app(), stencil::app(), cannon::app()}; }

}  // namespace mapwright::apps
