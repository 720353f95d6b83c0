// Traffic between two network namespaces, and what it costs. Less is better in every figure.
//
// Client and server are threads of this process with sockets in those namespaces, on a processor
// each where there are two. A slice is so long as it is told, and a little before that in which
// nothing counts.
#pragma once

#include <chrono>
#include <string>

#include "base/address.hpp"

namespace terway::bench {

// From a client to a server. What the client calls may be a Service in front of the server.
struct Way {
    std::string name;  // for texts
    int client = -1;   // network namespaces
    int server = -1;
    IpAddress target;
};

struct StreamCost {
    double ms_per_gbit = 0;
    // Processor time of this process and of the kernel's network threads.
    double cpu_ms_per_gbit = 0;
};

// All throw Error, naming the way, if nothing comes through.

// Waits for a TCP connection to come about; for ways just made.
void await_way(const Way& way);
// One TCP connection, as much as it carries.
[[nodiscard]] StreamCost stream(const Way& way, std::chrono::milliseconds slice);
// A byte there and a byte back over one TCP connection: the median, in microseconds.
[[nodiscard]] double round_trip_us(const Way& way, std::chrono::milliseconds slice);
// TCP connections one after the other, each with a byte there and a byte back; microseconds each.
[[nodiscard]] double connection_us(const Way& way, std::chrono::milliseconds slice);
// UDP packets of 32 bytes as fast as one thread sends them; microseconds for each that arrives.
[[nodiscard]] double packet_us(const Way& way, std::chrono::milliseconds slice);

}  // namespace terway::bench
