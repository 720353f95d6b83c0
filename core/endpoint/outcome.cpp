#include "endpoint/outcome.hpp"

#include <algorithm>

#include "cni/failure.hpp"

namespace terway::endpoint {

cni::Result result_of(const EndpointRecord& record, const cni::Request& request) {
    const Attachment attachment = record.attachment.value_or(Attachment{});
    cni::Result own;
    if (!attachment.host_ifname.empty()) {
        own.interfaces.push_back({.name = attachment.host_ifname,
                                  .mac = attachment.host_mac.text(),
                                  .mtu = attachment.mtu});
    }
    own.interfaces.push_back({.name = request.ifname,
                              .mac = attachment.pod_mac.text(),
                              .mtu = attachment.mtu,
                              .sandbox = request.netns});
    const std::size_t pod = own.interfaces.size() - 1;
    for (const auto& address : record.spec.addresses) {
        std::optional<IpAddress> gateway;
        for (const auto& candidate : attachment.gateways) {
            if (candidate.family() == address.family()) {
                gateway = candidate.address();
            }
        }
        own.ips.push_back({address, gateway, pod});
        const auto everything = Prefix(address.address(), 0).network();
        own.routes.push_back({.dst = everything, .gw = gateway});
    }
    own.dns = request.config.runtime.dns.empty() ? request.config.dns : request.config.runtime.dns;
    return own;
}

void compare_with_previous(const EndpointRecord& record, const cni::Request& request) {
    const auto& previous = request.config.previous;
    if (!previous) {
        throw cni::CniError(cni::Code::InvalidConfig, "prevResult is missing");
    }
    const auto lacks = [&](const std::string& what) {
        throw cni::CniError(cni::Code::InvalidConfig, "prevResult does not name " + what +
                                                          " of endpoint " + record.key().text());
    };
    const auto has_interface = [&](const std::string& name) {
        return std::any_of(previous->interfaces.begin(), previous->interfaces.end(),
                           [&](const auto& each) { return each.name == name; });
    };
    if (!has_interface(record.key().ifname)) {
        lacks("interface " + record.key().ifname);
    }
    for (const auto& address : record.spec.addresses) {
        const bool named = std::any_of(
            previous->ips.begin(), previous->ips.end(),
            [&](const auto& each) { return each.address.address() == address.address(); });
        if (!named) {
            lacks("address " + address.address().text());
        }
    }
}

}  // namespace terway::endpoint
