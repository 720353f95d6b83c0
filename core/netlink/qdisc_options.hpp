// What a queueing discipline is told. Rates are bytes a second, of any 64-bit size.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "netlink/socket.hpp"

namespace terway::netlink {

// A token bucket. A packet longer than the burst is cut if it is GSO, else dropped.
struct Tbf {
    std::uint64_t rate = 0;
    std::uint32_t burst = 0;  // bytes
    std::uint32_t limit = 0;  // bytes waiting; for the queue it begins with

    // True if the kernel, which counts the burst in ticks, would say the same of both.
    [[nodiscard]] bool same_as(const Tbf& other) const;
};

struct Htb {
    std::uint32_t default_class = 0;  // the minor number of the class for all packets
};

// Flows of their own, each with a queue that keeps its delay small.
struct FqCodel {
    std::uint32_t target_us = 0;     // delay that is tolerated; 0: the kernel's default
    std::uint32_t interval_us = 0;   // how long; likewise
    std::uint32_t memory_limit = 0;  // bytes; likewise

    [[nodiscard]] bool same_as(const FqCodel& other) const;
};

// Flows of their own, and times of departure are kept.
struct Fq {
    std::uint32_t packets = 0;     // that wait at most, also of one flow; 0: the kernel's default
    std::uint32_t horizon_us = 0;  // a departure further in the future is refused; likewise

    // True if what is said by both is the same.
    [[nodiscard]] bool same_as(const Fq& other) const;
};

// One queue for all.
struct Bfifo {
    std::uint32_t limit = 0;  // bytes
};

// Bands, each a class and a queue: a packet waits until all lower bands are empty.
struct Prio {
    std::uint32_t bands = 3;
    // By a packet's priority.
    std::array<std::uint8_t, 16> band_of{};

    bool operator==(const Prio&) const = default;
};

// The root of a NIC with several queues, each of which has a class, from minor number 1 on.
struct Mq {};

// Of another kind, or without options.
using QdiscOptions = std::variant<std::monostate, Tbf, Htb, FqCodel, Fq, Bfifo, Prio, Mq>;

// "tbf"; empty for none of those above.
[[nodiscard]] std::string kind_of(const QdiscOptions& options);
// True if the kernel would say the same of both.
[[nodiscard]] bool same_options(const QdiscOptions& one, const QdiscOptions& other);

// TCA_OPTIONS.
void put_options(Message& message, const QdiscOptions& options);
[[nodiscard]] QdiscOptions read_options(std::string_view kind, nlattr* options);

// The kernel's unit of time for bursts.
inline constexpr std::uint64_t kNanosecondsPerTick = 64;
[[nodiscard]] std::uint32_t ticks_of(std::uint64_t bytes, std::uint64_t rate);
[[nodiscard]] std::uint64_t bytes_of(std::uint64_t ticks, std::uint64_t rate);
// True if two bursts at this rate are the same but for the rounding to ticks.
[[nodiscard]] bool same_burst(std::uint64_t one, std::uint64_t other, std::uint64_t rate);
// The part of a rate that fits the old 32-bit member.
[[nodiscard]] std::uint32_t low_rate(std::uint64_t rate);

}  // namespace terway::netlink
