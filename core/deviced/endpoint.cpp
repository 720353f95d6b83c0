#include "deviced/endpoint.hpp"

#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <filesystem>

#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::deviced {
namespace {

namespace fs = std::filesystem;

constexpr int kMessageBytes = 1 << 20;
constexpr int kThreads = 16;  // one serves a stream, the kubelet has one or two
constexpr std::chrono::seconds kFarewell{2};

std::unique_ptr<grpc::Server> start(const std::string& path, Plugin& plugin) {
    using Sync = grpc::ServerBuilder::SyncServerOption;
    grpc::ServerBuilder builder;
    builder.SetResourceQuota(grpc::ResourceQuota("terway-deviced").SetMaxThreads(kThreads));
    builder.SetSyncServerOption(Sync::NUM_CQS, 1);
    builder.SetSyncServerOption(Sync::MIN_POLLERS, 1);
    builder.SetSyncServerOption(Sync::MAX_POLLERS, 2);
    builder.SetMaxReceiveMessageSize(kMessageBytes);
    builder.AddListeningPort("unix:" + path, grpc::InsecureServerCredentials());
    builder.RegisterService(&plugin);
    return builder.BuildAndStart();
}

}  // namespace

struct Endpoint::Service {
    explicit Service(DeviceBook& book) : plugin(book, stop.get_token()) {}
    ~Service() {
        stop.request_stop();
        if (server) {
            server->Shutdown(std::chrono::system_clock::now() + kFarewell);
        }
    }
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    std::stop_source stop;
    Plugin plugin;
    std::unique_ptr<grpc::Server> server;
};

Endpoint::Endpoint(std::string path, DeviceBook& book)
    : path_(std::move(path)), book_(book), lock_(lock_socket(path_)) {
    clear_socket(path_);
}

Endpoint::~Endpoint() = default;

void Endpoint::serve() {
    service_.reset();
    made_.reset();
    clear_socket(path_);
    if (const auto directory = fs::path(path_).parent_path(); !fs::is_directory(directory)) {
        throw Error(Status::Retry, "there is no directory " + directory.string() +
                                       "; does the kubelet run, and is --kubelet-dir its "
                                       "device-plugins?");
    }
    auto service = std::make_unique<Service>(book_);
    service->server = start(path_, service->plugin);
    made_ = socket_at(path_);
    if (!service->server || !made_) {
        throw Error(Status::Retry, "cannot serve at " + path_);
    }
    service_ = std::move(service);
    log::info("serving", {{"socket", path_}});
}

bool Endpoint::in_place() const {
    return made_ && socket_at(path_) == made_;
}

bool Endpoint::has_listener() const {
    return service_ && service_->plugin.has_listener();
}

}  // namespace terway::deviced
