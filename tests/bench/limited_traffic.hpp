// Traffic that something on its way limits: how much comes through, how fairly, and how late.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/fd.hpp"
#include "traffic.hpp"
#include "worker.hpp"

namespace terway::bench {

// What is queued when a measurement begins, and a burst, are not counted: they are gone by then.
struct Phases {
    std::chrono::milliseconds settle{1000};
    std::chrono::milliseconds measure{2000};
};

// TCP connections that take all there is as long as this object lives, or each what `pace` says, in
// bits a second.
class Load {
public:
    explicit Load(const Way& way, unsigned flows = 1, std::optional<double> pace = {});
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    // Bytes that have come, by connection.
    using Counters = std::vector<std::atomic<std::uint64_t>>;
    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    void send(unsigned flow);
    void receive(unsigned flow);

    Counters counters_;
    std::vector<Fd> sending_;
    std::vector<Fd> receiving_;
    std::vector<std::unique_ptr<Worker>> workers_;  // last: they end first
};

struct Goodput {
    double bps = 0;              // payload, bits a second, of all flows
    double fairness = 1;         // Jain's index of the flows: 1 if all got the same
    double cpu_ms_per_gbit = 0;  // as in StreamCost
};

// Both throw Error, naming the way, if nothing comes through.
// So many TCP connections, as much as they carry, or each so many bits a second as `pace` says.
[[nodiscard]] Goodput tcp_goodput(const Way& way, unsigned flows, const Phases& phases,
                                  std::optional<double> pace = {});
// So many flows of UDP in packets of an MTU of 1500 bytes, together as fast as `bps` bits a second
// of payload.
[[nodiscard]] Goodput udp_goodput(const Way& way, unsigned flows, double bps, const Phases& phases);
// As round_trip_us, while a TCP connection between the two takes all there is.
[[nodiscard]] double loaded_round_trip_us(const Way& way, const Phases& phases);

}  // namespace terway::bench
