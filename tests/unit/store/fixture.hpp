// What the tests of the store share: a directory of their own, records, and children.
#pragma once

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "store/store.hpp"
#include "terway/error.hpp"

namespace terway::store::testing {

// Mode 0700, gone with the object.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string pattern = std::filesystem::temp_directory_path() / "terway-store-XXXXXX";
        if (mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("mkdtemp failed");
        }
        path_ = pattern;
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    std::string path_;
};

inline IpAddress address_of(int number) {
    return IpAddress::parse("10.0.0.0").value().plus(static_cast<std::uint64_t>(number));
}

inline endpoint::EndpointKey key_of(int number) {
    return {"container-" + std::to_string(number), "eth0"};
}

inline endpoint::EndpointRecord record_of(int number) {
    endpoint::EndpointRecord record;
    record.spec.key = key_of(number);
    record.spec.network = "terway";
    record.spec.pod_name = "pod-" + std::to_string(number);
    record.spec.addresses = {Prefix::host(address_of(number))};
    record.chain = {{endpoint::ModuleRole::Dataplane, "veth", "0.1.0", "state"}};
    record.result = R"({"cniVersion":"1.1.0"})";
    return record;
}

inline std::optional<endpoint::EndpointRecord> find(Store& store,
                                                    const endpoint::EndpointKey& key) {
    for (auto& record : store.all()) {
        if (record.key() == key) {
            return std::move(record);
        }
    }
    return std::nullopt;
}

// What opening a store says, "opened" if it does.
inline std::string opening(const std::string& directory) {
    try {
        const Store store(directory);
        return "opened";
    } catch (const Error& error) {
        return error.what();
    }
}

// Runs `body` in a child of this process and answers what it returns.
inline std::string in_child(const std::function<std::string()>& body) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        throw std::runtime_error("pipe failed");
    }
    const Fd reading(ends[0]);
    Fd writing(ends[1]);
    const pid_t child = fork();
    if (child == 0) {
        std::string answer;
        try {
            answer = body();
        } catch (const std::exception& error) {
            answer = std::string("the child failed: ") + error.what();
        }
        write_all(writing.get(), "pipe", answer);
        _exit(0);
    }
    writing.reset();
    auto answer = read_all(reading.get(), "pipe");
    int status = 0;
    waitpid(child, &status, 0);
    return status == 0 ? answer : "the child died";
}

// A child that sees a tmpfs of `size` mounted on `directory`; nobody else does.
inline std::string with_tmpfs(const std::string& directory, const std::string& size,
                              const std::function<std::string()>& body) {
    return in_child([&]() -> std::string {
        const auto options = "mode=0700,size=" + size;
        if (unshare(CLONE_NEWNS) != 0 ||
            mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            mount("terway", directory.c_str(), "tmpfs", 0, options.c_str()) != 0) {
            return std::string("no tmpfs: ") + strerror(errno);
        }
        return body();
    });
}

// Inside with_tmpfs.
inline void remount(const std::string& directory, unsigned long flags, const std::string& size) {
    const auto options = "mode=0700,size=" + size;
    if (mount("none", directory.c_str(), nullptr, MS_REMOUNT | flags, options.c_str()) != 0) {
        throw std::runtime_error(std::string("remount: ") + strerror(errno));
    }
}

}  // namespace terway::store::testing
