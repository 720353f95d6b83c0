#include "shape.hpp"

#include <algorithm>
#include <limits>

namespace terway::bandwidth_tc {
namespace {

using netlink::class_id;
using netlink::make_qdisc;

// Handles that nobody else chooses: "TB", "TH", "TE", "TK", "TC", "TF", "TI".
constexpr std::uint16_t kTbf = 0x5442;
constexpr std::uint16_t kHtb = 0x5448;
constexpr std::uint16_t kEdt = 0x5445;
constexpr std::uint16_t kEdtHooked = 0x544b;
constexpr std::uint16_t kFqCodel = 0x5443;
constexpr std::uint16_t kFq = 0x5446;
constexpr std::uint16_t kFifo = 0x5449;

constexpr std::uint32_t kFrame = 14;    // Ethernet's header, which the kernel counts
constexpr std::uint32_t kHeaders = 40;  // of TCP over IPv4, which users do not
constexpr std::uint32_t kLeastMtu = 68;
constexpr std::uint32_t kDefaultMtu = 1500;
constexpr std::uint64_t kLeastRate = 1'000;
// What a processor that is late by some milliseconds must not lose; at most a few GSO packets.
constexpr std::uint64_t kBurstsPerSecond = 100;
constexpr std::uint64_t kMostBurst = 4U << 20U;
constexpr std::uint64_t kLongestBurstSeconds = 200;  // the kernel counts a little further
constexpr std::uint64_t kQueuesPerSecond = 20;
constexpr std::uint64_t kMostQueue = 32U << 20U;
constexpr std::uint64_t kFewestPackets = 16;
constexpr std::uint64_t kGsoPackets = 128U << 10U;  // only tbf cuts them
// Of fq under Edt: the program decides how much may wait and how long, as long as fq has room.
constexpr std::uint32_t kFewestInFq = 10'000;
constexpr std::uint32_t kBytesAPacketInFq = 512;
constexpr std::uint32_t kHorizonUs = 4'000'000'000;
// Sixteen flows with a packet each must find it tolerable, or they lose a fifth of a low rate.
constexpr std::uint64_t kCodelPackets = 20;
constexpr std::uint64_t kCodelTargetUs = 5'000;
constexpr std::uint64_t kCodelMostUs = 100'000;
constexpr std::uint32_t kCodelIntervalUs = 100'000;
constexpr std::uint32_t kCodelIntervals = 10;
// It is slow to shorten a queue at a low rate: what waits longer than TCP's patience (200 ms) is
// sent twice. So no more may wait than in a plain queue; a packet takes up to twice its size.
constexpr std::uint32_t kMemoryOfPackets = 2;

std::uint64_t with_headers(std::uint64_t bytes, std::uint32_t mtu) {
    const std::uint64_t frame = mtu + kFrame;
    const std::uint64_t payload = mtu - kHeaders;
    // Divides first where the product would not fit; then the remainder is no matter.
    return bytes > std::numeric_limits<std::uint64_t>::max() / frame ? bytes / payload * frame
                                                                     : bytes * frame / payload;
}

std::uint32_t burst_of(const Limit& limit, std::uint64_t rate, std::uint64_t packet) {
    const auto least = 2 * packet;
    const auto most = std::min<std::uint64_t>(rate * kLongestBurstSeconds,
                                              std::numeric_limits<std::uint32_t>::max() / 2);
    const auto own = std::min(rate / kBurstsPerSecond, kMostBurst);
    const auto wanted = limit.burst_bits != 0 ? limit.burst_bits / 8 : own;
    return static_cast<std::uint32_t>(std::min(std::max(wanted, least), most));
}

std::optional<netlink::Qdisc> leaf_of(const Shape& shape, std::uint32_t ifindex,
                                      std::uint32_t parent) {
    switch (shape.means.queue) {
        case Queue::FqCodel:
            return make_qdisc(
                ifindex, parent, kFqCodel,
                netlink::FqCodel{.target_us = shape.codel_target,
                                 .interval_us = std::max(shape.codel_target * kCodelIntervals,
                                                         kCodelIntervalUs),
                                 .memory_limit = shape.limit * kMemoryOfPackets});
        case Queue::Fq:
            return make_qdisc(ifindex, parent, kFq, netlink::Fq{});
        case Queue::Fifo:
            break;
    }
    if (shape.means.bucket == Bucket::Tbf) {
        return std::nullopt;
    }
    return make_qdisc(ifindex, parent, kFifo, netlink::Bfifo{shape.limit});
}

}  // namespace

std::optional<Shape> shape_of(const Limit& limit, std::uint32_t mtu, Means means) {
    if (limit.bits_per_second == 0) {
        return std::nullopt;
    }
    const auto bytes = mtu != 0 ? std::max(mtu, kLeastMtu) : kDefaultMtu;
    const std::uint64_t packet = bytes + kFrame;
    Shape shape;
    shape.means = means;
    shape.rate = std::max(with_headers(limit.bits_per_second / 8, bytes), kLeastRate);
    shape.burst = burst_of(limit, shape.rate, packet);
    const auto fewest = std::max(kFewestPackets * packet,
                                 means.bucket != Bucket::Tbf ? kGsoPackets : std::uint64_t{0});
    shape.limit = static_cast<std::uint32_t>(
        std::clamp(shape.rate / kQueuesPerSecond, fewest, kMostQueue) + shape.burst);
    shape.codel_target = static_cast<std::uint32_t>(
        std::clamp(kCodelPackets * packet * 1'000'000 / shape.rate, kCodelTargetUs, kCodelMostUs));
    return shape;
}

Objects objects_of(const Shape& shape, std::uint32_t ifindex) {
    Objects objects;
    if (shape.means.bucket == Bucket::Tbf) {
        objects.root = make_qdisc(ifindex, netlink::kRoot, kTbf,
                                  netlink::Tbf{shape.rate, shape.burst, shape.limit});
        objects.leaf = leaf_of(shape, ifindex, class_id(kTbf, 1));
        return objects;
    }
    objects.root = make_qdisc(ifindex, netlink::kRoot, kHtb, netlink::Htb{1});
    netlink::HtbClass htb;
    htb.ifindex = ifindex;
    htb.parent = class_id(kHtb, 0);
    htb.id = class_id(kHtb, 1);
    htb.rate = shape.rate;
    htb.burst = shape.burst;
    objects.htb_class = htb;
    objects.leaf = leaf_of(shape, ifindex, htb.id);
    return objects;
}

bool is_ours(std::uint32_t root_handle) {
    return root_handle == class_id(kTbf, 0) || root_handle == class_id(kHtb, 0) ||
           is_edt(root_handle);
}

netlink::Qdisc edt_root(const Shape& shape, std::uint32_t ifindex, bool hooked) {
    const netlink::Fq fq{std::max(kFewestInFq, shape.limit / kBytesAPacketInFq), kHorizonUs};
    return make_qdisc(ifindex, netlink::kRoot, hooked ? kEdtHooked : kEdt, fq);
}

bool is_edt(std::uint32_t root_handle) {
    return root_handle == class_id(kEdt, 0) || says_hooked(root_handle);
}

bool says_hooked(std::uint32_t root_handle) {
    return root_handle == class_id(kEdtHooked, 0);
}

}  // namespace terway::bandwidth_tc
