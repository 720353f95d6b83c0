#include "former.hpp"

#include <nftables/libnftables.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <set>
#include <vector>

#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/rule.hpp"
#include "plan.hpp"
#include "terway/error.hpp"

namespace terway::veth {
namespace {

using netlink::Socket;

constexpr Family kFamilies[] = {Family::V4, Family::V6};

// Empty if there is no such chain.
std::string listing(const std::string& chain) {
    const std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> context(nft_ctx_new(NFT_CTX_DEFAULT),
                                                               nft_ctx_free);
    if (!context || nft_ctx_buffer_error(context.get()) != 0 ||
        nft_ctx_buffer_output(context.get()) != 0) {
        throw system_error("prepare libnftables", ENOMEM);
    }
    const auto command = "list chain inet terway-veth " + chain;
    if (nft_run_cmd_from_buffer(context.get(), command.c_str()) == 0) {
        return nft_ctx_get_output_buffer(context.get());
    }
    const std::string reason = nft_ctx_get_error_buffer(context.get());
    if (reason.find("No such file or directory") != std::string::npos) {
        return {};
    }
    throw Error(Status::Internal, command + ": " + reason.substr(0, reason.find('\n')));
}

std::set<Prefix> on_enis(Socket& socket, Family family) {
    std::set<Prefix> all;
    for (const auto& rule : netlink::rules(socket, family)) {
        if (rule.priority == kFromPodPriority && rule.source) {
            all.insert(*rule.source);
        }
    }
    return all;
}

bool has_pod_on_no_eni(Socket& socket, Family family) {
    const auto others = on_enis(socket, family);
    const auto routes = netlink::routes(socket, family);
    return std::any_of(routes.begin(), routes.end(), [&](const netlink::Route& route) {
        const auto& to = route.destination;
        if (to.length() != to.address().bits() || route.oif == 0 || others.contains(to)) {
            return false;
        }
        const auto link = netlink::find_link(socket, route.oif);
        return link && link->group == kLinkGroup;
    });
}

bool has_pod_on_eni(Socket& socket, Family family) {
    const auto all = netlink::rules(socket, family);
    return std::any_of(all.begin(), all.end(), [](const netlink::Rule& rule) {
        return rule.priority == kFromPodPriority && rule.table > kFirstEniTable;
    });
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t");
    return first == std::string::npos ? "" : text.substr(first);
}

// The statements two braces deep; a set may go over several lines.
std::vector<std::string> statements(const std::string& listing) {
    std::vector<std::string> all;
    std::string statement;
    int depth = 0;
    for (const char c : listing) {
        depth += c == '{' ? 1 : c == '}' ? -1 : 0;
        if (c != '\n') {
            statement += c;
        } else if (depth > 2) {
            statement += ' ';
        } else {
            all.push_back(trimmed(statement));
            statement.clear();
        }
    }
    return all;
}

}  // namespace

std::string masquerade_of_listing(const std::string& listing) {
    std::string rules;
    for (const auto& statement : statements(listing)) {
        if (statement.find(" masquerade") != std::string::npos) {
            rules += "add rule inet terway-veth postrouting " + statement + "\n";
        }
    }
    if (rules.empty()) {
        return {};
    }
    return "add chain inet terway-veth postrouting { type nat hook postrouting priority srcnat; }\n"
           "flush chain inet terway-veth postrouting\n" +
           rules;
}

std::string former_masquerade(Socket& socket) {
    const bool needed = std::any_of(std::begin(kFamilies), std::end(kFamilies), [&](Family family) {
        return has_pod_on_no_eni(socket, family);
    });
    return needed ? masquerade_of_listing(listing("postrouting")) : std::string();
}

bool former_rules(Socket& socket) {
    return std::any_of(std::begin(kFamilies), std::end(kFamilies), [&](Family family) {
        const auto all = netlink::rules(socket, family);
        return std::any_of(all.begin(), all.end(), [](const netlink::Rule& rule) {
            return rule.priority == kFromPodPriority || rule.priority == kToPodPriority;
        });
    });
}

bool former_marking(Socket& socket) {
    const bool needed = std::any_of(std::begin(kFamilies), std::end(kFamilies),
                                    [&](Family family) { return has_pod_on_eni(socket, family); });
    return needed && !listing("marking").empty();
}

}  // namespace terway::veth
