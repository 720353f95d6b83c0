// Obeys every law.
#include "filtered.hpp"

TERWAY_MODULE(example::Filtered, "test.filters", "1", "nft:inet");
