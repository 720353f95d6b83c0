#include "sim/cloud_server.hpp"

#include <pthread.h>

#include <cstdio>

#include "terway/error.hpp"

namespace terway::sim {

CloudServer::CloudServer(Model model, const Settings& settings, InstanceTypes types,
                         std::uint64_t seed)
    : cloud_(std::move(model), settings, std::move(types), seed),
      tls_(make_certificates({"IP:127.0.0.1", "IP:100.100.0.1", "DNS:localhost",
                              "DNS:*.aliyuncs.com", "DNS:*.cn-hangzhou.aliyuncs.com"})),
      http_(std::make_unique<HttpServer>()) {
    cloud_.keys().add({"testid", "testsecret", "", {}, true});
    clock_ = std::jthread([this](const std::stop_token& stop) { tick(stop); });
}

CloudServer::~CloudServer() {
    http_.reset();
}

void CloudServer::on_change(std::function<void(const Model&)> render) {
    const MutexLock lock(render_mutex_);
    render_ = std::move(render);
}

std::uint16_t CloudServer::listen_openapi(const std::string& address, std::uint16_t port,
                                          bool tls) {
    return http_->listen(
        address, port, [this](const HttpRequest& request) { return openapi(request); },
        tls ? &tls_ : nullptr);
}

std::uint16_t CloudServer::listen_metadata(const std::string& address, std::uint16_t port,
                                           const std::string& instance) {
    return http_->listen(address, port, [this, instance](const HttpRequest& request) {
        return metadata(request, instance);
    });
}

std::string CloudServer::endpoint() {
    const MutexLock lock(render_mutex_);
    if (endpoint_.empty()) {
        endpoint_ = "http://127.0.0.1:" + std::to_string(listen_openapi("127.0.0.1", 0));
    }
    return endpoint_;
}

std::string CloudServer::tls_endpoint() {
    const MutexLock lock(render_mutex_);
    if (tls_endpoint_.empty()) {
        tls_endpoint_ = "https://127.0.0.1:" + std::to_string(listen_openapi("127.0.0.1", 0, true));
    }
    return tls_endpoint_;
}

std::string CloudServer::metadata_endpoint(const std::string& instance) {
    const MutexLock lock(render_mutex_);
    std::string& mine = metadata_endpoints_[instance];
    if (mine.empty()) {
        mine = "http://127.0.0.1:" + std::to_string(listen_metadata("127.0.0.1", 0, instance));
    }
    return mine;
}

void CloudServer::skip(Milliseconds span) {
    const Rendered after(*this);
    const MutexLock lock(mutex_);
    skew_ += span;
    cloud_.advance(now());
}

WallTime CloudServer::time() {
    const MutexLock lock(mutex_);
    return now();
}

Answer CloudServer::openapi(const HttpRequest& request) {
    const Rendered after(*this);
    const MutexLock lock(mutex_);
    Presented presented;
    Answer answer;
    try {
        gate_.admit(request, cloud_.keys(), now(), presented);
        answer = cloud_.handle(presented.call);
    } catch (const Refusal& refusal) {
        answer = cloud_.refuse(presented.call, refusal);
    }
    answer.headers.emplace_back("Date", http_date(now()));
    return answer;
}

Answer CloudServer::metadata(const HttpRequest& request, const std::string& instance) {
    const MutexLock lock(mutex_);
    cloud_.advance(now());
    const auto peer = IpAddress::parse(request.peer);
    const std::string asker =
        !instance.empty() || !peer ? instance : MetadataService::instance_at(cloud_.model(), *peer);
    return metadata_.answer(cloud_, request, asker, now());
}

void CloudServer::render() {
    const MutexLock one(render_mutex_);
    if (!render_) {
        return;
    }
    const auto model = newer_than(rendered_);
    if (!model) {
        return;
    }
    try {
        render_(*model);
        rendered_ = model->revision();
    } catch (const std::exception& error) {
        (void)std::fprintf(stderr, "terway-sim: %s\n", error.what());
    }
}

std::optional<Model> CloudServer::newer_than(std::uint64_t revision) {
    const MutexLock lock(mutex_);
    return cloud_.model().revision() == revision ? std::nullopt : std::optional(cloud_.model());
}

void CloudServer::tick(const std::stop_token& stop) {
    ::pthread_setname_np(::pthread_self(), "sim-clock");
    constexpr auto kIdle = std::chrono::minutes(1);
    while (!stop.stop_requested()) {
        {
            const Rendered after(*this);
            const MutexLock lock(mutex_);
            const auto next = cloud_.next_event();
            const auto span = next ? *next - now() : Milliseconds(kIdle);
            changed_.wait(mutex_, stop, terway::after(span),
                          [&]() TERWAY_REQUIRES(mutex_) { return cloud_.next_event() != next; });
            cloud_.advance(now());
        }
    }
}

}  // namespace terway::sim
