#include "netlink/nft_read.hpp"

#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "netlink/nfnetlink.hpp"
#include "netlink/parse.hpp"
#include "terway/error.hpp"

namespace terway::netlink::nft {
namespace {

Message message_of(int verb) {
    return nfnetlink_message(nft_type(verb), NFPROTO_INET);
}

std::string text_of(const nlattr* attribute) {
    return attribute == nullptr ? std::string() : std::string(nla_get_string(attribute));
}

std::uint32_t be32_of(const nlattr* attribute) {
    return be32toh(u32_or(attribute, 0));
}

void dump(Socket& socket, Message& message, const std::string& what,
          const std::function<void()>& restart, const std::function<void(const nlmsghdr&)>& entry) {
    try {
        socket.dump(message, what, restart, entry);
    } catch (const Error& error) {
        if (error.sys_errno() != ENOENT) {
            throw;
        }
        restart();
    }
}

bool is_of(const nlmsghdr& entry) {
    const auto* const header = static_cast<const nfgenmsg*>(nlmsg_data(&entry));
    return header->nfgen_family == NFPROTO_INET;
}

// Of an expression: the chain that an immediate verdict names.
std::string target_of(nlattr* expression) {
    const auto parts = parse_nest<NFTA_EXPR_MAX + 1>(expression);
    if (text_of(parts[NFTA_EXPR_NAME]) != "immediate") {
        return {};
    }
    const auto data = parse_nest<NFTA_IMMEDIATE_MAX + 1>(parts[NFTA_EXPR_DATA]);
    const auto value = parse_nest<NFTA_DATA_MAX + 1>(data[NFTA_IMMEDIATE_DATA]);
    const auto verdict = parse_nest<NFTA_VERDICT_MAX + 1>(value[NFTA_DATA_VERDICT]);
    return text_of(verdict[NFTA_VERDICT_CHAIN]);
}

// Of a rule's user data: entries of a type, a length and so many bytes.
std::string comment_of(const nlattr* data) {
    constexpr std::uint8_t kComment = 0;
    if (data == nullptr) {
        return {};
    }
    std::string_view rest(static_cast<const char*>(nla_data(data)),
                          static_cast<std::size_t>(nla_len(data)));
    while (rest.size() >= 2) {
        const auto type = static_cast<std::uint8_t>(rest[0]);
        const std::size_t size = static_cast<std::uint8_t>(rest[1]);
        const auto value = rest.substr(2, size);
        if (type == kComment) {
            return std::string(value.substr(0, value.find('\0')));
        }
        rest.remove_prefix(2 + value.size());
    }
    return {};
}

}  // namespace

std::uint32_t generation(Socket& socket) {
    auto message = message_of(NFT_MSG_GETGEN);
    std::uint32_t found = 0;
    (void)socket.get(message, "read nftables' generation", [&](const nlmsghdr& reply) {
        found = be32_of(parse<NFTA_GEN_MAX + 1>(reply, sizeof(nfgenmsg))[NFTA_GEN_ID]);
    });
    return found;
}

bool has_table(Socket& socket, const std::string& table) {
    auto message = message_of(NFT_MSG_GETTABLE);
    message.text(NFTA_TABLE_NAME, table);
    return socket.get(message, "look for nftables table " + table, [](const nlmsghdr&) {});
}

std::map<std::string, std::uint32_t> chains(Socket& socket, const std::string& table) {
    auto message = message_of(NFT_MSG_GETCHAIN);
    std::map<std::string, std::uint32_t> found;
    dump(
        socket, message, "list the chains of nftables table " + table, [&] { found.clear(); },
        [&](const nlmsghdr& entry) {
            const auto parts = parse<NFTA_CHAIN_MAX + 1>(entry, sizeof(nfgenmsg));
            if (is_of(entry) && text_of(parts[NFTA_CHAIN_TABLE]) == table) {
                found[text_of(parts[NFTA_CHAIN_NAME])] = be32_of(parts[NFTA_CHAIN_USE]);
            }
        });
    return found;
}

std::set<std::string> sets(Socket& socket, const std::string& table) {
    auto message = message_of(NFT_MSG_GETSET);
    message.text(NFTA_SET_TABLE, table);
    std::set<std::string> found;
    dump(
        socket, message, "list the sets of nftables table " + table, [&] { found.clear(); },
        [&](const nlmsghdr& entry) {
            const auto parts = parse<NFTA_SET_MAX + 1>(entry, sizeof(nfgenmsg));
            if (is_of(entry) && text_of(parts[NFTA_SET_TABLE]) == table) {
                found.insert(text_of(parts[NFTA_SET_NAME]));
            }
        });
    return found;
}

std::vector<Element> elements(Socket& socket, const std::string& table, const std::string& set) {
    auto message = message_of(NFT_MSG_GETSETELEM);
    message.text(NFTA_SET_ELEM_LIST_TABLE, table);
    message.text(NFTA_SET_ELEM_LIST_SET, set);
    std::vector<Element> found;
    const auto collect = [&](const nlmsghdr& entry) {
        const auto parts = parse<NFTA_SET_ELEM_LIST_MAX + 1>(entry, sizeof(nfgenmsg));
        auto* const list = parts[NFTA_SET_ELEM_LIST_ELEMENTS];
        if (list == nullptr) {
            return;
        }
        int rest = nla_len(list);
        for (auto* item = static_cast<nlattr*>(nla_data(list)); nla_ok(item, rest) != 0;
             item = nla_next(item, &rest)) {
            const auto element = parse_nest<NFTA_SET_ELEM_MAX + 1>(item);
            const auto key = parse_nest<NFTA_DATA_MAX + 1>(element[NFTA_SET_ELEM_KEY]);
            if (const auto* const value = key[NFTA_DATA_VALUE]; value != nullptr) {
                const auto* const bytes = static_cast<const std::uint8_t*>(nla_data(value));
                const auto flags = be32_of(element[NFTA_SET_ELEM_FLAGS]);
                found.push_back({{bytes, bytes + nla_len(value)},
                                 (flags & NFT_SET_ELEM_INTERVAL_END) != 0,
                                 std::nullopt});
            }
        }
    };
    dump(
        socket, message, "list nftables set " + table + " " + set, [&] { found.clear(); }, collect);
    return found;
}

std::set<std::string> link_names(Socket& socket, const std::string& table, const std::string& set) {
    std::set<std::string> found;
    for (const auto& element : elements(socket, table, set)) {
        const auto& key = element.key;
        found.emplace(key.begin(), std::find(key.begin(), key.end(), 0));
    }
    return found;
}

std::optional<std::uint64_t> counter(Socket& socket, const std::string& table,
                                     const std::string& name) {
    auto message = message_of(NFT_MSG_GETOBJ);
    message.text(NFTA_OBJ_TABLE, table);
    message.text(NFTA_OBJ_NAME, name);
    message.be32(NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
    std::optional<std::uint64_t> found;
    (void)socket.get(message, "read nftables counter " + table + " " + name,
                     [&](const nlmsghdr& reply) {
                         const auto parts = parse<NFTA_OBJ_MAX + 1>(reply, sizeof(nfgenmsg));
                         const auto data = parse_nest<NFTA_COUNTER_MAX + 1>(parts[NFTA_OBJ_DATA]);
                         if (data[NFTA_COUNTER_PACKETS] != nullptr) {
                             found = be64toh(nla_get_u64(data[NFTA_COUNTER_PACKETS]));
                         }
                     });
    return found;
}

namespace {

using RulesOf = std::map<std::string, std::vector<RuleFacts>>;

// Of one chain, or of all if it is not named.
RulesOf list_rules(Socket& socket, const std::string& table, const std::string& chain) {
    auto message = message_of(NFT_MSG_GETRULE);
    message.text(NFTA_RULE_TABLE, table);
    if (!chain.empty()) {
        message.text(NFTA_RULE_CHAIN, chain);
    }
    RulesOf found;
    const auto collect = [&](const nlmsghdr& entry) {
        const auto parts = parse<NFTA_RULE_MAX + 1>(entry, sizeof(nfgenmsg));
        const auto of = text_of(parts[NFTA_RULE_CHAIN]);
        if (!is_of(entry) || text_of(parts[NFTA_RULE_TABLE]) != table ||
            (!chain.empty() && of != chain)) {
            return;
        }
        auto& rule = found[of].emplace_back();
        rule.comment = comment_of(parts[NFTA_RULE_USERDATA]);
        auto* const list = parts[NFTA_RULE_EXPRESSIONS];
        if (list == nullptr) {
            return;
        }
        int rest = nla_len(list);
        for (auto* item = static_cast<nlattr*>(nla_data(list)); nla_ok(item, rest) != 0;
             item = nla_next(item, &rest)) {
            if (const auto named = target_of(item); !named.empty()) {
                rule.target = named;
            }
        }
    };
    dump(
        socket, message, "list the rules of nftables " + table + " " + chain,
        [&] { found.clear(); }, collect);
    return found;
}

}  // namespace

std::vector<RuleFacts> rules(Socket& socket, const std::string& table, const std::string& chain) {
    return list_rules(socket, table, chain)[chain];
}

std::map<std::string, std::vector<RuleFacts>> rules(Socket& socket, const std::string& table) {
    return list_rules(socket, table, {});
}

}  // namespace terway::netlink::nft
