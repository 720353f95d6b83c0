// What of a kubelet a device plugin sees: a registry, and a client of the plugins that come to it.
#pragma once

#include <grpcpp/server.h>

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.hpp"
#include "deviceplugin.grpc.pb.h"

namespace terway::fakes {

class FakeKubelet final : public v1beta1::Registration::Service {
public:
    enum class Start { Clean, KeepFiles };

    // Does not run yet. Plugins are in `directory`, as its own socket is.
    explicit FakeKubelet(std::string directory) : directory_(std::move(directory)) {}
    ~FakeKubelet() override { stop(); }

    // As the kubelet does, removes every socket first, unless told to keep them.
    void start(Start how = Start::Clean);
    // Forgets its plugins; registrations() still tells of them.
    void stop();
    // Registrations fail from now on, or no longer.
    void refuse(bool refusing);

    [[nodiscard]] std::vector<v1beta1::RegisterRequest> registrations() const;
    [[nodiscard]] int refused() const;
    // The last list: whether each device is healthy. Empty without a plugin.
    using Health = std::map<std::string, bool>;
    [[nodiscard]] Health devices() const;
    // Calls of the plugin that registered last. Each container asks for its devices.
    using Ids = std::vector<std::string>;
    [[nodiscard]] std::pair<grpc::Status, v1beta1::AllocateResponse> allocate(
        const std::vector<Ids>& containers);
    [[nodiscard]] Ids preferred(const Ids& available, const Ids& must, int size);
    [[nodiscard]] v1beta1::DevicePluginOptions options();
    [[nodiscard]] grpc::Status pre_start(const Ids& ids);

    grpc::Status Register(grpc::ServerContext* context, const v1beta1::RegisterRequest* request,
                          v1beta1::Empty* reply) override;

private:
    struct Plugin {
        std::unique_ptr<v1beta1::DevicePlugin::Stub> stub;
        grpc::ClientContext context;  // of the list's stream
        Health devices;
    };
    void watch(const std::shared_ptr<Plugin>& plugin);
    [[nodiscard]] std::shared_ptr<Plugin> plugin() const;

    const std::string directory_;
    std::unique_ptr<grpc::Server> server_;
    mutable Mutex mutex_;
    bool refusing_ TERWAY_GUARDED_BY(mutex_) = false;
    int refused_ TERWAY_GUARDED_BY(mutex_) = 0;
    std::vector<v1beta1::RegisterRequest> registrations_ TERWAY_GUARDED_BY(mutex_);
    std::shared_ptr<Plugin> plugin_ TERWAY_GUARDED_BY(mutex_);
    std::vector<std::pair<std::shared_ptr<Plugin>, std::thread>> watchers_
        TERWAY_GUARDED_BY(mutex_);
};

}  // namespace terway::fakes
