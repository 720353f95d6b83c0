// What the kubelet may ask us: the service of deviceplugin.proto.
#pragma once

#include <atomic>
#include <stop_token>

#include "deviced/device_book.hpp"
#include "deviceplugin.grpc.pb.h"

namespace terway::deviced {

inline constexpr const char* kApiVersion = "v1beta1";

[[nodiscard]] v1beta1::DevicePluginOptions plugin_options();

// Borrows the book. Any thread, several calls at a time.
class Plugin final : public v1beta1::DevicePlugin::Service {
public:
    // Streams end when `stop` is requested.
    Plugin(DeviceBook& book, std::stop_token stop) : book_(book), stop_(std::move(stop)) {}

    // Whether somebody takes our list.
    [[nodiscard]] bool has_listener() const noexcept { return listeners_ > 0; }

    grpc::Status GetDevicePluginOptions(grpc::ServerContext* context, const v1beta1::Empty* request,
                                        v1beta1::DevicePluginOptions* reply) override;
    grpc::Status ListAndWatch(grpc::ServerContext* context, const v1beta1::Empty* request,
                              grpc::ServerWriter<v1beta1::ListAndWatchResponse>* writer) override;
    grpc::Status GetPreferredAllocation(grpc::ServerContext* context,
                                        const v1beta1::PreferredAllocationRequest* request,
                                        v1beta1::PreferredAllocationResponse* reply) override;
    grpc::Status Allocate(grpc::ServerContext* context, const v1beta1::AllocateRequest* request,
                          v1beta1::AllocateResponse* reply) override;
    grpc::Status PreStartContainer(grpc::ServerContext* context,
                                   const v1beta1::PreStartContainerRequest* request,
                                   v1beta1::PreStartContainerResponse* reply) override;

private:
    DeviceBook& book_;
    const std::stop_token stop_;
    std::atomic<int> listeners_{0};
};

}  // namespace terway::deviced
