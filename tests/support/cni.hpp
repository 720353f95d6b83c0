// Calls of the real CNI binary, as a container runtime makes them.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>
#include <vector>

#include "base/address.hpp"

namespace terway::test {

struct CniCall {
    std::string verb;
    std::string container;
    std::string netns;
    std::string ifname = "eth0";
    std::string version = "1.1.0";
    std::string network = "net";
    std::string args;                        // CNI_ARGS
    boost::json::object more;                // further members of the configuration
    std::map<std::string, std::string> env;  // further variables
};

struct CniReply {
    int exit = 0;
    std::string out;
    boost::json::value json;  // null if nothing was printed

    [[nodiscard]] bool ok() const { return exit == 0; }
    // Of the error document; 0 without one.
    [[nodiscard]] int code() const;
    [[nodiscard]] std::string message() const;  // msg and details
    // Of the result. Throws if there is none.
    [[nodiscard]] std::vector<IpAddress> addresses() const;
    [[nodiscard]] IpAddress v4() const;
    [[nodiscard]] IpAddress v6() const;
    [[nodiscard]] std::string host_link() const;
    [[nodiscard]] Mac mac() const;  // of the container's interface
};

}  // namespace terway::test
