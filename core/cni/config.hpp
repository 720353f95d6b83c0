// The network configuration a runtime writes to the standard input of a plugin. Pure.
//
// Keys are found whatever their case, as by the reference library: containerd writes "IngressRate"
// where the conventions say "ingressRate". Unknown keys are ignored, runtimes add their own.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "cni/result.hpp"
#include "cni/version.hpp"

namespace terway::cni {

inline constexpr const char* kDefaultSocket = "/run/terway/cni.sock";
inline constexpr const char* kDefaultQueue = "/var/lib/terway/queue";

// Bits per second and bits of burst; 0 is unlimited. Ingress is towards the pod.
struct Bandwidth {
    std::uint64_t ingress_rate = 0;
    std::uint64_t ingress_burst = 0;
    std::uint64_t egress_rate = 0;
    std::uint64_t egress_burst = 0;

    bool operator==(const Bandwidth&) const = default;
};

// `runtimeConfig`: what the runtime fills in for the capabilities we declare.
struct RuntimeConfig {
    std::optional<Bandwidth> bandwidth;
    std::string port_mappings;  // JSON text as given, empty if absent
    std::vector<IpAddress> ips;
    std::optional<Mac> mac;
    Dns dns;
    std::map<std::string, std::string> pod_annotations;  // io.kubernetes.cri.pod-annotations
};

struct Attachment {
    std::string container_id;
    std::string ifname;

    auto operator<=>(const Attachment&) const = default;
};

struct Config {
    Version cni_version;
    std::string name;
    std::string type;
    std::string socket = kDefaultSocket;
    std::string queue = kDefaultQueue;
    std::optional<std::uint32_t> mtu;
    Dns dns;
    RuntimeConfig runtime;
    std::vector<IpAddress> args_ips;                      // args.cni.ips
    std::map<std::string, std::string> args_labels;       // args.cni.labels, [{"key", "value"}]
    std::map<std::string, std::uint64_t> args_resources;  // args.terway.resources
    std::optional<Result> previous;                       // prevResult
    // cni.dev/valid-attachments. Absent is not the same as empty: a runtime that gives no list has
    // said nothing about which attachments are stale, and none may be collected.
    std::optional<std::vector<Attachment>> valid_attachments;
};

// How much of a configuration has to be right. DEL has to work with whatever is left of it: there,
// a malformed optional section is taken as absent.
enum class Strictness : std::uint8_t { Full, Deleting };

// Throws CniError: Decoding for what is no JSON, or has values of the wrong type; InvalidConfig for
// a missing or bad name or a value out of range; IncompatibleVersion for a version we do not speak.
[[nodiscard]] Config parse_config(std::string_view json, Strictness strictness);

// The cniVersion to put into an error about `json`: its own if we speak it, else our newest.
[[nodiscard]] Version version_for_answer(std::string_view json);
// The cniVersion `json` states, whether we speak it or not; nullopt if it states none.
[[nodiscard]] std::optional<std::string> stated_version(std::string_view json);

}  // namespace terway::cni
