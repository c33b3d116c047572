// base/base.h - what every stage may use and what knows nothing of mapping.
#pragma once

#include "base/check.h"     // IWYU pragma: export
#include "base/expected.h"  // IWYU pragma: export
#include "base/file.h"      // IWYU pragma: export
#include "base/geometry.h"  // IWYU pragma: export
#include "base/hash.h"      // IWYU pragma: export
#include "base/ids.h"       // IWYU pragma: export
#include "base/quantity.h"  // IWYU pragma: export
#include "base/random.h"    // IWYU pragma: export
#include "base/text.h"      // IWYU pragma: export
