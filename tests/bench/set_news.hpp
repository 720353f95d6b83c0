// What the kernel tells of changes in nftables' sets and chains. Pure.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace terway::bench {

struct SetNews {
    bool is_added = true;
    std::string table;
    std::string name;               // the set's, or the chain's
    std::vector<std::uint8_t> key;  // of an element; empty for a rule

    bool operator==(const SetNews&) const = default;
};

// Of a message from group NFNLGRP_NFTABLES: each element of a set, and rules; nothing of others.
void read_set_news(const nlmsghdr& message, const std::function<void(SetNews)>& tell);

}  // namespace terway::bench
