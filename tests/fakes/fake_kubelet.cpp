#include "fakes/fake_kubelet.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <filesystem>

#include "terway/error.hpp"

namespace terway::fakes {
namespace {

// Of one call.
struct Call : grpc::ClientContext {
    Call() { set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20)); }
};

}  // namespace

void FakeKubelet::start(Start how) {
    if (how == Start::Clean) {
        for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
            if (entry.is_socket()) {
                std::filesystem::remove(entry.path());
            }
        }
    }
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + directory_ + "/kubelet.sock",
                             grpc::InsecureServerCredentials());
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    if (!server_) {
        throw Error(Status::Internal, "the fake kubelet cannot serve in " + directory_);
    }
}

void FakeKubelet::stop() {
    if (server_) {
        server_->Shutdown(std::chrono::system_clock::now());
        server_.reset();
    }
    std::vector<std::pair<std::shared_ptr<Plugin>, std::thread>> watchers;
    {
        const MutexLock lock(mutex_);
        watchers.swap(watchers_);
        plugin_.reset();
    }
    for (auto& [plugin, thread] : watchers) {
        plugin->context.TryCancel();
        thread.join();
    }
}

void FakeKubelet::refuse(bool refusing) {
    const MutexLock lock(mutex_);
    refusing_ = refusing;
}

std::vector<v1beta1::RegisterRequest> FakeKubelet::registrations() const {
    const MutexLock lock(mutex_);
    return registrations_;
}

int FakeKubelet::refused() const {
    const MutexLock lock(mutex_);
    return refused_;
}

FakeKubelet::Health FakeKubelet::devices() const {
    const MutexLock lock(mutex_);
    return plugin_ ? plugin_->devices : Health{};
}

std::shared_ptr<FakeKubelet::Plugin> FakeKubelet::plugin() const {
    const MutexLock lock(mutex_);
    if (!plugin_) {
        throw Error(Status::Internal, "no plugin has registered");
    }
    return plugin_;
}

std::pair<grpc::Status, v1beta1::AllocateResponse> FakeKubelet::allocate(
    const std::vector<Ids>& containers) {
    Call call;
    v1beta1::AllocateRequest request;
    for (const auto& ids : containers) {
        request.add_container_requests()->mutable_devicesids()->Assign(ids.begin(), ids.end());
    }
    v1beta1::AllocateResponse response;
    const auto status = plugin()->stub->Allocate(&call, request, &response);
    return {status, response};
}

FakeKubelet::Ids FakeKubelet::preferred(const Ids& available, const Ids& must, int size) {
    Call call;
    v1beta1::PreferredAllocationRequest request;
    auto& container = *request.add_container_requests();
    container.mutable_available_deviceids()->Assign(available.begin(), available.end());
    container.mutable_must_include_deviceids()->Assign(must.begin(), must.end());
    container.set_allocation_size(size);
    v1beta1::PreferredAllocationResponse response;
    const auto status = plugin()->stub->GetPreferredAllocation(&call, request, &response);
    if (!status.ok() || response.container_responses_size() != 1) {
        throw Error(Status::Internal, "GetPreferredAllocation: " + status.error_message());
    }
    const auto& ids = response.container_responses(0).deviceids();
    return {ids.begin(), ids.end()};
}

v1beta1::DevicePluginOptions FakeKubelet::options() {
    Call call;
    v1beta1::DevicePluginOptions response;
    if (!plugin()->stub->GetDevicePluginOptions(&call, {}, &response).ok()) {
        throw Error(Status::Internal, "GetDevicePluginOptions failed");
    }
    return response;
}

grpc::Status FakeKubelet::pre_start(const Ids& ids) {
    Call call;
    v1beta1::PreStartContainerRequest request;
    request.mutable_devicesids()->Assign(ids.begin(), ids.end());
    v1beta1::PreStartContainerResponse response;
    return plugin()->stub->PreStartContainer(&call, request, &response);
}

grpc::Status FakeKubelet::Register(grpc::ServerContext* /*context*/,
                                   const v1beta1::RegisterRequest* request,
                                   v1beta1::Empty* /*reply*/) {
    const MutexLock lock(mutex_);
    if (refusing_ || request->version() != "v1beta1") {
        ++refused_;
        return {grpc::StatusCode::UNKNOWN, "this kubelet wants no plugin"};
    }
    registrations_.push_back(*request);
    plugin_ = std::make_shared<Plugin>();
    plugin_->stub = v1beta1::DevicePlugin::NewStub(grpc::CreateChannel(
        "unix:" + directory_ + "/" + request->endpoint(), grpc::InsecureChannelCredentials()));
    watchers_.emplace_back(plugin_, std::thread([this, plugin = plugin_] { watch(plugin); }));
    return grpc::Status::OK;
}

void FakeKubelet::watch(const std::shared_ptr<Plugin>& plugin) {
    const auto reader = plugin->stub->ListAndWatch(&plugin->context, {});
    v1beta1::ListAndWatchResponse list;
    while (reader->Read(&list)) {
        Health devices;
        for (const auto& device : list.devices()) {
            devices[device.id()] = device.health() == "Healthy";
        }
        const MutexLock lock(mutex_);
        plugin->devices = devices;
    }
    (void)reader->Finish();
    const MutexLock lock(mutex_);
    plugin->devices.clear();
}

}  // namespace terway::fakes
