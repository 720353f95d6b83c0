// How a link is made to hold a rate: numbers and kernel objects, decided without touching the
// kernel. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "netlink/qdisc.hpp"

namespace terway::bandwidth_tc {

// What holds the rate.
enum class Bucket {
    Tbf,
    Htb,
    Edt,  // a program gives each packet a time of departure, fq keeps it until then
};
// What waits before it.
enum class Queue {
    FqCodel,  // a queue for each flow, kept short
    Fq,       // a queue for each flow
    Fifo,     // one for all
};

struct Means {
    Bucket bucket = Bucket::Tbf;
    Queue queue = Queue::Fifo;  // not of Edt
    bool tells_clock = false;   // Edt: a time can be said to be one of departure
};

// As asked for.
struct Limit {
    std::uint64_t bits_per_second = 0;  // of what packets carry; 0: no limit
    std::uint64_t burst_bits = 0;       // 0: ours to choose
};

struct Shape {
    Means means;
    std::uint64_t rate = 0;          // bytes a second as the kernel counts them, with all headers
    std::uint32_t burst = 0;         // bytes
    std::uint32_t limit = 0;         // bytes that wait at most, in one queue
    std::uint32_t codel_target = 0;  // microseconds
};

// None for no limit. `mtu` is that of the pod's link.
[[nodiscard]] std::optional<Shape> shape_of(const Limit& limit, std::uint32_t mtu, Means means);

// The qdiscs and the class that make a link keep to a shape of tbf or htb, in the order to make
// them.
struct Objects {
    netlink::Qdisc root;
    std::optional<netlink::HtbClass> htb_class;
    std::optional<netlink::Qdisc> leaf;  // none: the root's own queue
};
[[nodiscard]] Objects objects_of(const Shape& shape, std::uint32_t ifindex);

// True for the handle of a root qdisc of ours.
[[nodiscard]] bool is_ours(std::uint32_t root_handle);

// The root of Edt comes with one of two handles: the other says that the link got its clsact for
// the program's sake. It says so before the link gets it, so that one made and not told of is
// found.
[[nodiscard]] netlink::Qdisc edt_root(const Shape& shape, std::uint32_t ifindex, bool hooked);
[[nodiscard]] bool is_edt(std::uint32_t root_handle);
[[nodiscard]] bool says_hooked(std::uint32_t root_handle);

}  // namespace terway::bandwidth_tc
