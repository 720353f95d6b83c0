#include "cni/config.hpp"

#include <sys/un.h>

#include <utility>

#include <boost/json/serialize.hpp>

#include "cni/failure.hpp"
#include "cni/json.hpp"
#include "cni/names.hpp"

namespace terway::cni {
namespace {

// The smallest IPv4 and the largest possible MTU.
constexpr std::uint32_t kMinMtu = 68;
constexpr std::uint32_t kMaxMtu = 65535;
constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

[[noreturn]] void invalid(const std::string& place, const std::string& reason) {
    throw CniError(Code::InvalidConfig, place + ": " + reason);
}

std::string quoted(std::string_view text) {
    return '"' + std::string(text) + '"';
}

Version read_version(const ObjectReader& config) {
    auto stated = config.text("cniVersion");
    if (stated.empty()) {
        stated = "0.1.0";  // what its absence means
    }
    const auto version = Version::parse(stated);
    if (!version) {
        throw CniError(Code::Decoding, "cniVersion: " + quoted(stated) + " is no version");
    }
    if (!is_supported(*version)) {
        throw CniError(Code::IncompatibleVersion, "incompatible CNI versions",
                       "the configuration is of version " + quoted(stated) +
                           ", this plugin supports " + supported_versions_text());
    }
    return *version;
}

std::string read_name(const ObjectReader& config) {
    auto name = config.text("name");
    if (name.empty()) {
        throw CniError(Code::InvalidConfig, "missing network name");
    }
    if (!is_valid_name(name)) {
        invalid("name", quoted(name) + " is no network name; " + kNameRule);
    }
    return name;
}

std::string read_path(const ObjectReader& config, std::string_view key, const char* fallback,
                      std::size_t limit) {
    auto path = config.text(key);
    if (path.empty()) {
        return fallback;
    }
    if (path.front() != '/' || path.size() > limit || path.find('\0') != std::string::npos) {
        invalid(config.place_of(key), quoted(path) + " is no absolute path of at most " +
                                          std::to_string(limit) + " bytes");
    }
    return path;
}

std::optional<std::uint32_t> read_mtu(const ObjectReader& config) {
    const auto mtu = config.number32("mtu");
    if (mtu && (*mtu < kMinMtu || *mtu > kMaxMtu)) {
        invalid("mtu", std::to_string(*mtu) + " is not between " + std::to_string(kMinMtu) +
                           " and " + std::to_string(kMaxMtu));
    }
    return mtu;
}

std::vector<IpAddress> read_ips(const ObjectReader& object) {
    std::vector<IpAddress> ips;
    for (const auto& text : object.texts("ips")) {
        const auto ip = parse_requested_ip(text);
        if (!ip) {
            invalid(object.place_of("ips"), quoted(text) + " is no address");
        }
        ips.push_back(*ip);
    }
    return ips;
}

std::optional<Bandwidth> read_bandwidth(const ObjectReader& runtime) {
    const auto object = runtime.object("bandwidth");
    if (!object) {
        return std::nullopt;
    }
    const Bandwidth bandwidth{.ingress_rate = object->number("ingressRate").value_or(0),
                              .ingress_burst = object->number("ingressBurst").value_or(0),
                              .egress_rate = object->number("egressRate").value_or(0),
                              .egress_burst = object->number("egressBurst").value_or(0)};
    return bandwidth == Bandwidth{} ? std::nullopt : std::optional(bandwidth);
}

std::optional<Mac> read_mac(const ObjectReader& runtime) {
    const auto text = runtime.text("mac");
    if (text.empty()) {
        return std::nullopt;
    }
    const auto mac = Mac::parse(text);
    if (!mac) {
        invalid(runtime.place_of("mac"), quoted(text) + " is no MAC address");
    }
    return mac;
}

// The capability calls its keys otherwise than the network configuration.
Dns read_runtime_dns(const ObjectReader& runtime) {
    const auto object = runtime.object("dns");
    if (!object) {
        return {};
    }
    auto dns = read_dns(*object);
    if (dns.nameservers.empty()) {
        dns.nameservers = object->texts("servers");
    }
    if (dns.search.empty()) {
        dns.search = object->texts("searches");
    }
    return dns;
}

std::map<std::string, std::string> read_annotations(const ObjectReader& runtime) {
    std::map<std::string, std::string> annotations;
    if (const auto object = runtime.object("io.kubernetes.cri.pod-annotations")) {
        for (const auto& member : object->raw()) {
            const std::string key(member.key().data(), member.key().size());
            annotations.emplace(key, object->text(key));
        }
    }
    return annotations;
}

RuntimeConfig read_runtime(const ObjectReader& config) {
    const auto runtime = config.object("runtimeConfig");
    if (!runtime) {
        return {};
    }
    const auto* mappings = runtime->find("portMappings");
    return {.bandwidth = read_bandwidth(*runtime),
            .port_mappings = mappings == nullptr ? "" : boost::json::serialize(*mappings),
            .ips = read_ips(*runtime),
            .mac = read_mac(*runtime),
            .dns = read_runtime_dns(*runtime),
            .pod_annotations = read_annotations(*runtime)};
}

Dns read_static_dns(const ObjectReader& config) {
    const auto dns = config.object("dns");
    return dns ? read_dns(*dns) : Dns{};
}

std::vector<IpAddress> read_args_ips(const ObjectReader& config) {
    const auto args = config.object("args");
    const auto cni = args ? args->object("cni") : std::nullopt;
    return cni ? read_ips(*cni) : std::vector<IpAddress>{};
}

std::map<std::string, std::string> read_args_labels(const ObjectReader& config) {
    std::map<std::string, std::string> labels;
    const auto args = config.object("args");
    const auto cni = args ? args->object("cni") : std::nullopt;
    if (cni) {
        for (const auto& label : cni->objects("labels")) {
            const auto key = label.text("key");
            if (key.empty()) {
                invalid(label.place_of("key"), "a label needs a key");
            }
            labels[key] = label.text("value");
        }
    }
    return labels;
}

std::map<std::string, std::uint64_t> read_args_resources(const ObjectReader& config) {
    std::map<std::string, std::uint64_t> resources;
    const auto args = config.object("args");
    const auto terway = args ? args->object("terway") : std::nullopt;
    if (const auto object = terway ? terway->object("resources") : std::nullopt) {
        for (const auto& member : object->raw()) {
            const std::string key(member.key().data(), member.key().size());
            resources[key] = object->number(key).value_or(0);
        }
    }
    return resources;
}

std::optional<Result> read_previous(const ObjectReader& config) {
    const auto previous = config.object("prevResult");
    return previous ? std::optional(read_result(*previous)) : std::nullopt;
}

std::optional<std::vector<Attachment>> read_attachments(const ObjectReader& config) {
    // The reference library also sends the list under the second name, by mistake.
    for (const auto* key : {"cni.dev/valid-attachments", "cni.dev/attachments"}) {
        if (config.find(key) == nullptr) {
            continue;
        }
        std::vector<Attachment> attachments;
        for (const auto& entry : config.objects(key)) {
            attachments.push_back({entry.text("containerID"), entry.text("ifname")});
        }
        return attachments;
    }
    return std::nullopt;
}

// The one place where strictness matters.
template <class Read>
auto section(Strictness strictness, Read&& read) -> decltype(read()) {
    if (strictness == Strictness::Full) {
        return read();
    }
    try {
        return read();
    } catch (const CniError&) {
        return {};
    }
}

}  // namespace

Config parse_config(std::string_view text, Strictness strictness) {
    const auto document = parse_json(text, "the network configuration");
    const ObjectReader object(document, "");
    Config config;
    config.name = read_name(object);
    config.cni_version = read_version(object);
    config.type = object.text("type");
    config.socket = read_path(object, "socket", kDefaultSocket, kMaxSocketPath);
    config.queue = read_path(object, "queue", kDefaultQueue, kMaxQueuePath);
    config.mtu = section(strictness, [&] { return read_mtu(object); });
    config.dns = section(strictness, [&] { return read_static_dns(object); });
    config.runtime = section(strictness, [&] { return read_runtime(object); });
    config.args_ips = section(strictness, [&] { return read_args_ips(object); });
    config.args_labels = section(strictness, [&] { return read_args_labels(object); });
    config.args_resources = section(strictness, [&] { return read_args_resources(object); });
    config.previous = section(strictness, [&] { return read_previous(object); });
    config.valid_attachments = read_attachments(object);
    return config;
}

std::optional<std::string> stated_version(std::string_view text) {
    try {
        const auto document = parse_json(text, "the network configuration");
        auto version = ObjectReader(document, "").text("cniVersion");
        return version.empty() ? std::nullopt : std::optional(std::move(version));
    } catch (const CniError&) {
        return std::nullopt;
    }
}

Version version_for_answer(std::string_view text) {
    const auto stated = stated_version(text);
    const auto version = stated ? Version::parse(*stated) : std::nullopt;
    return version && is_supported(*version) ? *version : kNewestVersion;
}

}  // namespace terway::cni
