#include "limited_traffic.hpp"

#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <thread>

#include "base/netns.hpp"
#include "base/time.hpp"
#include "cpu_time.hpp"
#include "endpoint_socket.hpp"
#include "interrupt.hpp"
#include "samples.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr std::size_t kBuffer = 128 << 10;
constexpr std::size_t kUdpPayload = 1472;
constexpr double kBitsPerByte = 8;
constexpr double kGiga = 1e9;

Fd in_netns(int netns, const std::function<Fd()>& make) {
    const NetnsScope scope(netns);
    return make();
}

// Bytes of each flow between two moments.
struct Counted {
    std::vector<double> bytes;
    Clock::duration time{};
    std::chrono::nanoseconds cpu{};
};

using Counters = Load::Counters;

Counted watch(const Counters& counters, const Phases& phases) {
    const auto rest = [](std::chrono::milliseconds span) {
        for (const auto end = after(span); Clock::now() < end;) {
            check_interrupted();
            (void)::poll(nullptr, 0, static_cast<int>(std::min<long>(left(end).count(), 50)));
        }
    };
    const CpuClock cpu;
    rest(phases.settle);
    std::vector<std::uint64_t> before;
    for (const auto& each : counters) {
        before.push_back(each);
    }
    const auto begin = Clock::now();
    const auto cpu_begin = cpu.now();
    rest(phases.measure);
    Counted counted;
    for (std::size_t i = 0; i < counters.size(); ++i) {
        counted.bytes.push_back(static_cast<double>(counters[i] - before[i]));
    }
    counted.time = Clock::now() - begin;
    counted.cpu = cpu.now() - cpu_begin;
    return counted;
}

// https://www.cse.wustl.edu/~jain/papers/ftp/fairness.pdf
double jain(const std::vector<double>& shares) {
    double sum = 0;
    double squares = 0;
    for (const double share : shares) {
        sum += share;
        squares += share * share;
    }
    return squares == 0 ? 0 : sum * sum / (static_cast<double>(shares.size()) * squares);
}

Goodput goodput_of(const Way& way, const Counted& counted) {
    double bytes = 0;
    for (const double each : counted.bytes) {
        bytes += each;
    }
    if (bytes == 0) {
        throw Error(Status::Internal, way.name + ": nothing comes through");
    }
    const double bits = bytes * kBitsPerByte;
    return {bits / std::chrono::duration<double>(counted.time).count(), jain(counted.bytes),
            std::chrono::duration<double, std::milli>(counted.cpu).count() / (bits / kGiga)};
}

void set_udp(const Fd& socket, int option, int value) {
    if (::setsockopt(socket.get(), SOL_UDP, option, &value, sizeof value) != 0) {
        throw system_error("set a UDP socket's option", errno);
    }
}

void set_pace(const Fd& socket, double bps) {
    const auto bytes = static_cast<std::uint64_t>(bps / kBitsPerByte);
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_MAX_PACING_RATE, &bytes, sizeof bytes) != 0) {
        throw system_error("set a TCP socket's pace", errno);
    }
}

// Sends at an even pace by all sockets in turn, in little bunches.
void send_paced(const std::vector<Fd>& sockets, double bps, const std::atomic<bool>& enough) {
    constexpr unsigned kBunch = 8;
    const std::vector<char> bunch(kBunch * kUdpPayload);
    for (const auto& socket : sockets) {
        set_udp(socket, UDP_SEGMENT, static_cast<int>(kUdpPayload));
    }
    const std::chrono::duration<double> each(kBunch * kUdpPayload * kBitsPerByte / bps);
    auto next = Clock::now();
    for (std::size_t turn = 0; !enough; turn = (turn + 1) % sockets.size()) {
        (void)::send(sockets[turn].get(), bunch.data(), bunch.size(), MSG_DONTWAIT);
        next += std::chrono::duration_cast<Clock::duration>(each);
        const auto now = Clock::now();
        if (next > now) {
            std::this_thread::sleep_until(next);
        } else if (now - next > std::chrono::milliseconds(100)) {
            next = now;  // it cannot go that fast
        }
    }
}

}  // namespace

Load::Load(const Way& way, unsigned flows, std::optional<double> pace) : counters_(flows) {
    const auto listener = in_netns(way.server, [&] { return listen_tcp(way.target.family()); });
    for (unsigned i = 0; i < flows; ++i) {
        sending_.push_back(in_netns(way.client, [&] { return connect_tcp(way.target); }));
        if (pace) {
            set_pace(sending_.back(), *pace);
        }
        receiving_.push_back(accept_tcp(listener));
    }
    for (unsigned i = 0; i < flows; ++i) {
        workers_.push_back(std::make_unique<Worker>("bench-server", way.server, std::nullopt,
                                                    [this, i] { receive(i); }));
        workers_.push_back(std::make_unique<Worker>("bench-client", way.client, std::nullopt,
                                                    [this, i] { send(i); }));
    }
}

Load::~Load() {
    for (const auto* all : {&sending_, &receiving_}) {
        for (const auto& each : *all) {
            (void)::shutdown(each.get(), SHUT_RDWR);
        }
    }
}

void Load::send(unsigned flow) {
    const std::vector<char> buffer(kBuffer);
    while (::send(sending_[flow].get(), buffer.data(), buffer.size(), MSG_NOSIGNAL) > 0 ||
           errno == EAGAIN) {
    }
}

void Load::receive(unsigned flow) {
    std::vector<char> buffer(kBuffer);
    while (true) {
        const auto got = ::recv(receiving_[flow].get(), buffer.data(), buffer.size(), 0);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            return;
        }
        counters_[flow] += got > 0 ? static_cast<std::uint64_t>(got) : 0;
    }
}

Goodput tcp_goodput(const Way& way, unsigned flows, const Phases& phases,
                    std::optional<double> pace) {
    return with_context(way.name, [&] {
        const Load load(way, flows, pace);
        return goodput_of(way, watch(load.counters(), phases));
    });
}

Goodput udp_goodput(const Way& way, unsigned flows, double bps, const Phases& phases) {
    return with_context(way.name, [&] {
        const auto receiver = in_netns(way.server, [&] { return bind_udp(way.target.family()); });
        std::vector<Fd> senders;
        for (unsigned i = 0; i < flows; ++i) {
            senders.push_back(in_netns(way.client, [&] { return connect_udp(way.target); }));
        }
        set_udp(receiver, UDP_GRO, 1);
        std::atomic<bool> enough = false;
        Counters counters(1);
        Worker receiving("bench-server", way.server, std::nullopt, [&] {
            std::vector<char> buffer(kBuffer);
            pollfd wait{receiver.get(), POLLIN, 0};
            while (!enough) {
                if (::poll(&wait, 1, 50) > 0) {
                    const auto got = ::recv(receiver.get(), buffer.data(), buffer.size(), 0);
                    counters[0] += got > 0 ? static_cast<std::uint64_t>(got) : 0;
                }
            }
        });
        Worker sending("bench-client", way.client, std::nullopt,
                       [&] { send_paced(senders, bps, enough); });
        const auto counted = watch(counters, phases);
        enough = true;
        sending.finish();
        receiving.finish();
        return goodput_of(way, counted);
    });
}

double loaded_round_trip_us(const Way& way, const Phases& phases) {
    return with_context(way.name, [&] {
        const Load load(way);
        (void)watch(load.counters(), {phases.settle, std::chrono::milliseconds(0)});
        return round_trip_us(way, phases.measure);
    });
}

}  // namespace terway::bench
