#include "apps/support/loops.h"

namespace mapwright::apps {

// The one piece of OpenMP code: in mapwright-legion it is Realm that gives it the threads of an OMP processor.
void run_at_once(int parts, void (*work)(const void* context, int part), const void* context) {
#pragma omp parallel for num_threads(parts) schedule(static, 1)
  for (int part = 0; part < parts; ++part) work(context, part);
}

}  // namespace mapwright::apps
