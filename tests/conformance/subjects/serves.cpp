// Obeys every law.
#include "served.hpp"

TERWAY_MODULE(example::Served, "test.serves", "1", "nft:inet");
