// apps/pennant/work.h - the kernels, by the name of their task: void(const Arguments&, const Setup&), most of them on any processor.
#pragma once

#include "apps/pennant/geometry.h"
#include "apps/pennant/hydro.h"
#include "apps/pennant/init.h"
#include "apps/pennant/viscosity.h"
