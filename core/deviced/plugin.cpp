#include "deviced/plugin.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/log.hpp"

namespace terway::deviced {
namespace {

// How soon a stream notices that its reader is gone.
constexpr std::chrono::seconds kStreamLook{1};

v1beta1::ListAndWatchResponse to_message(const DeviceList& devices) {
    v1beta1::ListAndWatchResponse message;
    for (const auto& device : devices) {
        auto& one = *message.add_devices();
        one.set_id(device.id);
        one.set_health(device.healthy ? "Healthy" : "Unhealthy");
    }
    return message;
}

class Count {
public:
    explicit Count(std::atomic<int>& count) : count_(count) { ++count_; }
    ~Count() { --count_; }
    Count(const Count&) = delete;
    Count& operator=(const Count&) = delete;

private:
    std::atomic<int>& count_;
};

template <class Repeated>
std::vector<std::string> texts(const Repeated& repeated) {
    return {repeated.begin(), repeated.end()};
}

}  // namespace

v1beta1::DevicePluginOptions plugin_options() {
    v1beta1::DevicePluginOptions options;
    options.set_get_preferred_allocation_available(true);
    return options;
}

grpc::Status Plugin::GetDevicePluginOptions(grpc::ServerContext* /*context*/,
                                            const v1beta1::Empty* /*request*/,
                                            v1beta1::DevicePluginOptions* reply) {
    *reply = plugin_options();
    return grpc::Status::OK;
}

grpc::Status Plugin::ListAndWatch(grpc::ServerContext* context, const v1beta1::Empty* /*request*/,
                                  grpc::ServerWriter<v1beta1::ListAndWatchResponse>* writer) {
    const Count listener(listeners_);
    log::info("the kubelet takes our list");
    std::uint64_t told = 0;
    while (!stop_.stop_requested() && !context->IsCancelled()) {
        if (const auto edition = book_.newer_than(told, stop_, after(kStreamLook))) {
            if (!writer->Write(to_message(edition->devices))) {
                break;
            }
            told = edition->number;
        }
    }
    log::info("the kubelet takes our list no longer");
    return grpc::Status::OK;
}

grpc::Status Plugin::GetPreferredAllocation(grpc::ServerContext* /*context*/,
                                            const v1beta1::PreferredAllocationRequest* request,
                                            v1beta1::PreferredAllocationResponse* reply) {
    for (const auto& each : request->container_requests()) {
        const auto size = static_cast<std::size_t>(std::max(each.allocation_size(), 0));
        auto& container = *reply->add_container_responses();
        for (auto& id : prefer(texts(each.available_deviceids()),
                               texts(each.must_include_deviceids()), size)) {
            container.add_deviceids(std::move(id));
        }
    }
    return grpc::Status::OK;
}

// A pod gets its ENI at ADD, so there is nothing to hand to its containers. What is unhealthy is
// given as well: the kubelet may not have read the newest list, would fail the pod for ever, and an
// ADD without an ENI is tried again.
grpc::Status Plugin::Allocate(grpc::ServerContext* /*context*/,
                              const v1beta1::AllocateRequest* request,
                              v1beta1::AllocateResponse* reply) {
    for (const auto& each : request->container_requests()) {
        const auto ids = texts(each.devicesids());
        if (!book_.give(ids)) {
            log::warning("the kubelet wants a device that is none of ours");
            return {grpc::StatusCode::INVALID_ARGUMENT, "no device of that name was ever listed"};
        }
        for (const auto& id : ids) {
            log::info("device allocated", {{"device", id}});
        }
        (void)reply->add_container_responses();
    }
    return grpc::Status::OK;
}

grpc::Status Plugin::PreStartContainer(grpc::ServerContext* /*context*/,
                                       const v1beta1::PreStartContainerRequest* /*request*/,
                                       v1beta1::PreStartContainerResponse* /*reply*/) {
    return grpc::Status::OK;
}

}  // namespace terway::deviced
