#include "routed.hpp"

TERWAY_MODULE(example::Routed, "com.example.routed", "1.0.0", "kernel>=4.19", "netdev:veth",
              "sysctl:net.ipv4.ip_forward=1", "cap:net_admin");
