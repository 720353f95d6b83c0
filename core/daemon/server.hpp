// The socket: accepts, checks who calls, and gives each request a thread of its own.
//
// The thread that accepts a connection also serves it, after seeing to it that another one accepts
// the next: a request is not handed from thread to thread. A few threads are kept for the next
// requests.
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

// Sends one part of an answer, or nothing if it is empty; waits for a slow client. False when the
// client has gone or the daemon ends.
using Tell = std::function<bool(const std::string& part)>;

// The kinds of request. They run on the request's own thread, in the host's network namespace,
// and may throw terway::Error.
struct Handlers {
    // `netns_fd` is the sandbox or empty. Answers what the CNI binary prints and exits with.
    std::function<cni::Reply(const cni::Invocation&, Fd netns_fd, const endpoint::Operation&)> cni;
    // `payload` is the JSON of a control request; answers JSON.
    std::function<std::string(const std::string& payload, const endpoint::Operation&)> ctl;
    // `payload` is likewise; answers by telling one JSON after the other, until nobody listens.
    std::function<void(const std::string& payload, const Tell&)> follow;
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
    // True if all of them ended; if not, the object must outlive them. Throws Error if no thread
    // can be started.
    bool serve(const std::stop_token& stop, std::chrono::milliseconds patience);

private:
    struct Client;
    void start_thread();
    void work();
    // False when the thread is no longer needed.
    bool serve_one();
    bool admit();
    bool stay();
    void refuse(Fd stream);
    void answer(const std::shared_ptr<Client>& client);
    void answer_cni(const std::shared_ptr<Client>& client, cni::Received request);
    void answer_ctl(const std::shared_ptr<Client>& client, const cni::Received& request);
    void answer_follow(Client& client, const cni::Received& request);
    [[nodiscard]] bool tell(Client& client, const std::string& part) const;

    const Options options_;
    const Handlers handlers_;
    Metrics& metrics_;
    Fd listener_;
    std::stop_source stop_requests_;
    Mutex mutex_;
    Condition ended_;
    std::size_t threads_ TERWAY_GUARDED_BY(mutex_) = 0;
    std::size_t idle_ TERWAY_GUARDED_BY(mutex_) = 0;  // those that wait for a connection
    std::size_t in_flight_ TERWAY_GUARDED_BY(mutex_) = 0;
};

}  // namespace terway::daemon
