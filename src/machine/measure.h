// machine/measure.h - short measurements of this host: bandwidths, rates and latencies of its cores and memory.
// Private to the library; detect.cc puts them into a description.
#pragma once

#include <cstdint>

#include "base/base.h"

namespace mapwright::machine {

// What a number of threads reach together. Bytes, operations and events per second.
struct Rates {
  BytesPerSecond stream;     // a[i] = s * a[i] + b[i] out of cache: two reads and a write
  BytesPerSecond copy;       // memcpy out of cache, bytes copied
  PerSecond gather;          // independent loads of 8 bytes at random places
  PerSecond atomic;          // atomic additions at random places
  PerSecond atomic_same;     // atomic additions to one place
  FlopsPerSecond dgemm, sgemm;  // products of matrices that fit the caches
};

struct HostFigures {
  Rates one, all;            // by one thread; by all threads of a socket
  Seconds latency;           // of one dependent load
};

// Measures. Each figure is the best of several short windows, so that a disturbance lowers it little; `seconds` is about
// the time that everything takes (at least 0.2). `threads`: of a socket. `cache`: bytes of its last-level cache; the data
// are several times as large, up to 1 GiB in all.
HostFigures measure_host(unsigned threads, std::int64_t cache, double seconds);

}  // namespace mapwright::machine
