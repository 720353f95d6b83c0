// Obeys all laws, those of ENIs too.
#include "routed_eni.hpp"

TERWAY_MODULE(example::RoutedEni, "test.routes_eni", "1");
