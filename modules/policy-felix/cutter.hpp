// The thread that ends connections which rules forbid now.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backend.hpp"
#include "base/mutex.hpp"

namespace terway::felix {

// At once, but a tenth of the time at most goes there: on a node with many connections, with pods
// that come and go all over the cluster, they are listed for several changes together. The thread
// lives as long as this.
class Cutter {
public:
    using Warn = std::function<void(const std::string&)>;

    // Borrows `mutex` and what it guards, the backend, which may be null for a while. `warn` is
    // called by the thread.
    Cutter(Mutex& mutex, const std::unique_ptr<Backend>& backend, Warn warn);
    Cutter(const Cutter&) = delete;
    Cutter& operator=(const Cutter&) = delete;

    // After what may leave something to cut. Any thread.
    void wake() { condition_.notify_one(); }

private:
    void run(const std::stop_token& stop);
    // False: there is nothing new to cut, but answers to what was cut may be there.
    bool await(const std::stop_token& stop);
    void cut_once();
    void cut_answers_once();

    Mutex& mutex_;
    const std::unique_ptr<Backend>& backend_ TERWAY_GUARDED_BY(mutex_);
    Warn warn_;
    Condition condition_;
    // The thread's own: what was cut, and until when answers to it may come.
    std::vector<std::pair<Deadline, netlink::Tracked>> was_cut_;
    Deadline answers_until_{};
    std::jthread thread_;  // the last: it ends first
};

}  // namespace terway::felix
