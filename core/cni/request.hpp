// One call of the plugin: its environment and standard input, checked and taken apart. Pure.
//
// The CNI binary parses to refuse early, the daemon parses the same bytes again with the same code:
// what crosses the socket is an Invocation.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "cni/config.hpp"

namespace terway::cni {

enum class Verb : std::uint8_t { Add, Del, Check, Gc, Status, Version };

// "ADD", "DEL", ...
[[nodiscard]] std::string_view text_of(Verb verb) noexcept;

using Environment = std::map<std::string, std::string, std::less<>>;

// What the runtime gave, unparsed.
struct Invocation {
    Environment env;
    std::string config;  // standard input

    bool operator==(const Invocation&) const = default;
};

// CNI_ARGS. Keys we do not know are ignored, with or without IgnoreUnknown.
struct Args {
    std::string raw;
    std::string pod_namespace;
    std::string pod_name;
    std::string pod_uid;
    std::string infra_container_id;
    std::vector<IpAddress> ips;  // IP, one or several separated by commas
    std::optional<Mac> mac;
    // TERWAY_RESOURCES, "aliyun/eni:1,other/thing:2"; a count left out is 1. Not "=", for the
    // reference library splits CNI_ARGS at each of them.
    std::map<std::string, std::uint64_t> resources;
};

struct Request {
    Verb verb = Verb::Version;
    std::string container_id;
    std::string ifname;
    std::string netns;  // path; may be empty on DEL, is empty on GC and STATUS
    bool netns_override = false;
    Args args;
    std::vector<std::string> path;
    std::string traceparent;
    std::string tracestate;
    std::string baggage;
    Config config;
};

// The variables of a process that belong to a call: CNI_*, TRACEPARENT, TRACESTATE, BAGGAGE.
// `envp` ends with a null pointer.
[[nodiscard]] Environment call_environment(const char* const* envp);

// Checks that every variable the verb needs is there and well formed; all missing ones are named in
// one error. Throws CniError(InvalidEnvironment).
[[nodiscard]] Verb check_environment(const Environment& env);

// Checks everything that can be checked without asking the kernel. A VERSION request has no
// Config: its standard input is not looked at. Throws CniError.
[[nodiscard]] Request parse_request(const Invocation& invocation);

// The addresses asked for, from the strongest source that names any: runtimeConfig.ips, then
// args.cni.ips, then IP in CNI_ARGS.
[[nodiscard]] const std::vector<IpAddress>& requested_ips(const Request& request);
// runtimeConfig.mac, else MAC in CNI_ARGS.
[[nodiscard]] std::optional<Mac> requested_mac(const Request& request);

}  // namespace terway::cni
