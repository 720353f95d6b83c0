#include "netlink/ruleset.hpp"

#include <netinet/in.h>
#include <nftables/libnftables.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <array>
#include <cerrno>
#include <memory>
#include <sstream>
#include <utility>

#include "netlink/nfnetlink.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

void run(const std::string& table, const std::string& commands, bool tolerate_missing) {
    const std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> context(nft_ctx_new(NFT_CTX_DEFAULT),
                                                               nft_ctx_free);
    if (!context || nft_ctx_buffer_error(context.get()) != 0 ||
        nft_ctx_buffer_output(context.get()) != 0) {
        throw system_error("prepare libnftables", ENOMEM);
    }
    if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) == 0) {
        return;
    }
    std::string reason = nft_ctx_get_error_buffer(context.get());
    if (tolerate_missing && reason.find("No such file or directory") != std::string::npos) {
        return;
    }
    reason = reason.substr(0, reason.find('\n'));
    throw Error(Status::Internal, "nftables table " + table + ": " + reason);
}

std::size_t rules_in_kernel(Socket& nft, std::uint8_t family, const std::string& table) {
    auto message = nfnetlink_message(nft_type(NFT_MSG_GETRULE), family);
    message.text(NFTA_RULE_TABLE, table);
    std::size_t found = 0;
    nft.dump(
        message, "list the rules of nftables table " + table, [&] { found = 0; },
        [&](const nlmsghdr& entry) {
            std::array<nlattr*, NFTA_RULE_MAX + 1> attributes{};
            nlmsg_parse(const_cast<nlmsghdr*>(&entry), sizeof(nfgenmsg), attributes.data(),
                        NFTA_RULE_MAX, nullptr);
            const auto* name = attributes[NFTA_RULE_TABLE];
            if (name != nullptr && nla_get_string(name) == table) {
                ++found;
            }
        });
    return found;
}

}  // namespace

void load_ruleset(const std::string& table, const std::string& commands) {
    run(table, commands, false);
}

void unload_ruleset(const std::string& table, const std::string& command) {
    run(table, command, true);
}

std::size_t rules_in_text(const std::string& commands, const std::string& family) {
    std::size_t count = 0;
    std::istringstream lines(commands);
    for (std::string line; std::getline(lines, line);) {
        count += line.rfind("add rule " + family + " ", 0) == 0 ? 1U : 0U;
    }
    return count;
}

void verify_ruleset(Socket& nft, const std::string& table, const std::string& commands) {
    for (const auto& [family, word] :
         {std::pair<std::uint8_t, const char*>{NFPROTO_INET, "inet"}, {NFPROTO_ARP, "arp"}}) {
        const auto expected = rules_in_text(commands, word);
        const auto found = rules_in_kernel(nft, family, table);
        if (found != expected) {
            throw Error(Status::Internal, "nftables table " + std::string(word) + " " + table +
                                              " has " + std::to_string(found) + " rules, not " +
                                              std::to_string(expected));
        }
    }
}

}  // namespace terway::netlink
