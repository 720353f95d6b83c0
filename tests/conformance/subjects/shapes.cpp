// Obeys every law.
#include "shaped.hpp"

TERWAY_MODULE(example::Shaped, "test.shapes", "1", "qdisc:tbf");
