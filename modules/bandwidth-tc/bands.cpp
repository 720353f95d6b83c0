#include "bands.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "netlink/difference.hpp"
#include "netlink/qdisc.hpp"
#include "rank.hpp"
#include "terway/error.hpp"

namespace terway::bandwidth_tc {
namespace {

using netlink::Link;
using netlink::Qdisc;
using netlink::Socket;

bool same(const Qdisc& found, const Qdisc& wanted) {
    return found.handle == wanted.handle && found.kind == wanted.kind &&
           netlink::same_options(wanted.options, found.options);
}

std::vector<Qdisc> qdiscs_of(Socket& socket, const Link& eni) {
    auto all = netlink::qdiscs(socket);
    std::erase_if(all, [&](const Qdisc& each) { return each.ifindex != eni.index; });
    return all;
}

std::optional<Qdisc> at(const std::vector<Qdisc>& all, std::uint32_t parent) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Qdisc& each) { return each.parent == parent; });
    return found == all.end() ? std::nullopt : std::optional(*found);
}

std::string place_of(const std::string& name, const Qdisc& wanted) {
    return (wanted.parent == netlink::kRoot
                ? "the root of "
                : "queue " + std::to_string(wanted.parent & 0xffffU) + " of ") +
           name;
}

std::string delete_command(const Link& eni, const Qdisc& found) {
    if (found.parent == netlink::kRoot) {
        return "tc qdisc del dev " + eni.name + " root";
    }
    constexpr char kHex[] = "0123456789abcdef";
    std::string parent;
    for (const unsigned shift : {28U, 24U, 20U, 16U, 12U, 8U, 4U, 0U}) {
        parent += kHex[(found.parent >> shift) & 0xfU];
        if (shift == 16U) {
            parent += ":";
        }
    }
    return "tc qdisc del dev " + eni.name + " parent " + parent;
}

}  // namespace

void ensure_bands(Socket& socket, const Link& eni, const std::string& name) {
    const auto all = qdiscs_of(socket, eni);
    for (const auto& wanted : bands_of(eni.index, eni.tx_queues)) {
        const auto found = at(all, wanted.parent);
        // What has no handle is the kernel's own.
        if (found && found->handle != 0 && found->handle != wanted.handle) {
            throw Error(Status::Unsupported,
                        "somebody else's qdisc " + found->kind + " at " + place_of(name, wanted) +
                            " leaves no room for network priorities; remedy: " +
                            delete_command(eni, *found) +
                            ", or network_priority = false in [module.bandwidth-tc]");
        }
        if (!found || !same(*found, wanted)) {
            netlink::set_qdisc(socket, wanted);
        }
    }
}

void check_bands(Socket& socket, const Link& eni, const std::string& name) {
    const auto all = qdiscs_of(socket, eni);
    for (const auto& wanted : bands_of(eni.index, eni.tx_queues)) {
        const auto found = at(all, wanted.parent);
        if (!found || found->handle != wanted.handle || found->kind != wanted.kind) {
            netlink::differs("there is no qdisc " + wanted.kind + " of network priorities at " +
                             place_of(name, wanted));
        }
        if (!same(*found, wanted)) {
            netlink::differs("the qdisc " + wanted.kind + " of network priorities at " +
                             place_of(name, wanted) + " has other bands");
        }
    }
}

void remove_bands(Socket& socket) {
    for (const auto& qdisc : netlink::qdiscs(socket)) {
        if (is_bands(qdisc)) {
            (void)netlink::remove_qdisc(socket, qdisc.ifindex, netlink::kRoot, qdisc.handle);
        }
    }
}

}  // namespace terway::bandwidth_tc
