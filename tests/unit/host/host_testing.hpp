// What the tests of the module host share.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/fd.hpp"
#include "host/host_api.hpp"
#include "host/module.hpp"
#include "host/probe.hpp"
#include "terway/types.hpp"

namespace terway::host {

[[nodiscard]] inline std::string test_module(const std::string& name) {
    return std::string(TERWAY_TEST_MODULES) + "/" + name + ".so";
}

// The builder of a development tree need not be root.
[[nodiscard]] inline std::unique_ptr<Module> load_test_module(const std::string& name) {
    return Module::load(probe(test_module(name), Trust::AnyOwner));
}

class FakeReaper final : public LinkReaper {
public:
    void retire(std::uint32_t ifindex) override {
        if (refusal) {
            throw Error(*refusal);
        }
        retired.push_back(ifindex);
    }
    bool await(Deadline deadline) override {
        awaited = deadline;
        return all_gone;
    }

    std::vector<std::uint32_t> retired;
    Deadline awaited{};
    bool all_gone = true;
    std::optional<Error> refusal;
};

[[nodiscard]] inline twy_endpoint test_endpoint(int netns_fd = -1) {
    auto endpoint = sdk::sized<twy_endpoint>();
    endpoint.netns_fd = netns_fd;
    endpoint.container_id = sdk::str("c1");
    endpoint.ifname = sdk::str("eth0");
    return endpoint;
}

// Bounded polling for what another thread brings about.
[[nodiscard]] inline bool eventually(const std::function<bool()>& holds) {
    const auto deadline = after(std::chrono::seconds(10));
    while (!holds()) {
        if (Clock::now() > deadline) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

}  // namespace terway::host
