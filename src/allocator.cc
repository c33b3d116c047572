// Settings of jemalloc, which reads them from this variable before main(). Plans of millions of operations are walked in no
// order that a TLB could follow: huge pages make planning twice as fast.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "thp:always,metadata_thp:auto";
}
