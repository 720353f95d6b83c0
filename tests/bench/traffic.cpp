#include "traffic.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <functional>
#include <vector>

#include "base/netns.hpp"
#include "base/time.hpp"
#include "cpu_time.hpp"
#include "endpoint_socket.hpp"
#include "interrupt.hpp"
#include "samples.hpp"
#include "terway/error.hpp"
#include "worker.hpp"

namespace terway::bench {
namespace {

constexpr unsigned kClientProcessor = 0;
constexpr unsigned kServerProcessor = 1;
constexpr auto kWarmUp = std::chrono::milliseconds(10);
// A slice lasts longer, if it must, until so much has come.
constexpr unsigned kFewest = 10;
constexpr double kBitsPerByte = 8;
constexpr double kGiga = 1e9;

double microseconds(Clock::duration span) {
    return std::chrono::duration<double, std::micro>(span).count();
}

Fd in_netns(int netns, const std::function<Fd()>& make) {
    const NetnsScope scope(netns);
    return make();
}

// The server's failure is told only if the client has none: it follows from that one.
void play(const Way& way, const std::function<void()>& client,
          const std::function<void()>& server) {
    check_interrupted();
    with_context(way.name, [&] {
        Worker serving("bench-server", way.server, kServerProcessor, server);
        Worker calling("bench-client", way.client, kClientProcessor, client);
        calling.finish();
        serving.finish();
    });
}

// Counts what `receive` answers, from the end of the warm-up for a slice.
struct Counted {
    double amount = 0;
    Clock::duration time{};
    std::chrono::nanoseconds cpu{};
};

Counted count(std::chrono::milliseconds slice, const std::function<double()>& receive) {
    const CpuClock cpu;
    auto next = after(kWarmUp);
    while (Clock::now() < next) {
        (void)receive();
    }
    Counted counted;
    const auto begin = Clock::now();
    const auto cpu_begin = cpu.now();
    next = begin + slice;
    auto now = begin;
    for (unsigned times = 0; now < next || times < kFewest; ++times) {
        counted.amount += receive();
        now = Clock::now();
    }
    counted.time = now - begin;
    counted.cpu = cpu.now() - cpu_begin;
    return counted;
}

double receive_some(const Fd& socket, std::vector<char>& buffer) {
    const auto got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) {
        throw system_error("nothing comes", errno);
    }
    return static_cast<double>(got);
}

// Many at once, so that the system call is not what is measured.
class Packets {
public:
    static constexpr unsigned kMany = 32;
    static constexpr std::size_t kSize = 32;

    Packets() {
        for (unsigned i = 0; i < kMany; ++i) {
            parts_[i] = {bytes_[i].data(), kSize};
            headers_[i].msg_hdr.msg_iov = &parts_[i];
            headers_[i].msg_hdr.msg_iovlen = 1;
        }
    }

    void send(const Fd& socket) {
        if (::sendmmsg(socket.get(), headers_.data(), kMany, 0) < 0 && errno != ENOBUFS) {
            throw system_error("send", errno);
        }
    }
    double receive(const Fd& socket) {
        const int got = ::recvmmsg(socket.get(), headers_.data(), kMany, MSG_WAITFORONE, nullptr);
        if (got <= 0) {
            throw system_error("nothing comes", errno);
        }
        return got;
    }

private:
    std::array<std::array<char, kSize>, kMany> bytes_{};
    std::array<iovec, kMany> parts_{};
    std::array<mmsghdr, kMany> headers_{};
};

}  // namespace

void await_way(const Way& way) {
    const auto deadline = after(std::chrono::seconds(60));
    const auto listener = in_netns(way.server, [&] { return listen_tcp(way.target.family()); });
    while (!in_netns(way.client, [&] { return try_connect_tcp(way.target); })) {
        check_interrupted();
        if (Clock::now() > deadline) {
            throw Error(Status::Internal, way.name + ": no connection to " + way.target.text());
        }
        (void)::poll(nullptr, 0, 20);
    }
}

StreamCost stream(const Way& way, std::chrono::milliseconds slice) {
    constexpr std::size_t kBuffer = 128 << 10;
    const auto listener = in_netns(way.server, [&] { return listen_tcp(way.target.family()); });
    Counted counted;
    play(
        way,
        [&] {
            const auto socket = connect_tcp(way.target);
            const std::vector<char> buffer(kBuffer);
            // Until the server closes.
            while (::send(socket.get(), buffer.data(), buffer.size(), MSG_NOSIGNAL) > 0) {
            }
        },
        [&] {
            auto socket = accept_tcp(listener);
            std::vector<char> buffer(kBuffer);
            counted = count(slice, [&] { return receive_some(socket, buffer); });
            close_hard(std::move(socket));
        });
    const double gbit = counted.amount * kBitsPerByte / kGiga;
    return {microseconds(counted.time) / 1000 / gbit, microseconds(counted.cpu) / 1000 / gbit};
}

double round_trip_us(const Way& way, std::chrono::milliseconds slice) {
    const auto listener = in_netns(way.server, [&] { return listen_tcp(way.target.family()); });
    Samples times;
    play(
        way,
        [&] {
            auto socket = connect_tcp(way.target);
            const auto warm = after(kWarmUp);
            const auto end = warm + slice;
            unsigned trips = 0;
            for (auto begin = Clock::now(); begin < end || trips < kFewest;) {
                send_byte(socket);
                if (!receive_byte(socket)) {
                    throw Error(Status::Internal, "the connection breaks");
                }
                const auto now = Clock::now();
                if (begin >= warm) {
                    ++trips;
                    times.add(microseconds(now - begin));
                }
                begin = now;
            }
            close_hard(std::move(socket));
        },
        [&] {
            const auto socket = accept_tcp(listener);
            while (receive_byte(socket)) {
                send_byte(socket);
            }
        });
    return times.median();
}

double connection_us(const Way& way, std::chrono::milliseconds slice) {
    const auto listener = in_netns(way.server, [&] { return listen_tcp(way.target.family()); });
    double each = 0;
    const auto call = [&] {
        auto socket = connect_tcp(way.target);
        send_byte(socket);
        if (!receive_byte(socket)) {
            throw Error(Status::Internal, "the connection breaks");
        }
        close_hard(std::move(socket));
    };
    play(
        way,
        [&] {
            for (const auto warm = after(kWarmUp); Clock::now() < warm;) {
                call();
            }
            const auto begin = Clock::now();
            unsigned calls = 0;
            auto now = begin;
            for (; now < begin + slice || calls < kFewest; now = Clock::now()) {
                call();
                ++calls;
            }
            each = microseconds(now - begin) / calls;
            (void)connect_tcp(way.target);  // without a byte: no more to come
        },
        [&] {
            for (bool more = true; more;) {
                const auto socket = accept_tcp(listener);
                for (more = false; receive_byte(socket); more = true) {
                    send_byte(socket);
                }
            }
        });
    return each;
}

double packet_us(const Way& way, std::chrono::milliseconds slice) {
    const auto receiver = in_netns(way.server, [&] { return bind_udp(way.target.family()); });
    std::atomic<bool> enough = false;
    Counted counted;
    play(
        way,
        [&] {
            const auto socket = connect_udp(way.target);
            for (Packets packets; !enough;) {
                packets.send(socket);
            }
        },
        [&] {
            try {
                Packets packets;
                counted = count(slice, [&] { return packets.receive(receiver); });
            } catch (const Error&) {
                enough = true;
                throw;
            }
            enough = true;
        });
    return microseconds(counted.time) / counted.amount;
}

}  // namespace terway::bench
