#include "options.hpp"

#include <algorithm>
#include <string>

namespace terway::ipvlan {
namespace {

std::vector<Prefix> networks(sdk::Config& config, const std::string& key) {
    std::vector<Prefix> all;
    for (const auto& item : config.strings(key)) {
        const auto complain = [&](const std::string& reason) {
            config.complain(item.line, item.column, key + ": \"" + item.text + "\" " + reason);
        };
        const auto prefix = Prefix::parse(item.text);
        if (!prefix) {
            complain("is no prefix");
        } else if (prefix->network() != *prefix) {
            complain("has bits beyond its length; " + prefix->network().text() + " has not");
        } else if (prefix->length() == 0) {
            complain("is everything; pods would never use their ENI");
        } else if (std::find(all.begin(), all.end(), *prefix) != all.end()) {
            complain("is there twice");
        } else {
            all.push_back(*prefix);
        }
    }
    return all;
}

}  // namespace

Options read_options(sdk::Config& config) {
    Options options;
    options.mtu = static_cast<std::uint32_t>(config.integer("mtu", 0, 576, 65535));
    options.service_cidrs = networks(config, "service_cidrs");
    options.host_stack_cidrs = networks(config, "host_stack_cidrs");
    options.masquerade = config.boolean("masquerade", true);
    return options;
}

}  // namespace terway::ipvlan
