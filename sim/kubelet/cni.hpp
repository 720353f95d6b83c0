// CNI plugins, run as a container runtime runs them.
#pragma once

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "base/address.hpp"

namespace terway::sim::kubelet {

namespace json = boost::json;

// What a plugin of the list finds on its standard input; null `previous`: nothing. `runtime` has
// what the runtime knows, by capability. Pure.
[[nodiscard]] json::object plugin_config(const json::object& conflist, const json::object& plugin,
                                         const json::object& runtime, const json::value& previous);
[[nodiscard]] std::vector<IpAddress> addresses_of(const json::value& result);

struct Attachment {
    std::string container;
    std::string netns;  // a path
    std::string args;
    json::object runtime;
    json::value result;  // of the ADD, once it has succeeded
};

// The plugins of a conflist. Threads: any.
class CniNetwork {
public:
    // `plugins` is the directory of the binaries; they run in the network namespace, which is lent.
    CniNetwork(json::object conflist, std::string plugins, int netns_fd)
        : conflist_(std::move(conflist)), plugins_(std::move(plugins)), netns_fd_(netns_fd) {}

    // Sets `result`. Throws Error with what the plugin says.
    void add(Attachment& attachment) const;
    // In reverse order. Throws Error.
    void del(const Attachment& attachment) const;

private:
    json::value run(const std::string& verb, const json::object& plugin,
                    const Attachment& attachment, const json::value& previous) const;

    const json::object conflist_;
    const std::string plugins_;
    const int netns_fd_;
};

}  // namespace terway::sim::kubelet
