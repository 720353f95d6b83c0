#include "sim/sandbox.hpp"

#include <unistd.h>

#include <filesystem>

#include "netlink/link.hpp"
#include "terway/error.hpp"

namespace terway::sim {

void raise_loopback(int netns_fd) {
    auto socket = netlink::Socket::in(netns_fd);
    netlink::change_link(socket, netlink::find_link(socket, "lo").value().index, {.up = true});
}

Sandbox::Sandbox(const std::string& directory, const std::string& name)
    : netns_(Netns::create()), path_(directory + "/" + name) {
    raise_loopback(netns_.fd());
    const auto target =
        "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(netns_.fd());
    std::error_code failed;
    std::filesystem::create_directories(directory, failed);
    if (::symlink(target.c_str(), path_.c_str()) != 0) {
        throw system_error(path_, errno);
    }
}

Sandbox::~Sandbox() {
    (void)::unlink(path_.c_str());
}

}  // namespace terway::sim
