#include "pod_node.hpp"

#include <boost/json.hpp>
#include <utility>

#include "base/netns.hpp"

namespace terway::bench {
namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
    return text;
}

std::string program_of(const Programs& programs, const Candidate& candidate) {
    return candidate.ours ? programs.bin + "/terway" : programs.peers + "/" + candidate.name;
}

}  // namespace

std::string node_name(const std::string& candidate, std::size_t side) {
    std::string name = candidate + "-" + kSides.at(side);
    for (auto& c : name) {
        c = c == '_' ? '-' : c;
    }
    return name;
}

std::string node_address(std::size_t ordinal, std::size_t side) {
    return "10.0." + std::to_string(ordinal) + "." + std::to_string(10 + side);
}

std::string pod_cidr(std::size_t ordinal, std::size_t side) {
    return "172.20." + std::to_string(2 * ordinal + side) + ".0/24";
}

IpAddress address_of(const std::string& result) {
    const auto ips = boost::json::parse(result).at("ips").as_array();
    return Prefix::parse(std::string(ips.at(0).at("address").as_string())).value().address();
}

PodNode::PodNode(const Programs& programs, const std::string& scratch, const sim::Fabric& fabric,
                 const Candidate& candidate, std::size_t ordinal, std::size_t side)
    : contender_(candidate.name, program_of(programs, candidate),
                 Netns::open(fabric.netns_path(node_name(candidate.name, side)))) {
    const auto name = node_name(candidate.name, side);
    const auto cidr = pod_cidr(ordinal, side);
    if (candidate.ours) {
        daemon_ = std::make_unique<Daemon>(programs, scratch + "/" + name, contender_.node(),
                                           replaced(candidate.profile, "CIDR", cidr));
        config_ = daemon_->network_config();
    } else {
        config_ = replaced(replaced(candidate.config, "CIDR", cidr), "DATA", scratch + "/" + name);
    }
    contender_.configure(config_);
}

}  // namespace terway::bench
