#include "netlink/nft_watch.hpp"

#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "netlink/nfnetlink.hpp"
#include "netlink/parse.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

std::uint64_t handle_of(const nlattr* attribute) {
    return be64toh(struct_of<std::uint64_t>(attribute));
}

}  // namespace

NftWatch::NftWatch(std::string prefix) : prefix_(std::move(prefix)), socket_(NETLINK_NETFILTER) {}

bool NftWatch::has_changed() {
    auto message = nfnetlink_message(nft_type(NFT_MSG_GETGEN), NFPROTO_UNSPEC);
    std::uint32_t found = 0;
    try {
        (void)socket_.get(message, "read nftables' generation", [&](const nlmsghdr& reply) {
            found = u32_or(parse<NFTA_GEN_MAX + 1>(reply, sizeof(nfgenmsg))[NFTA_GEN_ID], 0);
        });
    } catch (const Error& error) {
        if (error.sys_errno() == EINVAL || error.sys_errno() == EOPNOTSUPP) {
            return false;  // the kernel has no nftables
        }
        throw;
    }
    return std::exchange(generation_, found) != found;
}

NftWatch::Tables NftWatch::look() {
    Tables tables;
    auto list = nfnetlink_message(nft_type(NFT_MSG_GETTABLE), NFPROTO_UNSPEC);
    socket_.dump(
        list, "list the tables of nftables", [&] { tables.clear(); },
        [&](const nlmsghdr& entry) {
            const auto parts = parse<NFTA_TABLE_MAX + 1>(entry, sizeof(nfgenmsg));
            const auto* const name = parts[NFTA_TABLE_NAME];
            if (name != nullptr && std::string_view(nla_get_string(name)).starts_with(prefix_)) {
                tables[handle_of(parts[NFTA_TABLE_HANDLE])] = {
                    nla_get_string(name),
                    static_cast<const nfgenmsg*>(nlmsg_data(&entry))->nfgen_family,
                    {}};
            }
        });
    for (auto& [_, table] : tables) {
        auto message = nfnetlink_message(nft_type(NFT_MSG_GETRULE), table.family);
        message.text(NFTA_RULE_TABLE, table.name);
        auto& rules = table.rules;
        socket_.dump(
            message, "list the rules of nftables table " + table.name, [&] { rules.clear(); },
            [&](const nlmsghdr& entry) {
                const auto parts = parse<NFTA_RULE_MAX + 1>(entry, sizeof(nfgenmsg));
                if (parts[NFTA_RULE_CHAIN] != nullptr) {
                    rules[nla_get_string(parts[NFTA_RULE_CHAIN])].push_back(
                        handle_of(parts[NFTA_RULE_HANDLE]));
                }
            });
        for (auto& chain : rules) {
            std::sort(chain.second.begin(), chain.second.end());
        }
    }
    return tables;
}

bool NftWatch::differ(const Table& before, const Table& now) {
    return std::any_of(before.rules.begin(), before.rules.end(), [&](const auto& chain) {
        const auto still = now.rules.find(chain.first);
        return still == now.rules.end() || still->second != chain.second;
    });
}

std::vector<std::string> NftWatch::tampered() {
    const auto before = generation_;
    if (!has_changed()) {
        return {};
    }
    Tables now;
    try {
        now = look();
    } catch (const Error&) {
        generation_ = before;
        throw;
    }
    std::vector<std::string> names;
    for (const auto& [handle, table] : known_) {
        const auto still = now.find(handle);
        if (still == now.end() || differ(table, still->second)) {
            names.push_back(table.name);
        }
    }
    known_ = std::move(now);
    return names;
}

}  // namespace terway::netlink
