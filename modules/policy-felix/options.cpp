#include "options.hpp"

#include "terway/error.hpp"

namespace terway::felix {

Options read_options(sdk::Config& config) {
    if (config.choice("backend", "nftables", {"nftables", "external"}) == "external") {
        throw Error(Status::Unsupported,
                    "backend = \"external\" is not there yet: this version enforces policies "
                    "itself, with backend = \"nftables\"");
    }
    Options options;
    options.asks_for_node = config.choice("pod_to_node", "policy", {"policy", "allow"}) == "policy";
    options.cuts_established = config.choice("established", "cut", {"cut", "keep"}) == "cut";
    options.drops_unknown = config.choice("other_pods", "drop", {"drop", "allow"}) == "drop";
    options.logs_denied = config.boolean("log_denied", false);
    return options;
}

}  // namespace terway::felix
