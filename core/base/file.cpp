#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "base/fd.hpp"
#include "terway/error.hpp"

namespace terway {
namespace {

Error file_error(const std::string& path, int error) {
    if (error == ENOENT || error == ENOTDIR) {
        return {Status::Gone, path + ": " + std::strerror(error), error};
    }
    return system_error(path, error);
}

std::string directory_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) {
        return ".";
    }
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

std::string read_all(int fd, const std::string& name, std::size_t limit) {
    std::string content;
    std::array<char, 16384> chunk{};
    while (true) {
        const auto got = ::read(fd, chunk.data(), chunk.size());
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw file_error(name, errno);
        }
        if (got == 0) {
            return content;
        }
        content.append(chunk.data(), static_cast<std::size_t>(got));
        if (content.size() > limit) {
            throw Error(Status::Invalid,
                        name + ": larger than " + std::to_string(limit) + " bytes");
        }
    }
}

void require_regular_file(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
        throw Error(Status::Invalid, path + ": no regular file");
    }
}

std::string read_regular_file(const std::string& path, std::size_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) {
        throw file_error(path, errno);
    }
    if (!S_ISREG(status.st_mode)) {
        throw Error(Status::Invalid, path + ": no regular file");
    }
    return read_all(fd.get(), path, limit);
}

std::string read_file(const std::string& path, std::size_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        throw file_error(path, errno);
    }
    return read_all(fd.get(), path, limit);
}

void write_all(int fd, const std::string& name, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto put = ::write(fd, bytes.data(), bytes.size());
        if (put < 0) {
            if (errno == EINTR) {
                continue;
            }
            throw file_error(name, errno);
        }
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
}

void sync_directory(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) {
        throw file_error(path, errno);
    }
}

void write_file_durably(const std::string& path, std::string_view bytes, unsigned mode) {
    // The thread id keeps concurrent writers of one file apart.
    const std::string temporary =
        path + ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(::gettid());
    try {
        const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                           static_cast<mode_t>(mode)));
        if (!fd) {
            throw file_error(temporary, errno);
        }
        write_all(fd.get(), temporary, bytes);
        if (::fsync(fd.get()) != 0) {
            throw file_error(temporary, errno);
        }
        if (::rename(temporary.c_str(), path.c_str()) != 0) {
            throw file_error(path, errno);
        }
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    sync_directory(directory_of(path));
}

void write_control_file(const std::string& path, std::string_view bytes) {
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) {
        throw file_error(path, errno);
    }
    write_all(fd.get(), path, bytes);
}

}  // namespace terway
