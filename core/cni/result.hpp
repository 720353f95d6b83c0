// The result of an ADD, and its JSON form in every supported version of the specification. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "cni/version.hpp"

namespace terway::cni {

struct Interface {
    std::string name;
    std::string mac;  // text: a plugin before us may name any link-layer address
    std::optional<std::uint32_t> mtu;
    std::string sandbox;  // the CNI_NETNS of the request; empty on the host side
    std::string socket_path;
    std::string pci_id;

    bool operator==(const Interface&) const = default;
};

struct Ip {
    Prefix address;
    std::optional<IpAddress> gateway;
    std::optional<std::size_t> interface;  // always a valid index into Result::interfaces

    bool operator==(const Ip&) const = default;
};

struct Route {
    Prefix dst;
    std::optional<IpAddress> gw;
    std::optional<std::uint32_t> mtu;
    std::optional<std::uint32_t> advmss;
    std::optional<std::uint32_t> priority;
    std::optional<std::uint32_t> table;
    std::optional<std::uint32_t> scope;

    bool operator==(const Route&) const = default;
};

struct Dns {
    std::vector<std::string> nameservers;
    std::string domain;
    std::vector<std::string> search;
    std::vector<std::string> options;

    [[nodiscard]] bool empty() const;
    bool operator==(const Dns&) const = default;
};

struct Result {
    std::vector<Interface> interfaces;
    std::vector<Ip> ips;
    std::vector<Route> routes;
    Dns dns;

    // Reads a result of any supported version; fields of later versions are accepted in earlier
    // ones, keys we do not know are left out. An `interface` that points nowhere is dropped.
    // Throws CniError(Decoding).
    [[nodiscard]] static Result parse(std::string_view json);
    // One JSON document and a line feed, in the form of `version`: what that version does not know
    // is left out. Throws CniError(IncompatibleVersion) for an unsupported one.
    [[nodiscard]] std::string to_json(const Version& version) const;

    bool operator==(const Result&) const = default;
};

// What a plugin that is not the first in its chain returns: everything before us, then our own
// interfaces, addresses and routes. The DNS settings are the earlier ones if there are any.
[[nodiscard]] Result merge(Result previous, const Result& own);

}  // namespace terway::cni
