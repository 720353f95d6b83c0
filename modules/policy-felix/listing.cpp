#include "listing.hpp"

#include "names.hpp"

namespace terway::felix {

namespace nft = netlink::nft;

void Listing::refresh(netlink::Socket& socket, const std::set<std::string>& maps_of_links) {
    const auto generation = nft::generation(socket);
    if (generation_ == generation) {
        return;
    }
    generation_.reset();  // until all is read
    chains_.clear();
    for (const auto& [name, _] : nft::chains(socket, kTable)) {
        chains_.insert(name);
    }
    rules_ = nft::rules(socket, kTable);
    links_.clear();
    for (const auto& map : maps_of_links) {
        links_[map] = nft::link_names(socket, kTable, map);
    }
    generation_ = generation;
}

const std::vector<nft::RuleFacts>& Listing::rules(const std::string& chain) const {
    static const std::vector<nft::RuleFacts> kNone;
    const auto found = rules_.find(chain);
    return found == rules_.end() ? kNone : found->second;
}

bool Listing::leads(const std::string& map, const std::string& link) const {
    const auto found = links_.find(map);
    return found != links_.end() && found->second.contains(link);
}

}  // namespace terway::felix
