// A cloud under virtual time, and what a client says to it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "sim/cloud/cloud.hpp"
#include "vpc.hpp"

namespace terway::sim {

namespace json = boost::json;
using namespace std::chrono_literals;

struct Told {
    unsigned status = 0;
    std::string code;
    json::value body;
    Answer answer;

    [[nodiscard]] std::string text(const std::string& pointer) const {
        return json::value_to<std::string>(body.at_pointer(pointer));
    }
    [[nodiscard]] std::size_t size(const std::string& pointer) const {
        return body.at_pointer(pointer).as_array().size();
    }
};

class CloudTest : public ::testing::Test {
protected:
    explicit CloudTest(const Settings& settings = {}) : cloud_(two_nodes(), settings) {}

    Cloud cloud_;
    WallTime now_{1700000000s};

    Told call(const std::string& action, Parameters parameters = {},
              const std::string& product = "ecs") {
        parameters.emplace("RegionId", "cn-hangzhou");
        const Answer answer = cloud_.handle({product, action, parameters, "testid", now_});
        boost::system::error_code ignored;
        return {answer.status, answer.code, json::parse(answer.body, ignored), answer};
    }

    Told create(Parameters more = {}) {
        more.emplace("VSwitchId", "vsw");
        more.emplace("SecurityGroupId", "sg-1");
        return call("CreateNetworkInterface", more);
    }
    std::string created(const Parameters& more = {}) {
        return create(more).text("/NetworkInterfaceId");
    }
    Told attach(const std::string& eni, const std::string& instance = "i-a") {
        return call("AttachNetworkInterface",
                    {{"NetworkInterfaceId", eni}, {"InstanceId", instance}});
    }
    Told detach(const std::string& eni, const std::string& instance = "i-a") {
        return call("DetachNetworkInterface",
                    {{"NetworkInterfaceId", eni}, {"InstanceId", instance}});
    }
    Told remove(const std::string& eni) {
        return call("DeleteNetworkInterface", {{"NetworkInterfaceId", eni}});
    }
    Told assign(const std::string& eni, Parameters more) {
        more.emplace("NetworkInterfaceId", eni);
        return call("AssignPrivateIpAddresses", more);
    }
    // "Available", or empty if it does not exist.
    std::string status(const std::string& eni) {
        const auto told = call("DescribeNetworkInterfaces", {{"NetworkInterfaceId.1", eni}});
        return told.size("/NetworkInterfaceSets/NetworkInterfaceSet") == 0
                   ? ""
                   : told.text("/NetworkInterfaceSets/NetworkInterfaceSet/0/Status");
    }
    std::string code_of(const std::string& action, const Parameters& parameters,
                        const std::string& product = "ecs") {
        return call(action, parameters, product).code;
    }
};

}  // namespace terway::sim
