// What our table of nftables has, read once for as long as nobody changes anything: who checks
// every endpoint of a node reads it once.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "netlink/nft_read.hpp"
#include "netlink/socket.hpp"

namespace terway::felix {

class Listing {
public:
    // Reads again if anything has changed. `socket` is the table's. Throws Error.
    void refresh(netlink::Socket& socket, const std::set<std::string>& maps_of_links);

    [[nodiscard]] bool has_chain(const std::string& name) const { return chains_.contains(name); }
    // None of a chain that is not there.
    [[nodiscard]] const std::vector<netlink::nft::RuleFacts>& rules(const std::string& chain) const;
    [[nodiscard]] bool leads(const std::string& map, const std::string& link) const;

private:
    std::optional<std::uint32_t> generation_;
    std::set<std::string> chains_;
    std::map<std::string, std::vector<netlink::nft::RuleFacts>> rules_;
    std::map<std::string, std::set<std::string>> links_;  // by map
};

}  // namespace terway::felix
