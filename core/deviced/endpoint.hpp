// Our end: a gRPC server at a socket in the kubelet's directory.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/fd.hpp"
#include "deviced/plugin.hpp"
#include "deviced/socket_file.hpp"

namespace terway::deviced {

// One thread.
class Endpoint {
public:
    // Borrows the book. Throws Error if another process has the socket.
    Endpoint(std::string path, DeviceBook& book);
    ~Endpoint();
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    // Serves anew: what was served before ends. Throws Error.
    void serve();
    // Whether the socket is there and is the one we made.
    [[nodiscard]] bool in_place() const;
    [[nodiscard]] bool has_listener() const;

private:
    struct Service;

    const std::string path_;
    DeviceBook& book_;
    const Fd lock_;
    std::unique_ptr<Service> service_;
    std::optional<FileId> made_;
};

}  // namespace terway::deviced
