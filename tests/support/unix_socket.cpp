#include "unix_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

constexpr timeval kPatience{10, 0};

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        throw Error(Status::Invalid, path + ": too long for a socket");
    }
    path.copy(address.sun_path, path.size());
    return address;
}

}  // namespace

Fd listen_datagram(const std::string& path) {
    ::unlink(path.c_str());
    const auto address = address_of(path);
    Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!fd ||
        ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw system_error(path, errno);
    }
    return fd;
}

std::string http_get(const std::string& path, const std::string& target) {
    const auto address = address_of(path);
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    (void)::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw system_error(path, errno);
    }
    write_all(fd.get(), path, "GET " + target + " HTTP/1.1\r\nHost: node\r\n\r\n");
    return read_all(fd.get(), path);
}

}  // namespace terway::test
