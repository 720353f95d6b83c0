#include "set_news.hpp"

#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netlink/attr.h>

#include "netlink/parse.hpp"

namespace terway::bench {
namespace {

using netlink::parse;

std::string text_of(const nlattr* attribute) {
    return attribute != nullptr ? nla_get_string(attribute) : "";
}

std::vector<std::uint8_t> key_of(nlattr* element) {
    const auto parts = netlink::parse_nest<NFTA_SET_ELEM_MAX + 1>(element);
    const auto data = netlink::parse_nest<NFTA_DATA_MAX + 1>(parts[NFTA_SET_ELEM_KEY]);
    const auto* value = data[NFTA_DATA_VALUE];
    if (value == nullptr) {
        return {};
    }
    const auto* bytes = static_cast<const std::uint8_t*>(nla_data(value));
    return {bytes, bytes + nla_len(value)};
}

void read_elements(const nlmsghdr& message, bool is_added,
                   const std::function<void(SetNews)>& tell) {
    const auto list = parse<NFTA_SET_ELEM_LIST_MAX + 1>(message, sizeof(nfgenmsg));
    auto* const elements = list[NFTA_SET_ELEM_LIST_ELEMENTS];
    if (elements == nullptr) {
        return;
    }
    int rest = nla_len(elements);
    for (auto* next = static_cast<nlattr*>(nla_data(elements)); nla_ok(next, rest);
         next = nla_next(next, &rest)) {
        tell({is_added, text_of(list[NFTA_SET_ELEM_LIST_TABLE]),
              text_of(list[NFTA_SET_ELEM_LIST_SET]), key_of(next)});
    }
}

}  // namespace

void read_set_news(const nlmsghdr& message, const std::function<void(SetNews)>& tell) {
    if (message.nlmsg_type >> 8U != NFNL_SUBSYS_NFTABLES) {
        return;
    }
    const auto what = message.nlmsg_type & 0xffU;
    switch (what) {
        case NFT_MSG_NEWSETELEM:
        case NFT_MSG_DELSETELEM:
            return read_elements(message, what == NFT_MSG_NEWSETELEM, tell);
        case NFT_MSG_NEWRULE:
        case NFT_MSG_DELRULE: {
            const auto rule = parse<NFTA_RULE_MAX + 1>(message, sizeof(nfgenmsg));
            return tell({what == NFT_MSG_NEWRULE,
                         text_of(rule[NFTA_RULE_TABLE]),
                         text_of(rule[NFTA_RULE_CHAIN]),
                         {}});
        }
        default:
            return;
    }
}

}  // namespace terway::bench
