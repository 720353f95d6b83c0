// The simulated API server on the network, with TLS, in real time.
//
//     KubeServer server;
//     client.use(server.endpoint(), server.authority(), "admin-token");
//     server.with([](Api& api) { api.faults().add({.action = "list pods", .times = 1}); });
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "sim/certificate.hpp"
#include "sim/http_server.hpp"
#include "sim/kube/api.hpp"

namespace terway::sim::kube {

// Needs no root and no namespaces. The token "admin-token" may do everything. Threads: any.
class KubeServer {
public:
    // `names` ("IP:100.100.0.6") are good for the certificate beside 127.0.0.1 and localhost.
    explicit KubeServer(const ApiOptions& options = {}, const std::vector<std::string>& names = {});
    ~KubeServer();
    KubeServer(const KubeServer&) = delete;
    KubeServer& operator=(const KubeServer&) = delete;

    // Listens in the calling thread's network namespace. Throws Error.
    std::uint16_t listen(const std::string& address, std::uint16_t port, bool tls = true);
    // "https://127.0.0.1:PORT", listening from the first call on.
    [[nodiscard]] std::string endpoint();
    // What clients trust.
    [[nodiscard]] const std::string& authority() const noexcept { return tls_.authority; }
    [[nodiscard]] ClientCertificate client_certificate(const std::string& user,
                                                       const std::string& group) const {
        return make_client_certificate(tls_, user, group);
    }
    // A file for kubectl, with `token`.
    [[nodiscard]] std::string kubeconfig(const std::string& endpoint,
                                         const std::string& token) const;

    // Runs `body` with the API under the lock; then watches hear of it.
    template <class Body>
    auto with(Body body) {
        const Woken after(*this);
        const MutexLock lock(mutex_);
        return body(api_);
    }

    // Waits until the cluster is no longer at version `seen`, and answers the one it is at; `seen`
    // if nothing changes before the deadline or the stop. For controllers in this process.
    [[nodiscard]] std::uint64_t await_change(std::uint64_t seen, const std::stop_token& stop,
                                             Deadline deadline);

    // Moves the server's clock forward: tokens expire, watches time out.
    void skip(Milliseconds span);
    [[nodiscard]] WallTime time();
    // Every connection ends, as when a load balancer in between restarts.
    void close_connections() { http_->close_connections(); }
    // Connections are closed before they are heard, until `down` is false. Nothing is lost.
    void set_down(bool down) { http_->refuse(down); }

private:
    struct Woken {
        explicit Woken(KubeServer& server) : server_(server) {}
        ~Woken() { server_.wake(); }
        Woken(const Woken&) = delete;
        Woken& operator=(const Woken&) = delete;
        KubeServer& server_;
    };
    class Stream;

    Answer answer(const HttpRequest& request);
    void wake();
    BodyStream::Part step(Watch& watch);

    Mutex mutex_;
    Condition changed_;
    Api api_ TERWAY_GUARDED_BY(mutex_);
    Milliseconds skew_ TERWAY_GUARDED_BY(mutex_){0};
    Mutex endpoint_mutex_;
    std::string endpoint_ TERWAY_GUARDED_BY(endpoint_mutex_);
    const Certificates tls_;
    std::unique_ptr<HttpServer> http_;
};

}  // namespace terway::sim::kube
