// engine/legion/behind.h - functions of Legion that this library stands in front of. Private.
#pragma once

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace mapwright::engine::legion {

// The function of Legion that stands behind the one of this library; where the program is linked with Legion first, there is
// only Legion's.
template <typename Function>
Function* behind(const char* symbol) {
  void* found = dlsym(RTLD_NEXT, symbol);
  if (!found) found = dlsym(RTLD_DEFAULT, symbol);
  if (!found) {
    std::fprintf(stderr, "mapwright: this Legion has no %s; rebuild libmapwright_legion.so against it\n", symbol);
    std::_Exit(1);
  }
  return reinterpret_cast<Function*>(found);
}

}  // namespace mapwright::engine::legion
