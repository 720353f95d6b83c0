// Hears what the rules log, in every namespace that has a table of ours, and passes it on: to
// traces, and to the daemon's log. The kernel gives packets away and never waits for anybody; what
// there is no room for is counted.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "denied_log.hpp"
#include "names.hpp"
#include "netlink/nft_log.hpp"
#include "packet.hpp"
#include "policy/abi_update.hpp"

namespace terway::felix {

struct Heard {
    std::uint64_t time_ns = 0;  // since the epoch
    policy::EndpointKey key;
    Direction direction = Direction::Egress;
    bool allowed = false;
    Flow flow;
    std::uint64_t lost = 0;  // before this one
};

// Every public function: any thread.
class Tracer {
public:
    struct Subject {
        policy::EndpointKey key;
        std::string link;
        std::string name;                // for people
        std::uint32_t host_ifindex = 0;  // of what the host's table judges; 0: nothing
        int netns_fd = -1;               // of a table inside the pod; -1: there is none
    };
    // `host` is of the host's namespace. Denied packets go to `denied`, unless that is empty. Where
    // the kernel's rules cannot log, `can_log` is false and nothing is ever heard.
    Tracer(netlink::Socket host, bool can_log, std::function<void(const std::string&)> denied);
    ~Tracer();
    Tracer(const Tracer&) = delete;
    Tracer& operator=(const Tracer&) = delete;

    // An endpoint whose packets are to be heard. Throws Error.
    void put(const Subject& subject);
    void remove(const policy::EndpointKey& key);

    // Tells `sink` until it answers false or the deadline comes: null at first, and at least twice
    // a second when there is nothing. Throws Error: Unsupported where rules cannot log, Retry where
    // another process listens.
    void listen(const std::function<bool(const Heard*)>& sink, Deadline deadline);

private:
    struct Source {
        netlink::nft::LogSocket socket;
        std::string link;  // empty: the host's, where packets say it
        bool is_heard = false;
    };
    struct Listener {
        std::deque<Heard> heard;
        std::uint64_t lost = 0;
    };
    using Sources = std::vector<std::shared_ptr<Source>>;

    // What the thread is to listen to.
    struct Plan {
        std::uint64_t number = 0;
        bool is_wanted = false;
        Sources sources;
    };

    void run(const std::stop_token& stop);
    void wake() const;
    // True if it is another one now.
    [[nodiscard]] bool renew(Plan& plan);
    void settle(const Plan& plan);
    void wait(const Sources& sources) const;
    void read(Source& source);
    void hear(const Source& source, const netlink::nft::Logged& logged);
    [[nodiscard]] const Subject* subject_of(const Source& source, std::string_view said,
                                            std::uint32_t ifindex) const TERWAY_REQUIRES(mutex_);

    const bool can_log_;
    const std::shared_ptr<Source> host_;
    const Fd wake_;
    DeniedLog denied_;  // the thread's

    Mutex mutex_;
    Condition condition_;
    std::map<std::string, Subject> subjects_ TERWAY_GUARDED_BY(mutex_);     // by link
    std::map<std::uint32_t, std::string> links_ TERWAY_GUARDED_BY(mutex_);  // by index on the host
    std::map<std::string, std::shared_ptr<Source>> inside_ TERWAY_GUARDED_BY(mutex_);  // by link
    std::list<Listener> listeners_ TERWAY_GUARDED_BY(mutex_);
    std::uint64_t asked_ TERWAY_GUARDED_BY(mutex_) = 1;    // for a change of what is listened to
    std::uint64_t settled_ TERWAY_GUARDED_BY(mutex_) = 0;  // the last that was carried out
    std::string trouble_ TERWAY_GUARDED_BY(mutex_);        // why the host cannot be listened to
    std::jthread thread_;                                  // the last: it ends first
};

}  // namespace terway::felix
