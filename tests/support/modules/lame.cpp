// lame: a dataplane that no node can run.
#include "routed.hpp"

TERWAY_MODULE(example::Routed, "lame", "1.0.0", "kernel>=4000.1", "offers:host-link");
