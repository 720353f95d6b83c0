// What the tests of the Kubernetes client share.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/time.hpp"
#include "kube/feed.hpp"
#include "kube/json.hpp"

namespace terway::kube {

// Runs `body`; the text of the Error it throws, or "" with a failure if it throws none.
template <class Body>
std::string complaint_of(Body body) {
    try {
        body();
    } catch (const Error& error) {
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
}

template <class Holds>
[[nodiscard]] bool eventually(Holds holds) {
    const auto deadline = after(std::chrono::seconds(20));
    while (!holds()) {
        if (Clock::now() > deadline) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

// A directory that goes with this object.
class Directory {
public:
    Directory() {
        std::string pattern = std::filesystem::temp_directory_path() / "terway-kube-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error(pattern);
        }
        path_ = pattern;
    }
    ~Directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

// One pod as JSON.
[[nodiscard]] inline std::string pod_json(const std::string& name, const std::string& version,
                                          const std::string& uid = "",
                                          const std::string& more = "") {
    return R"({"metadata":{"name":")" + name + R"(","namespace":"default","uid":")" +
           (uid.empty() ? "uid-" + name : uid) + R"(","resourceVersion":")" + version + "\"" +
           more + R"(},"spec":{"nodeName":"n1"},"status":{"phase":"Running"}})";
}

[[nodiscard]] inline std::string list_json(const std::vector<std::string>& items,
                                           const std::string& version,
                                           const std::string& next_page = "") {
    std::string text = R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":")" +
                       version + R"(","continue":")" + next_page + R"("},"items":[)";
    for (std::size_t i = 0; i < items.size(); ++i) {
        text += (i == 0 ? "" : ",") + items[i];
    }
    return text + "]}\n";
}

[[nodiscard]] inline std::string event_json(const std::string& type, const std::string& object) {
    return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

[[nodiscard]] inline std::string status_json(int code, const std::string& reason,
                                             const std::string& message) {
    return R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":")" +
           message + R"(","reason":")" + reason + R"(","code":)" + std::to_string(code) + "}\n";
}

}  // namespace terway::kube
