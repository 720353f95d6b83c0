#include "sim/registration.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "base/file.hpp"
#include "netlink/link.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

namespace fs = std::filesystem;

constexpr const char* kState = "/run/terway-sim";
constexpr const char* kNetns = "/run/netns";
constexpr const char* kLockSuffix = ".lock";

std::string lock_path(const std::string& name) {
    return std::string(kState) + "/" + name + kLockSuffix;
}

std::string note_path(const std::string& name, const std::string& space) {
    return state_directory(name) + "/netns/" + space;
}

Fd open_file(const std::string& path, int flags) {
    Fd fd(::open(path.c_str(), flags | O_CLOEXEC, 0644));
    if (!fd) {
        throw system_error(path, errno);
    }
    return fd;
}

// Locks of the open file description: they can be asked about without taking them.
struct flock whole_file() {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

// False if a running simulation holds it.
bool try_lock(const Fd& fd, const std::string& path) {
    struct flock lock = whole_file();
    if (::fcntl(fd.get(), F_OFD_SETLK, &lock) == 0) {
        return true;
    }
    if (errno == EAGAIN || errno == EACCES) {
        return false;
    }
    throw system_error("lock " + path, errno);
}

// The file may have been unlinked by its last holder between open and lock.
bool still_at(const Fd& fd, const std::string& path) {
    struct stat held {};
    struct stat found {};
    return ::fstat(fd.get(), &held) == 0 && ::stat(path.c_str(), &found) == 0 &&
           held.st_ino == found.st_ino;
}

Fd acquire(const std::string& name) {
    fs::create_directories(kState);
    const std::string path = lock_path(name);
    while (true) {
        Fd fd = open_file(path, O_RDWR | O_CREAT);
        if (!try_lock(fd, path)) {
            throw Error(Status::Invalid, "simulation " + name + ": is running already as process " +
                                             read_file(path) +
                                             "; stop that one or choose another --name");
        }
        if (still_at(fd, path)) {
            if (::ftruncate(fd.get(), 0) != 0) {
                throw system_error(path, errno);
            }
            write_all(fd.get(), path, std::to_string(::getpid()));
            return fd;
        }
    }
}

void remove_space(const std::string& name, const std::string& space) {
    const std::string path = netns_path(name, space);
    if (::umount2(path.c_str(), MNT_DETACH) != 0 && errno != EINVAL && errno != ENOENT) {
        throw system_error("unmount " + path, errno);
    }
    fs::remove(path);
    fs::remove(note_path(name, space));
}

std::vector<std::string> entries(const std::string& directory) {
    std::vector<std::string> names;
    if (fs::exists(directory)) {
        for (const auto& entry : fs::directory_iterator(directory)) {
            names.push_back(entry.path().filename());
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

// The caller holds the lock. The lock file goes last.
void remove_all(const std::string& name) {
    for (const auto& space : entries(state_directory(name) + "/netns")) {
        remove_space(name, space);
    }
    fs::remove_all(state_directory(name));
}

}  // namespace

std::string netns_path(const std::string& name, const std::string& space) {
    return std::string(kNetns) + "/" + name + "-" + space;
}

std::string state_directory(const std::string& name) {
    return std::string(kState) + "/" + name;
}

void check_name(const std::string& kind, const std::string& name) {
    const bool fits = !name.empty() && name.size() <= 31 && name.front() != '-' &&
                      std::all_of(name.begin(), name.end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                      });
    if (!fits) {
        throw Error(Status::Invalid, kind + " \"" + name +
                                         "\": a name is 1 to 31 lower-case letters, digits and "
                                         "dashes and begins with no dash");
    }
}

void check_node_name(const std::string& name) {
    check_name("node", name);
    if (name == "fabric" || name == "cloud" || name == "nat" || name == "internet") {
        throw Error(Status::Invalid,
                    "node " + name + ": the simulator uses this name itself; choose another");
    }
}

Registration::Registration(const std::string& name) : name_(name) {
    check_name("simulation", name);
    directory_ = state_directory(name);
    lock_ = acquire(name);
    remove_all(name);
    fs::create_directories(directory_ + "/netns");
}

Registration::~Registration() {
    try {
        remove_all(name_);
        ::unlink(lock_path(name_).c_str());
    } catch (const std::exception& failure) {
        (void)std::fprintf(stderr, "terway-sim: cannot remove simulation %s: %s\n", name_.c_str(),
                           failure.what());
    }
}

Netns Registration::create_netns(const std::string& space) {
    check_name("namespace", space);
    const std::string path = netns_path(name_, space);
    if (fs::exists(path)) {
        throw Error(Status::Invalid, path + ": exists and is not of simulation " + name_ +
                                         "; remove it or choose another --name");
    }
    (void)open_file(note_path(name_, space), O_WRONLY | O_CREAT);
    fs::create_directories(kNetns);
    (void)open_file(path, O_RDONLY | O_CREAT | O_EXCL);
    Netns netns = Netns::create();
    const std::string source = "/proc/self/fd/" + std::to_string(netns.fd());
    if (::mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0) {
        throw system_error("mount " + path, errno);
    }
    auto socket = netlink::Socket::in(netns.fd());
    netlink::LinkChange change;
    change.up = true;
    netlink::change_link(socket, netlink::find_link(socket, "lo").value().index, change);
    return netns;
}

void Registration::remove_netns(const std::string& space) {
    remove_space(name_, space);
}

bool is_running(const std::string& name) {
    const Fd fd(::open(lock_path(name).c_str(), O_RDONLY | O_CLOEXEC));
    struct flock lock = whole_file();
    return fd && ::fcntl(fd.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool remove_leftovers(const std::string& name) {
    check_name("simulation", name);
    const bool found = fs::exists(state_directory(name)) || fs::exists(lock_path(name));
    if (found) {
        const Registration registration(name);
    }
    return found;
}

std::vector<std::string> registered_names() {
    auto names = entries(kState);
    std::erase_if(names, [](const auto& name) { return !fs::is_directory(state_directory(name)); });
    return names;
}

}  // namespace terway::sim
