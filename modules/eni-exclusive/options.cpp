#include "options.hpp"

#include <string>

#include "terway/error.hpp"

namespace terway::eni_exclusive {
namespace {

std::vector<Prefix> prefixes(sdk::Config& config, const std::string& key) {
    std::vector<Prefix> all;
    for (const auto& item : config.strings(key)) {
        const auto prefix = Prefix::parse(item.text);
        if (!prefix) {
            config.complain(item.line, item.column, key + ": \"" + item.text + "\" is no prefix");
        } else if (prefix->length() == 0) {
            config.complain(item.line, item.column,
                            key + ": \"" + item.text + "\" would take all traffic off the ENI");
        } else {
            all.push_back(prefix->network());
        }
    }
    return all;
}

}  // namespace

Options read_options(sdk::Config& config) {
    Options options;
    options.mtu = static_cast<std::uint32_t>(config.integer("mtu", 0, 576, 65535));
    options.host_peer = config.boolean("host_peer", true);
    options.masquerade = config.boolean("masquerade", true);
    options.service_cidrs = prefixes(config, "service_cidrs");
    options.host_stack_cidrs = prefixes(config, "host_stack_cidrs");
    if (!options.host_peer &&
        !(options.service_cidrs.empty() && options.host_stack_cidrs.empty())) {
        throw Error(Status::Invalid,
                    "service_cidrs and host_stack_cidrs are reached through the host peer: with "
                    "host_peer = false leave them out");
    }
    return options;
}

}  // namespace terway::eni_exclusive
