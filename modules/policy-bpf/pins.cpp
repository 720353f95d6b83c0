#include "pins.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/fd.hpp"
#include "terway/error.hpp"

namespace terway::policy_bpf {
namespace {

namespace fs = std::filesystem;

bool is_bpffs(const std::string& path) {
    struct statfs facts {};
    return ::statfs(path.c_str(), &facts) == 0 && facts.f_type == BPF_FS_MAGIC;
}

void check(const std::error_code& error, const std::string& doing) {
    if (error) {
        throw system_error(doing, error.value());
    }
}

}  // namespace

std::string pins_of_netns(const std::string& bpffs) {
    struct stat facts {};
    if (::stat("/proc/thread-self/ns/net", &facts) != 0) {
        throw system_error("tell the network namespace", errno);
    }
    return bpffs + "/terway/net-" + std::to_string(facts.st_ino);
}

std::uint64_t netns_cookie() {
    constexpr int kNetnsCookie = 71;  // SO_NETNS_COOKIE, which older headers lack
    const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    if (::getsockopt(socket.get(), SOL_SOCKET, kNetnsCookie, &cookie, &size) != 0) {
        return 0;
    }
    return cookie;
}

void make_directory(const std::string& bpffs, const std::string& directory) {
    std::error_code error;
    const auto key = "[module.policy-bpf] bpffs = \"" + bpffs + "\": ";
    fs::create_directories(bpffs, error);
    check(error, key + "make the directory");
    // Two that mount at once would hide from one another what they pin. Whoever comes after the
    // mount opens what is mounted.
    const Fd place(::open(bpffs.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!place || ::flock(place.get(), LOCK_EX) != 0) {
        throw system_error(key + "open the directory", errno);
    }
    if (!is_bpffs(bpffs)) {
        if (!fs::is_empty(bpffs, error) || error) {
            throw Error(Status::Invalid,
                        key +
                            "there is something that is no bpf file system; "
                            "remedy: an empty directory, or one that is not there");
        }
        if (::mount("bpf", bpffs.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") !=
            0) {
            throw system_error(key + "mount a bpf file system there", errno);
        }
    }
    // Another's end may take the empty parent away meanwhile.
    constexpr int kTries = 5;
    for (int i = 0; i < kTries; ++i) {
        fs::create_directories(directory, error);
        if (error != std::errc::no_such_file_or_directory) {
            break;
        }
    }
    check(error, key + "make " + directory);
}

void remove_directory(const std::string& directory) {
    std::error_code error;
    fs::remove_all(directory, error);
    check(error, "remove " + directory);
    // The parent, if no other namespace has anything there.
    fs::remove(fs::path(directory).parent_path(), error);
}

}  // namespace terway::policy_bpf
