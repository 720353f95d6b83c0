#include "external_plan.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/digest.hpp"

namespace terway::felix {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr std::size_t kDigits = 11;

bool is_loopback(const IpAddress& address) {
    return address.is_v4() ? Prefix(IpAddress::parse("127.0.0.0").value(), 8).contains(address)
                           : address == IpAddress::parse("::1").value();
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool is_whole = error == std::errc() && end == text.data() + text.size();
    return is_whole && port != 0 ? std::optional(port) : std::nullopt;
}

// As in the path of a URL: what the names of Kubernetes are made of stays as it is.
std::string escaped(std::string_view text) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    std::string out;
    for (const char each : text) {
        const auto byte = static_cast<unsigned char>(each);
        if (std::isalnum(byte) != 0 || each == '-' || each == '.' || each == '_' || each == '~') {
            out += each;
        } else {
            out.append({'%', kHex[byte >> 4U], kHex[byte & 15U]});
        }
    }
    return out;
}

}  // namespace

std::string HealthUrl::request() const {
    return "GET " + path + " HTTP/1.0\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
}

std::optional<HealthUrl> parse_health_url(std::string_view text) {
    if (!text.starts_with(kScheme)) {
        return std::nullopt;
    }
    text.remove_prefix(kScheme.size());
    const auto slash = std::min(text.find('/'), text.size());
    const auto host = text.substr(0, slash);
    const auto colon = host.rfind(':');
    if (colon == std::string_view::npos ||
        text.find_first_of(" \t\r\n#") != std::string_view::npos) {
        return std::nullopt;
    }
    auto name = host.substr(0, colon);
    if (name.starts_with('[') && name.ends_with(']')) {
        name = name.substr(1, name.size() - 2);
    } else if (name == "localhost") {
        name = "127.0.0.1";
    }
    const auto address = IpAddress::parse(std::string(name));
    const auto port = parse_port(host.substr(colon + 1));
    if (!address || !port || !is_loopback(*address)) {
        return std::nullopt;
    }
    const auto path = text.substr(slash);
    return HealthUrl{*address, *port, std::string(host), path.empty() ? "/" : std::string(path)};
}

std::string why_not_ready(std::string_view answer) {
    const auto line = answer.substr(0, answer.find_first_of("\r\n"));
    const auto space = line.find(' ');
    if (!line.starts_with("HTTP/1.") || space == std::string_view::npos) {
        return "what answers does not speak HTTP";
    }
    const auto code = line.substr(space + 1, 3);
    return code.size() == 3 && code.front() == '2'
               ? ""
               : "it answers " + std::string(line.substr(space + 1));
}

std::string felix_link(std::string_view space, std::string_view pod) {
    return "cali" + sha1_hex(std::string(space) + "." + std::string(pod)).substr(0, kDigits);
}

std::string status_file(std::string_view space, std::string_view pod) {
    return "k8s " + escaped(std::string(space) + "/" + std::string(pod)) + " eth0";
}

std::string why_unknown_to_felix(std::string_view space, std::string_view pod,
                                 std::string_view ifname, std::string_view link) {
    if (pod.empty()) {
        return "calico-felix knows pods of Kubernetes only, and this is none";
    }
    if (ifname != "eth0") {
        return "calico-felix knows a pod's eth0 only, not its " + std::string(ifname);
    }
    const auto wanted = felix_link(space, pod);
    if (link != wanted) {
        return "calico-felix looks for the link " + wanted + ", and the pod's is " +
               std::string(link) + ": set [endpoint] host_names = \"felix\"";
    }
    return "";
}

}  // namespace terway::felix
