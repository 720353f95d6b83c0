#include "sim/kubelet/cni.hpp"

#include <chrono>

#include "sim/process.hpp"
#include "terway/error.hpp"

namespace terway::sim::kubelet {
namespace {

constexpr std::chrono::seconds kLimit{120};

std::string text(const json::object& object, const char* member) {
    const auto* value = object.if_contains(member);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? "" : std::string(*text);
}

std::string complaint_in(const Outcome& outcome) {
    std::error_code malformed;
    const auto document = json::parse(outcome.out, malformed);
    const auto* object = malformed ? nullptr : document.if_object();
    if (object == nullptr) {
        return "exit status " + std::to_string(outcome.exit) + ": " + outcome.out + outcome.err;
    }
    const auto details = text(*object, "details");
    return text(*object, "msg") + (details.empty() ? "" : "; " + details);
}

}  // namespace

json::object plugin_config(const json::object& conflist, const json::object& plugin,
                           const json::object& runtime, const json::value& previous) {
    auto config = plugin;
    for (const auto* member : {"cniVersion", "name"}) {
        if (const auto* value = conflist.if_contains(member)) {
            config[member] = *value;
        }
    }
    json::object given;
    if (const auto* able = plugin.if_contains("capabilities")) {
        for (const auto& [name, value] : able->as_object()) {
            const auto* known = runtime.if_contains(name);
            if (known != nullptr && value == json::value(true)) {
                given[name] = *known;
            }
        }
    }
    config.erase("capabilities");
    if (!given.empty()) {
        config["runtimeConfig"] = std::move(given);
    }
    if (!previous.is_null()) {
        config["prevResult"] = previous;
    }
    return config;
}

std::vector<IpAddress> addresses_of(const json::value& result) {
    std::vector<IpAddress> all;
    for (const auto& each : result.at("ips").as_array()) {
        all.push_back(Prefix::parse(std::string(each.at("address").as_string())).value().address());
    }
    return all;
}

void CniNetwork::add(Attachment& attachment) const {
    json::value result;
    for (const auto& plugin : conflist_.at("plugins").as_array()) {
        result = run("ADD", plugin.as_object(), attachment, result);
    }
    attachment.result = std::move(result);
}

void CniNetwork::del(const Attachment& attachment) const {
    const auto& plugins = conflist_.at("plugins").as_array();
    for (auto plugin = plugins.rbegin(); plugin != plugins.rend(); ++plugin) {
        (void)run("DEL", plugin->as_object(), attachment, attachment.result);
    }
}

json::value CniNetwork::run(const std::string& verb, const json::object& plugin,
                            const Attachment& attachment, const json::value& previous) const {
    const auto type = text(plugin, "type");
    const auto config = plugin_config(conflist_, plugin, attachment.runtime, previous);
    const auto outcome = run_program({{plugins_ + "/" + type},
                                      {{"PATH", kUsualPath},
                                       {"CNI_COMMAND", verb},
                                       {"CNI_CONTAINERID", attachment.container},
                                       {"CNI_NETNS", attachment.netns},
                                       {"CNI_IFNAME", "eth0"},
                                       {"CNI_PATH", plugins_},
                                       {"CNI_ARGS", attachment.args}},
                                      json::serialize(config),
                                      netns_fd_,
                                      {},
                                      {}},
                                     after(kLimit));
    if (outcome.exit != 0) {
        throw Error(Status::Internal,
                    "plugin " + type + ", " + verb + ": " + complaint_in(outcome));
    }
    return verb == "ADD" ? json::parse(outcome.out) : json::value();
}

}  // namespace terway::sim::kubelet
