// An API server that plays a script.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "kube/access.hpp"
#include "kube_testing.hpp"
#include "server.hpp"

namespace terway::kube {

using testing_http::Act;
using testing_http::Feed;
using testing_http::Identity;
using testing_http::Received;
using testing_http::Reply;
using testing_http::Server;

[[nodiscard]] inline bool is_watch(const Received& received) {
    return received.target.find("watch=true") != std::string::npos;
}

// Lists and watches are answered one after the other from two queues, the last answer for ever.
class Script {
public:
    Script& list(Reply reply) { return add(lists_, std::move(reply)); }
    Script& list(const std::vector<std::string>& items, const std::string& version,
                 const std::string& next_page = "") {
        return list({200, list_json(items, version, next_page)});
    }
    Script& watch(Reply reply) { return add(watches_, std::move(reply)); }
    // A watch that the test writes to, later.
    Script& watch(std::shared_ptr<Feed> feed) {
        Reply reply;
        reply.feed = std::move(feed);
        return watch(std::move(reply));
    }

    [[nodiscard]] Server::Handler handler() {
        return [this](const Received& received) {
            const std::lock_guard lock(mutex_);
            auto& queue = is_watch(received) ? watches_ : lists_;
            if (queue.empty()) {
                return Reply{200, "", {}, Act::Hang};
            }
            auto reply = queue.front();
            if (queue.size() > 1) {
                queue.pop_front();
            }
            return reply;
        };
    }

private:
    Script& add(std::deque<Reply>& queue, Reply reply) {
        const std::lock_guard lock(mutex_);
        queue.push_back(std::move(reply));
        return *this;
    }

    std::mutex mutex_;
    std::deque<Reply> lists_;
    std::deque<Reply> watches_;
};

[[nodiscard]] inline Access access_to(const Server& server, const Identity* identity = nullptr) {
    Access access;
    access.server = server.url();
    access.http.allow_plain = identity == nullptr;
    access.http.ca_file = identity == nullptr ? "" : identity->authority();
    return access;
}

}  // namespace terway::kube
