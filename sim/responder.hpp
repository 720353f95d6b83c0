// Answers ARP and neighbour discovery for the whole VPC, out of the plan.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "sim/plan.hpp"

namespace terway::sim {

// Owns one thread, "neighbours", that lives in the fabric's namespace; stops on destruction.
// Threads: `update` from any.
class Responder {
public:
    // Throws Error.
    explicit Responder(int fabric_netns_fd);
    ~Responder();
    Responder(const Responder&) = delete;
    Responder& operator=(const Responder&) = delete;

    // What to answer from now on. `ports` names the fabric's links by index.
    void update(Plan plan, std::map<std::uint32_t, std::string> ports);

private:
    struct Table {
        Plan plan;
        std::map<std::uint32_t, std::string> ports;
    };

    void run(const std::stop_token& stop) noexcept;
    void answer_one(int socket);
    [[nodiscard]] std::shared_ptr<const Table> table();

    Mutex mutex_;
    std::shared_ptr<const Table> table_ TERWAY_GUARDED_BY(mutex_);
    Fd arp_;
    Fd ipv6_;
    Fd wake_;
    std::jthread thread_;
};

}  // namespace terway::sim
