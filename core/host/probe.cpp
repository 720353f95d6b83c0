#include "host/probe.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include "base/digest.hpp"
#include "base/file.hpp"
#include "terway/abi.h"
#include "terway/error.hpp"

namespace terway::host {
namespace {

constexpr std::size_t kMaxFile = 256U << 20U;

std::string file_name(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

std::string resolve(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr),
                                                               std::free);
    if (resolved != nullptr) {
        return resolved.get();
    }
    if (errno == ENOENT || errno == ENOTDIR) {
        throw Error(Status::Gone, path + ": no such module file", ENOENT);
    }
    throw system_error(path, errno);
}

void require_root_only(const struct stat& found, const std::string& path) {
    if (found.st_uid != 0) {
        throw Error(Status::Invalid, path + ": owned by user " + std::to_string(found.st_uid) +
                                         ", must be owned by root");
    }
    if ((found.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        throw Error(Status::Invalid,
                    path + ": writable by others than root, chmod go-w would mend that");
    }
}

void require_root_only_above(const std::string& path) {
    for (auto slash = path.rfind('/'); slash != std::string::npos;
         slash = slash == 0 ? std::string::npos : path.rfind('/', slash - 1)) {
        const std::string directory = slash == 0 ? "/" : path.substr(0, slash);
        struct stat found {};
        if (::lstat(directory.c_str(), &found) != 0) {
            throw system_error(directory, errno);
        }
        // Nobody can replace an entry of root's in a sticky directory such as /tmp; the one that
        // holds the file itself must be closed all the same.
        const bool holds_file = slash == path.rfind('/');
        if (!holds_file && found.st_uid == 0 && (found.st_mode & S_ISVTX) != 0) {
            continue;
        }
        require_root_only(found, directory);
    }
}

std::string version_text(unsigned major, unsigned minor) {
    return std::to_string(major) + "." + std::to_string(minor);
}

// While the major version is 0 nothing is frozen and only equals meet.
bool abi_fits(const ModuleIdentity& module) {
    if (module.abi_major != TWY_ABI_MAJOR) {
        return false;
    }
    return TWY_ABI_MAJOR == 0 ? module.abi_minor == TWY_ABI_MINOR
                              : module.abi_minor <= TWY_ABI_MINOR;
}

}  // namespace

const char* kind_name(Kind kind) {
    switch (kind) {
        case Kind::Dataplane:
            return "dataplane";
        case Kind::Qos:
            return "qos";
        case Kind::Eni:
            return "eni";
        case Kind::Service:
            return "service";
        case Kind::Policy:
            break;
    }
    return "policy";
}

ProbedModule probe(const std::string& path, Trust trust) {
    ProbedModule module;
    module.path = resolve(path);
    if (trust == Trust::RootOnly) {
        require_root_only_above(module.path);
    }
    module.file.reset(::open(module.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat found {};
    if (!module.file || ::fstat(module.file.get(), &found) != 0) {
        throw system_error(module.path, errno);
    }
    if (!S_ISREG(found.st_mode)) {
        throw Error(Status::Invalid, module.path + ": not a regular file");
    }
    if (trust == Trust::RootOnly) {
        require_root_only(found, module.path);
    }
    const auto image = read_all(module.file.get(), module.path, kMaxFile);
    module.identity =
        with_context(module.path, [&] { return read_identity(std::as_bytes(std::span(image))); });
    module.sha256 = sha256_hex(image);
    return module;
}

void admit(const ProbedModule& module, const Expectation& expected) {
    const auto& identity = module.identity;
    const auto refuse = [&](const std::string& text) {
        throw Error(Status::Invalid, file_name(module.path) + ": " + text);
    };
    if (!abi_fits(identity)) {
        refuse("needs terway ABI " + version_text(identity.abi_major, identity.abi_minor) +
               ", this terwayd offers " + version_text(TWY_ABI_MAJOR, TWY_ABI_MINOR));
    }
    if (identity.id != expected.id) {
        refuse("is the module \"" + identity.id + "\", not \"" + expected.id + "\"");
    }
    for (const auto kind : expected.kinds) {
        if (!identity.offers(kind)) {
            refuse(identity.id + " is no " + kind_name(kind) + " module");
        }
    }
    if (expected.sha256 && *expected.sha256 != module.sha256) {
        refuse("has sha256 " + module.sha256 + ", the profile pins " + *expected.sha256);
    }
}

std::string find_module(const std::string& id, std::span<const std::string> dirs) {
    std::string searched;
    for (const auto& dir : dirs) {
        std::string path = dir;
        path.append("/").append(id).append(".so");
        struct stat found {};
        if (::stat(path.c_str(), &found) == 0) {
            return path;
        }
        searched.append(searched.empty() ? "" : ", ").append(dir);
    }
    throw Error(Status::Gone,
                "module " + id + ": no " + id + ".so in " +
                    (searched.empty() ? "any directory, module_dirs is empty" : searched),
                ENOENT);
}

}  // namespace terway::host
