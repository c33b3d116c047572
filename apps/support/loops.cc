#include "apps/support/loops.h"

#ifdef __SANITIZE_THREAD__
#include <thread>
#include <vector>
#endif

namespace mapwright::apps {

#ifdef __SANITIZE_THREAD__

// ThreadSanitizer does not see how the threads of OpenMP wait for each other.
void run_at_once(int parts, void (*work)(const void* context, int part), const void* context) {
  std::vector<std::thread> others;
  for (int part = 1; part < parts; ++part) others.emplace_back(work, context, part);
  work(context, 0);
  for (std::thread& t : others) t.join();
}

#else

// The one piece of OpenMP code: in mapwright-legion it is Realm that gives it the threads of an OMP processor.
void run_at_once(int parts, void (*work)(const void* context, int part), const void* context) {
#pragma omp parallel for num_threads(parts) schedule(static, 1)
  for (int part = 0; part < parts; ++part) work(context, part);
}

#endif

}  // namespace mapwright::apps
