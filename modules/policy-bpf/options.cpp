#include "options.hpp"

#include "terway/error.hpp"

namespace terway::policy_bpf {
namespace {

std::uint32_t size(sdk::Config& config, const char* key, std::uint32_t otherwise) {
    constexpr std::int64_t kLeast = 1'024;
    constexpr std::int64_t kMost = 16'777'216;
    return static_cast<std::uint32_t>(config.integer(key, otherwise, kLeast, kMost));
}

}  // namespace

Options read_options(sdk::Config& config) {
    Options options;
    options.asks_for_node = config.choice("pod_to_node", "policy", {"policy", "allow"}) == "policy";
    options.cuts_established = config.choice("established", "cut", {"cut", "keep"}) == "cut";
    options.bpffs = config.string("bpffs", options.bpffs);
    options.connections = size(config, "max_connections", options.connections);
    options.members = size(config, "max_addresses", options.members);
    options.blocks = size(config, "max_blocks", options.blocks);
    options.rules = size(config, "max_rules", options.rules);
    options.services = size(config, "max_services", options.services);
    options.backends = size(config, "max_backends", options.backends);
    if (options.bpffs.empty() || options.bpffs.front() != '/') {
        throw Error(Status::Invalid, "bpffs must be an absolute path");
    }
    return options;
}

}  // namespace terway::policy_bpf
