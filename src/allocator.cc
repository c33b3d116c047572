// Settings of jemalloc, which reads them from this variable before main(). Plans of millions of operations are walked in no
// order that a TLB could follow: huge pages make planning up to twice as fast. Large arrays are kept for the next ones
// instead of being given back, to be faulted in and cleared again.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "thp:always,metadata_thp:auto,oversize_threshold:0";
}
