#include <boost/json.hpp>
#include <functional>
#include <vector>

#include "sim/cloud/actions.hpp"
#include "sim/cloud/metadata.hpp"

namespace terway::sim {
namespace {

namespace json = boost::json;
using Value = std::optional<std::string>;

std::string netmask(const Prefix& prefix) {
    const IpAddress all = *IpAddress::parse("255.255.255.255");
    return Prefix(all, prefix.length()).network().address().text();
}

std::string bracketed(const auto& values) {
    std::string all;
    for (const auto& value : values) {
        all += (all.empty() ? "" : ",") + value.text();
    }
    return "[" + all + "]";
}

Value prefixes_of(const Eni& eni, Family family) {
    std::vector<Prefix> own;
    for (const auto& prefix : eni.prefixes) {
        if (prefix.family() == family) {
            own.push_back(prefix);
        }
    }
    if (own.empty()) {
        return std::nullopt;
    }
    return own.size() == 1 ? own.front().text() : bracketed(own);
}

std::map<std::string, Value> nic_leaves(const Model& model, const Eni& eni) {
    const VSwitch& vswitch = model.vswitch(eni.vswitch);
    json::array ipv4{eni.primary.text()};
    for (const auto& address : eni.secondary) {
        ipv4.emplace_back(address.text());
    }
    std::map<std::string, Value> leaves{
        {"network-interface-id", eni.id},
        {"primary-ip-address", eni.primary.text()},
        {"private-ipv4s", json::serialize(ipv4)},
        {"gateway", vswitch.gateway(Family::V4)->text()},
        {"netmask", netmask(vswitch.cidr)},
        {"vswitch-id", vswitch.id},
        {"vswitch-cidr-block", vswitch.cidr.text()},
        {"vpc-id", model.vpc().id},
        {"vpc-cidr-block", model.vpc().cidr.text()},
        {"ipv4-prefixes", prefixes_of(eni, Family::V4)},
        {"ipv6-prefixes", prefixes_of(eni, Family::V6)},
    };
    if (!eni.ipv6.empty()) {
        leaves["ipv6s"] = bracketed(eni.ipv6);
    }
    if (vswitch.cidr6) {
        leaves["vswitch-ipv6-cidr-block"] = vswitch.cidr6->text();
        leaves["ipv6-gateway"] = vswitch.gateway(Family::V6)->text();
    }
    if (model.vpc().cidr6) {
        leaves["vpc-ipv6-cidr-blocks"] = "[" + model.vpc().cidr6->text() + "]";
    }
    return leaves;
}

Value nic_value(Cloud& cloud, const std::string& rest, const std::string& instance, WallTime now) {
    std::string listing;
    for (const auto& [id, view] : cloud.enis().in_metadata(now)) {
        if (!view->eni.attachment || view->record.instance != instance) {
            continue;
        }
        const std::string mac = view->eni.mac.text() + "/";
        listing += (listing.empty() ? "" : "\n") + mac;
        if (!rest.starts_with(view->eni.mac.text())) {
            continue;
        }
        const auto leaves = nic_leaves(cloud.model(), view->eni);
        const std::string leaf = rest.size() > mac.size() ? rest.substr(mac.size()) : "";
        if (leaf.empty()) {
            std::string names;
            for (const auto& [name, value] : leaves) {
                names += value ? (names.empty() ? "" : "\n") + name : "";
            }
            return names;
        }
        const auto found = leaves.find(leaf);
        return found == leaves.end() ? std::nullopt : found->second;
    }
    return rest.empty() ? Value(listing) : std::nullopt;
}

Value role_value(Cloud& cloud, const std::string& rest, const std::string& instance, WallTime now) {
    const std::string role = cloud.keys().role_of(instance);
    if (role.empty()) {
        return std::nullopt;
    }
    if (rest.empty()) {
        return role;
    }
    if (rest != role) {
        return std::nullopt;
    }
    const auto life = cloud.settings().role_session;
    const AccessKey key = cloud.keys().instance_session(role, instance, life, now, cloud.dice());
    return json::serialize(json::object{{"AccessKeyId", key.id},
                                        {"AccessKeySecret", key.secret},
                                        {"SecurityToken", key.security_token},
                                        {"Expiration", iso_time(*key.expires)},
                                        {"LastUpdated", iso_time(*key.expires - life)},
                                        {"Code", "Success"}});
}

std::map<std::string, std::string> instance_leaves(const Cloud& cloud,
                                                   const std::string& instance) {
    const Model& model = cloud.model();
    const Eni& primary = model.primary_eni(instance);
    const VSwitch& vswitch = model.vswitch(primary.vswitch);
    return {
        {"instance-id", instance},
        {"instance/instance-type", model.instance(instance).type},
        {"region-id", cloud.settings().region},
        {"zone-id", vswitch.zone},
        {"mac", primary.mac.text()},
        {"vpc-id", model.vpc().id},
        {"vpc-cidr-block", model.vpc().cidr.text()},
        {"vswitch-id", vswitch.id},
        {"vswitch-cidr-block", vswitch.cidr.text()},
        {"private-ipv4", primary.primary.text()},
        {"owner-account-id", cloud.settings().account},
        {"hostname", model.instance(instance).name},
        {"network-type", "vpc"},
    };
}

std::string without_slash(std::string text) {
    if (!text.empty() && text.back() == '/') {
        text.pop_back();
    }
    return text;
}

}  // namespace

Value metadata_value(Cloud& cloud, const std::string& path, const std::string& instance,
                     WallTime now) {
    constexpr std::string_view kData = "meta-data/";
    constexpr std::string_view kNics = "network/interfaces/macs/";
    constexpr std::string_view kRoles = "ram/security-credentials/";
    if (!path.starts_with(kData)) {
        return std::nullopt;
    }
    const std::string rest = path.substr(kData.size());
    if (rest.starts_with(kNics) || rest + "/" == kNics) {
        return nic_value(cloud, rest.size() > kNics.size() ? rest.substr(kNics.size()) : "",
                         instance, now);
    }
    if (rest.starts_with(kRoles) || rest + "/" == kRoles) {
        return role_value(cloud, rest.size() > kRoles.size() ? rest.substr(kRoles.size()) : "",
                          instance, now);
    }
    const auto leaves = instance_leaves(cloud, instance);
    if (rest.empty()) {
        std::string names = "network/\nram/\ninstance/";
        for (const auto& [name, value] : leaves) {
            names += name.find('/') == std::string::npos ? "\n" + name : "";
        }
        return names;
    }
    const auto found = leaves.find(without_slash(rest));
    return found == leaves.end() ? std::nullopt : Value(found->second);
}

}  // namespace terway::sim
