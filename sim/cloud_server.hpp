// The simulated cloud on the network: OpenAPI and metadata over HTTP, transitions in real time.
//
//     CloudServer server(model, Settings::zero());
//     client.use(server.endpoint(), "testid", "testsecret");
//     server.with([](Cloud& cloud) { cloud.faults().add({.action = "Attach*", .times = 1}); });
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/mutex.hpp"
#include "sim/cloud/cloud.hpp"
#include "sim/cloud/metadata.hpp"
#include "sim/cloud/signature.hpp"
#include "sim/http_server.hpp"

namespace terway::sim {

// Needs no root and no namespaces. A key "testid" with secret "testsecret" exists unless others are
// added by `with`. Threads: any.
class CloudServer {
public:
    explicit CloudServer(Model model, const Settings& settings = {},
                         InstanceTypes types = known_instance_types(), std::uint64_t seed = 1);
    ~CloudServer();
    CloudServer(const CloudServer&) = delete;
    CloudServer& operator=(const CloudServer&) = delete;

    // Called after every change of the model, before anybody is told of it; one call at a time.
    void on_change(std::function<void(const Model&)> render);

    // Listens in the calling thread's network namespace. Throws Error.
    std::uint16_t listen_openapi(const std::string& address, std::uint16_t port, bool tls = false);
    // Whoever asks is `instance`, or the instance that owns the peer's address.
    std::uint16_t listen_metadata(const std::string& address, std::uint16_t port,
                                  const std::string& instance = {});
    // "http://127.0.0.1:PORT", listening from the first call on.
    [[nodiscard]] std::string endpoint();
    // "https://127.0.0.1:PORT"; clients trust `authority`. Each simulation has its own.
    [[nodiscard]] std::string tls_endpoint();
    [[nodiscard]] const std::string& authority() const noexcept { return tls_.authority; }
    [[nodiscard]] std::string metadata_endpoint(const std::string& instance);

    // Runs `body` with the cloud under the lock, advanced to now; then the model is rendered.
    template <class Body>
    auto with(Body body) {
        const Rendered after(*this);
        const MutexLock lock(mutex_);
        cloud_.advance(now());
        return body(cloud_);
    }

    // Real time, plus what `skip` added.
    [[nodiscard]] WallTime now() const TERWAY_REQUIRES(mutex_) { return wall_now() + skew_; }
    // Moves the cloud's clock forward; what falls due happens at once.
    void skip(Milliseconds span);
    // The cloud's clock, for a client that must not think it is skewed.
    [[nodiscard]] WallTime time();

private:
    struct Rendered {
        explicit Rendered(CloudServer& server) : server_(server) {}
        ~Rendered() {
            server_.changed_.notify_all();
            server_.render();
        }
        Rendered(const Rendered&) = delete;
        Rendered& operator=(const Rendered&) = delete;
        CloudServer& server_;
    };

    Answer openapi(const HttpRequest& request);
    Answer metadata(const HttpRequest& request, const std::string& instance);
    void render();
    [[nodiscard]] std::optional<Model> newer_than(std::uint64_t revision);
    void tick(const std::stop_token& stop);

    Mutex render_mutex_;
    std::function<void(const Model&)> render_ TERWAY_GUARDED_BY(render_mutex_);
    std::uint64_t rendered_ TERWAY_GUARDED_BY(render_mutex_) = 0;

    Mutex mutex_;
    Condition changed_;
    Cloud cloud_ TERWAY_GUARDED_BY(mutex_);
    Gate gate_ TERWAY_GUARDED_BY(mutex_);
    MetadataService metadata_ TERWAY_GUARDED_BY(mutex_);
    Milliseconds skew_ TERWAY_GUARDED_BY(mutex_){0};
    const Certificates tls_;
    std::string endpoint_;
    std::string tls_endpoint_;
    std::map<std::string, std::string> metadata_endpoints_;

    std::unique_ptr<HttpServer> http_;
    std::jthread clock_;
};

}  // namespace terway::sim
