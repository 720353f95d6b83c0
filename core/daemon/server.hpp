// The socket: accepts, checks who calls, and gives each request a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "cni/message.hpp"
#include "cni/wire.hpp"
#include "endpoint/operation.hpp"

namespace terway::daemon {

// The two kinds of request. Both run on the request's own thread, in the host's network namespace,
// and may throw terway::Error.
struct Handlers {
    // `netns_fd` is the sandbox or empty. Answers what the CNI binary prints and exits with.
    std::function<cni::Reply(const cni::Invocation&, Fd netns_fd, const endpoint::Operation&)> cni;
    // `payload` is the JSON of a control request; answers JSON.
    std::function<std::string(const std::string& payload, const endpoint::Operation&)> ctl;
};

class Server {
public:
    struct Options {
        std::string path;  // of the socket; its directory is made, private to root
        std::size_t max_requests = 256;
        std::chrono::milliseconds request_deadline{100'000};
    };
    // Binds, but does not listen yet. Throws Error, also when another process listens there.
    Server(Options options, Handlers handlers, Metrics& metrics);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    void listen();
    // Accepts until `stop` is requested; then waits for the requests in flight, `patience` long.
    // True if all of them ended.
    bool serve(const std::stop_token& stop, std::chrono::milliseconds patience);

private:
    struct Client;
    void accept_one();
    void answer(const std::shared_ptr<Client>& client);
    void answer_cni(const std::shared_ptr<Client>& client, cni::Received request);
    void answer_ctl(const std::shared_ptr<Client>& client, const cni::Received& request);
    void finished();

    const Options options_;
    const Handlers handlers_;
    Metrics& metrics_;
    Fd listener_;
    std::stop_source stop_requests_;
    Mutex mutex_;
    Condition idle_;
    std::size_t in_flight_ TERWAY_GUARDED_BY(mutex_) = 0;
};

}  // namespace terway::daemon
