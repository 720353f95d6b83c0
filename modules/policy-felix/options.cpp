#include "options.hpp"

#include "terway/error.hpp"

namespace terway::felix {

namespace {

constexpr const char* kHealth = "http://127.0.0.1:9099/readiness";

void read_external(sdk::Config& config, Options& options) {
    const auto url = config.string("felix_health", kHealth);
    options.status_dir = config.string("endpoint_status_dir", "");
    options.health = parse_health_url(url);
    if (!url.empty() && !options.health) {
        throw Error(Status::Invalid,
                    "felix_health must be an http:// URL of a loopback address, "
                    "with its port: \"" +
                        url + "\"");
    }
    if (!options.status_dir.empty() && options.status_dir.front() != '/') {
        throw Error(Status::Invalid, "endpoint_status_dir must be an absolute path");
    }
    if (options.is_external && !options.health && options.status_dir.empty()) {
        throw Error(Status::Invalid,
                    "backend = \"external\" needs felix_health or "
                    "endpoint_status_dir, to see that calico-felix lives");
    }
}

}  // namespace

Options read_options(sdk::Config& config) {
    Options options;
    options.is_external =
        config.choice("backend", "nftables", {"nftables", "external"}) == "external";
    read_external(config, options);
    options.asks_for_node = config.choice("pod_to_node", "policy", {"policy", "allow"}) == "policy";
    options.cuts_established = config.choice("established", "cut", {"cut", "keep"}) == "cut";
    options.drops_unknown = config.choice("other_pods", "drop", {"drop", "allow"}) == "drop";
    options.logs_denied = config.boolean("log_denied", false);
    return options;
}

}  // namespace terway::felix
