#include "world.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/time.hpp"
#include "interrupt.hpp"
#include "netlink/link.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kScratchRoot = "/var/tmp";
constexpr const char* kScratchPrefix = "terway-bench.";
constexpr const char* kSandboxes = "/run/netns";
constexpr int kLoopback = 1;

void mount_or_throw(const char* source, const char* target, const char* type, unsigned long flags) {
    if (::mount(source, target, type, flags, nullptr) != 0) {
        throw system_error(std::string("mount ") + target, errno);
    }
}

// The lock of a scratch directory, if nobody alive holds it.
Fd try_lock(const std::string& directory) {
    Fd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 ? std::move(fd) : Fd();
}

void remove_leftovers() {
    for (const auto& entry : fs::directory_iterator(kScratchRoot)) {
        const auto name = entry.path().filename().string();
        if (name.rfind(kScratchPrefix, 0) == 0 && try_lock(entry.path())) {
            std::error_code ignored;
            fs::remove_all(entry.path(), ignored);
        }
    }
}

}  // namespace

World::World() {
    if (::unshare(CLONE_NEWNS) != 0) {
        throw system_error("make a mount namespace (terway-bench needs root)", errno);
    }
    mount_or_throw(nullptr, "/", nullptr, MS_REC | MS_PRIVATE);
    mount_or_throw("terway-bench", "/run", "tmpfs", 0);
    if (::mkdir(kSandboxes, 0755) != 0) {
        throw system_error(kSandboxes, errno);
    }
    remove_leftovers();
    std::string path = std::string(kScratchRoot) + "/" + kScratchPrefix + "XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) {
        throw system_error("make directory " + path, errno);
    }
    scratch_ = path;
    lock_ = try_lock(scratch_);
}

World::~World() {
    std::error_code ignored;
    fs::remove_all(scratch_, ignored);
}

Sandbox::Sandbox(const std::string& name)
    : netns_(Netns::create()), path_(std::string(kSandboxes) + "/" + name) {
    const Fd place(::open(path_.c_str(), O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0600));
    if (!place) {
        throw system_error(path_, errno);
    }
    const auto source = "/proc/self/fd/" + std::to_string(netns_.fd());
    mount_or_throw(source.c_str(), path_.c_str(), "none", MS_BIND);
    auto socket = netlink::Socket::in(netns_.fd());
    netlink::change_link(socket, kLoopback, {.up = true});
}

Sandbox::Sandbox(Sandbox&& other) noexcept
    : netns_(std::move(other.netns_)), path_(std::exchange(other.path_, {})) {}

Sandbox::~Sandbox() {
    if (!path_.empty()) {
        ::umount2(path_.c_str(), MNT_DETACH);
        ::unlink(path_.c_str());
    }
}

void await_quiet() {
    const Netns watch = Netns::create();
    auto socket = netlink::Socket::in(watch.fd());
    const auto deadline = after(std::chrono::seconds(30));
    // Namespaces are dismantled batch after batch. The first marker goes with the batch of those
    // already gone or a later one; the second goes when that batch is finished.
    for (const std::string name : {"marker1", "marker2"}) {
        std::optional<Netns> doomed(Netns::create());
        netlink::create_veth(socket, {.name = name}, {.name = "marker", .netns_fd = doomed->fd()});
        doomed.reset();
        while (netlink::find_link(socket, name)) {
            check_interrupted();
            if (Clock::now() > deadline) {
                throw Error(Status::Retry, "the kernel still dismantles network namespaces");
            }
            (void)::poll(nullptr, 0, 2);
        }
    }
}

}  // namespace terway::bench
