#include "cni/result.hpp"

#include <boost/json/serialize.hpp>

#include "cni/failure.hpp"
#include "cni/json.hpp"

namespace terway::cni {
namespace {

namespace json = boost::json;

constexpr Version kFirstWithoutIpVersion = {1, 0, 0};
constexpr Version kFirstWithLinkDetails = {1, 1, 0};

Prefix read_prefix(const ObjectReader& object, std::string_view key) {
    const auto text = object.text(key);
    const auto prefix = Prefix::parse(text);
    if (!prefix) {
        throw CniError(Code::Decoding,
                       object.place_of(key) + ": \"" + text + "\" is no address with a prefix");
    }
    return *prefix;
}

std::optional<IpAddress> read_address(const ObjectReader& object, std::string_view key) {
    const auto text = object.text(key);
    if (text.empty()) {
        return std::nullopt;
    }
    const auto address = IpAddress::parse(text);
    if (!address) {
        throw CniError(Code::Decoding, object.place_of(key) + ": \"" + text + "\" is no address");
    }
    return address;
}

Interface read_interface(const ObjectReader& object) {
    return {.name = object.text("name"),
            .mac = object.text("mac"),
            .mtu = object.number32("mtu"),
            .sandbox = object.text("sandbox"),
            .socket_path = object.text("socketPath"),
            .pci_id = object.text("pciID")};
}

std::optional<std::size_t> read_index(const ObjectReader& object, std::size_t interfaces) {
    const auto* value = object.find("interface");
    if (value != nullptr && value->is_int64() && value->get_int64() < 0) {
        return std::nullopt;
    }
    const auto index = object.number("interface");
    return index && *index < interfaces ? index : std::nullopt;
}

Ip read_ip(const ObjectReader& object, std::size_t interfaces) {
    return {.address = read_prefix(object, "address"),
            .gateway = read_address(object, "gateway"),
            .interface = read_index(object, interfaces)};
}

Route read_route(const ObjectReader& object) {
    return {.dst = read_prefix(object, "dst"),
            .gw = read_address(object, "gw"),
            .mtu = object.number32("mtu"),
            .advmss = object.number32("advmss"),
            .priority = object.number32("priority"),
            .table = object.number32("table"),
            .scope = object.number32("scope")};
}

void put(json::object& object, const char* key, const std::string& text) {
    if (!text.empty()) {
        object[key] = text;
    }
}

void put(json::object& object, const char* key, const std::optional<std::uint32_t>& number) {
    if (number) {
        object[key] = *number;
    }
}

void put(json::object& object, const char* key, const std::optional<IpAddress>& address) {
    if (address) {
        object[key] = address->text();
    }
}

void put(json::object& object, const char* key, const std::vector<std::string>& texts) {
    if (!texts.empty()) {
        object[key] = json::array(texts.begin(), texts.end());
    }
}

json::object write(const Interface& interface, const Version& version) {
    json::object object{{"name", interface.name}};
    put(object, "mac", interface.mac);
    put(object, "sandbox", interface.sandbox);
    if (version >= kFirstWithLinkDetails) {
        put(object, "mtu", interface.mtu);
        put(object, "socketPath", interface.socket_path);
        put(object, "pciID", interface.pci_id);
    }
    return object;
}

json::object write(const Ip& ip, const Version& version) {
    json::object object;
    if (version < kFirstWithoutIpVersion) {
        object["version"] = ip.address.is_v4() ? "4" : "6";
    }
    if (ip.interface) {
        object["interface"] = *ip.interface;
    }
    object["address"] = ip.address.text();
    put(object, "gateway", ip.gateway);
    return object;
}

json::object write(const Route& route, const Version& version) {
    json::object object{{"dst", route.dst.text()}};
    put(object, "gw", route.gw);
    if (version >= kFirstWithLinkDetails) {
        put(object, "mtu", route.mtu);
        put(object, "advmss", route.advmss);
        put(object, "priority", route.priority);
        put(object, "table", route.table);
        put(object, "scope", route.scope);
    }
    return object;
}

json::object write(const Dns& dns) {
    json::object object;
    put(object, "nameservers", dns.nameservers);
    put(object, "domain", dns.domain);
    put(object, "search", dns.search);
    put(object, "options", dns.options);
    return object;
}

template <class Element>
void put_list(json::object& document, const char* key, const std::vector<Element>& list,
              const Version& version) {
    if (list.empty()) {
        return;
    }
    json::array array;
    for (const auto& element : list) {
        array.emplace_back(write(element, version));
    }
    document[key] = std::move(array);
}

}  // namespace

bool Dns::empty() const {
    return *this == Dns{};
}

Dns read_dns(const ObjectReader& object) {
    return {.nameservers = object.texts("nameservers"),
            .domain = object.text("domain"),
            .search = object.texts("search"),
            .options = object.texts("options")};
}

Result read_result(const ObjectReader& object) {
    const auto stated = object.text("cniVersion");
    const auto version = stated.empty() ? kNewestVersion : Version::parse(stated);
    if (!version || !is_supported(*version)) {
        throw CniError(Code::Decoding, object.place_of("cniVersion") + ": \"" + stated +
                                           "\" is none of " + supported_versions_text());
    }
    Result result;
    for (const auto& entry : object.objects("interfaces")) {
        result.interfaces.push_back(read_interface(entry));
    }
    for (const auto& entry : object.objects("ips")) {
        result.ips.push_back(read_ip(entry, result.interfaces.size()));
    }
    for (const auto& entry : object.objects("routes")) {
        result.routes.push_back(read_route(entry));
    }
    if (const auto dns = object.object("dns")) {
        result.dns = read_dns(*dns);
    }
    return result;
}

Result Result::parse(std::string_view text) {
    const auto document = parse_json(text, "the result");
    return read_result(ObjectReader(document, ""));
}

std::string Result::to_json(const Version& version) const {
    if (!is_supported(version)) {
        throw CniError(Code::IncompatibleVersion, "no result of version " + version.text(),
                       "supported: " + supported_versions_text());
    }
    json::object document{{"cniVersion", version.text()}};
    put_list(document, "interfaces", interfaces, version);
    put_list(document, "ips", ips, version);
    put_list(document, "routes", routes, version);
    if (!dns.empty()) {
        document["dns"] = write(dns);
    }
    return json::serialize(document) + '\n';
}

Result merge(Result previous, const Result& own) {
    const auto offset = previous.interfaces.size();
    previous.interfaces.insert(previous.interfaces.end(), own.interfaces.begin(),
                               own.interfaces.end());
    for (auto ip : own.ips) {
        if (ip.interface) {
            *ip.interface += offset;
        }
        previous.ips.push_back(ip);
    }
    previous.routes.insert(previous.routes.end(), own.routes.begin(), own.routes.end());
    if (previous.dns.empty()) {
        previous.dns = own.dns;
    }
    return previous;
}

}  // namespace terway::cni
