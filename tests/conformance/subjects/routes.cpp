// Obeys every law.
#include "routed.hpp"

TERWAY_MODULE(example::Routed, "test.routes", "1", "netdev:veth", "sysctl:net.ipv4.ip_forward=1");
