// other: a dataplane beside veth, with links on the host but nothing that says so.
#include "routed.hpp"

TERWAY_MODULE(example::Routed, "other", "1.0.0", "netdev:veth", "sysctl:net.ipv4.ip_forward=1",
              "offers:pod-link");
