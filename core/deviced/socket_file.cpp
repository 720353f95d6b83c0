#include "deviced/socket_file.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "terway/error.hpp"

namespace terway::deviced {
namespace {

// `lead` is what comes before the path.
socklen_t fill(sockaddr_un& address, const std::string& path, std::size_t lead) {
    if (path.size() >= sizeof address.sun_path) {
        throw Error(Status::Invalid, "socket " + path + ": the path is longer than " +
                                         std::to_string(sizeof address.sun_path - 1) + " bytes");
    }
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path + lead, path.size());
    return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + lead + path.size());
}

Fd open_socket() {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) {
        throw system_error("open a unix socket", errno);
    }
    return fd;
}

bool somebody_listens(const std::string& path) {
    sockaddr_un address{};
    (void)fill(address, path, 0);
    const Fd fd = open_socket();
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
           errno == EAGAIN;
}

}  // namespace

std::optional<FileId> socket_at(const std::string& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) {
        return std::nullopt;
    }
    return FileId{status.st_dev, status.st_ino,
                  std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec};
}

void clear_socket(const std::string& path) {
    struct stat status {};
    sockaddr_un address{};
    (void)fill(address, path, 0);
    if (::lstat(path.c_str(), &status) != 0) {
        return;
    }
    if (!S_ISSOCK(status.st_mode)) {
        throw Error(Status::Invalid, "socket " + path + ": a file that is no socket lies there");
    }
    if (somebody_listens(path)) {
        throw Error(Status::Retry, "socket " + path + ": another process listens there");
    }
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        throw system_error("remove the stale socket " + path, errno);
    }
}

Fd lock_socket(const std::string& path) {
    sockaddr_un address{};
    const auto size = fill(address, path, 1);  // a name without a file
    Fd fd = open_socket();
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
        throw errno == EADDRINUSE
            ? Error(Status::Retry, "socket " + path + ": another terway-deviced serves it")
            : system_error("lock of socket " + path, errno);
    }
    return fd;
}

}  // namespace terway::deviced
