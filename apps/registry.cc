#include "apps/registry.h"

namespace mapwright::apps {

std::vector<App> registered() {
  return {circuit::app(), stencil::app(), pennant::app(), cannon::app(), summa::app(), pumma::app(), johnson::app(), solomonik::app(), cosma::app()};
}

}  // namespace mapwright::apps
