// Sees when rules and elements of sets are in the kernel, without asking: by nftables' own
// notifications, which the kernel sends when a transaction has been committed.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "set_news.hpp"

namespace terway::bench {

// What an event is to bring about.
struct Expected {
    unsigned kind = 0;        // the caller's
    bool is_added = false;    // something is to be put in
    bool is_removed = false;  // something is to be taken out
    Clock::time_point begun{};
};

struct Arrived {
    unsigned kind = 0;
    Clock::time_point begun;
    Clock::time_point ended;
};

// The first four bytes of an element's key: an IPv4 address, whatever else the key has.
[[nodiscard]] std::string token_of_address(const std::string& address);
// Rules of that chain.
[[nodiscard]] std::string token_of_chain(const std::string& chain);
[[nodiscard]] std::string token_of(const SetNews& news);

// Watches a table from its making on, on a thread of its own; its other functions are any
// thread's.
class KernelWatch {
public:
    // In that network namespace. Throws Error.
    KernelWatch(int netns, std::string table);
    ~KernelWatch();
    KernelWatch(const KernelWatch&) = delete;
    KernelWatch& operator=(const KernelWatch&) = delete;

    void expect(const std::string& token, const Expected& what);
    [[nodiscard]] bool is_expected(const std::string& token) const;
    // Waits until nothing is expected any more. Throws Error, naming something that is.
    void await(Deadline deadline);
    // What has arrived since it was asked last.
    [[nodiscard]] std::vector<Arrived> take();

private:
    void run(const std::stop_token& stop);
    void read();
    void note(const SetNews& news, Clock::time_point now);

    const std::string table_;
    Fd socket_;
    mutable Mutex mutex_;
    Condition changed_;
    std::map<std::string, Expected> expected_ TERWAY_GUARDED_BY(mutex_);
    std::vector<Arrived> arrived_ TERWAY_GUARDED_BY(mutex_);
    std::string failure_ TERWAY_GUARDED_BY(mutex_);
    std::jthread thread_;  // the last: it ends first
};

}  // namespace terway::bench
