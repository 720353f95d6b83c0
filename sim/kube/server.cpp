#include "sim/kube/server.hpp"

#include <algorithm>
#include <utility>

#include "sim/base64.hpp"
#include "sim/kube/mischief.hpp"

namespace terway::sim::kube {
namespace {

constexpr std::uint64_t kLargestBody = 64U << 20U;

std::vector<std::string> all_names(std::vector<std::string> names) {
    names.insert(names.end(), {"IP:127.0.0.1", "DNS:localhost", "DNS:kubernetes",
                               "DNS:kubernetes.default", "DNS:kubernetes.default.svc"});
    return names;
}

}  // namespace

class KubeServer::Stream : public BodyStream {
public:
    Stream(KubeServer& server, std::unique_ptr<Watch> watch)
        : server_(server), watch_(std::move(watch)) {}
    Part next() override { return server_.step(*watch_); }

private:
    KubeServer& server_;
    std::unique_ptr<Watch> watch_;
};

KubeServer::KubeServer(const ApiOptions& options, const std::vector<std::string>& names)
    : api_(options, wall_now()),
      tls_(make_certificates(all_names(names))),
      http_(std::make_unique<HttpServer>()) {
    api_.users().add("admin-token", "admin", {"system:masters"});
}

KubeServer::~KubeServer() {
    http_.reset();
}

std::uint16_t KubeServer::listen(const std::string& address, std::uint16_t port, bool tls) {
    return http_->listen(address, port,
                         [this](const HttpRequest& request) { return answer(request); },
                         tls ? &tls_ : nullptr, {kLargestBody, tls});
}

std::string KubeServer::endpoint() {
    const MutexLock lock(endpoint_mutex_);
    if (endpoint_.empty()) {
        endpoint_ = "https://127.0.0.1:" + std::to_string(listen("127.0.0.1", 0));
    }
    return endpoint_;
}

std::string KubeServer::kubeconfig(const std::string& endpoint, const std::string& token) const {
    return "apiVersion: v1\n"
           "kind: Config\n"
           "clusters:\n"
           "- name: sim\n"
           "  cluster:\n"
           "    server: " +
           endpoint +
           "\n"
           "    certificate-authority-data: " +
           base64(tls_.authority) +
           "\n"
           "users:\n"
           "- name: sim\n"
           "  user:\n"
           "    token: " +
           token +
           "\n"
           "contexts:\n"
           "- name: sim\n"
           "  context:\n"
           "    cluster: sim\n"
           "    user: sim\n"
           "current-context: sim\n";
}

void KubeServer::skip(Milliseconds span) {
    const Woken after(*this);
    const MutexLock lock(mutex_);
    skew_ += span;
}

WallTime KubeServer::time() {
    const MutexLock lock(mutex_);
    return wall_now() + skew_;
}

Answer KubeServer::answer(const HttpRequest& request) {
    ApiAnswer made;
    {
        const MutexLock lock(mutex_);
        made = api_.handle(request, wall_now() + skew_);
    }
    if (request.method != "GET") {
        wake();
    }
    if (made.watch) {
        made.answer.stream = std::make_shared<Stream>(*this, std::move(made.watch));
    }
    if (made.mischief) {
        if (!made.answer.stream && made.mischief->kind == FaultRule::Kind::Silent) {
            made.answer.delivery = Delivery::Hang;
        } else if (!made.answer.stream) {
            made.answer.stream = whole(std::exchange(made.answer.body, {}));
        }
        made.answer.stream = spoiled(std::move(made.answer.stream), *made.mischief);
    }
    return std::move(made.answer);
}

void KubeServer::wake() {
    changed_.notify_all();
    http_->wake();
}

std::uint64_t KubeServer::await_change(std::uint64_t seen, const std::stop_token& stop,
                                       Deadline deadline) {
    const MutexLock lock(mutex_);
    (void)changed_.wait(mutex_, stop, deadline, [&] { return api_.store().version() != seen; });
    return api_.store().version();
}

BodyStream::Part KubeServer::step(Watch& watch) {
    const MutexLock lock(mutex_);
    const WallTime now = wall_now() + skew_;
    auto step = watch.next(api_.store(), now);
    return {std::move(step.text), step.end, false, std::max(step.again - now, Milliseconds(1))};
}

}  // namespace terway::sim::kube
