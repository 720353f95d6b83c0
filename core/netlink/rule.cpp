#include "netlink/rule.hpp"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "netlink/parse.hpp"

namespace terway::netlink {
namespace {

Message rule_message(int type, int flags, const Rule& rule) {
    Message message(type, flags);
    fib_rule_hdr header{};
    header.family = af(rule.family);
    header.action = FR_ACT_TO_TBL;
    header.src_len = rule.source ? rule.source->length() : std::uint8_t{0};
    header.dst_len = rule.destination ? rule.destination->length() : std::uint8_t{0};
    message.header(header);
    if (rule.source) {
        message.put(FRA_SRC, rule.source->address().bytes());
    }
    if (rule.destination) {
        message.put(FRA_DST, rule.destination->address().bytes());
    }
    if (!rule.iif.empty()) {
        message.text(FRA_IIFNAME, rule.iif);
    }
    if (rule.mask != 0) {
        message.u32(FRA_FWMARK, rule.mark);
        message.u32(FRA_FWMASK, rule.mask);
    }
    if (rule.table != 0) {
        message.u32(FRA_TABLE, rule.table);
    }
    message.u32(FRA_PRIORITY, rule.priority);
    return message;
}

std::string text(const Rule& rule) {
    std::string out = "rule " + std::to_string(rule.priority);
    if (rule.source) {
        out += " from " + rule.source->text();
    }
    if (rule.destination) {
        out += " to " + rule.destination->text();
    }
    return rule.table == 0 ? out : out + " lookup " + std::to_string(rule.table);
}

}  // namespace

bool ensure_rule(Socket& socket, const Rule& rule) {
    auto message = rule_message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
    return socket.request_tolerating(message, "add " + text(rule), {EEXIST}) == 0;
}

bool remove_rule(Socket& socket, const Rule& rule) {
    auto message = rule_message(RTM_DELRULE, 0, rule);
    return socket.request_tolerating(message, "remove " + text(rule), {ENOENT, ESRCH}) == 0;
}

std::vector<Rule> rules(Socket& socket, Family family) {
    Message message(RTM_GETRULE);
    fib_rule_hdr header{};
    header.family = af(family);
    message.header(header);
    std::vector<Rule> all;
    socket.dump(
        message, "list rules", [&] { all.clear(); },
        [&](const nlmsghdr& entry) {
            const auto* found = static_cast<const fib_rule_hdr*>(nlmsg_data(&entry));
            if (found->action != FR_ACT_TO_TBL) {
                return;
            }
            const auto attributes = parse<FRA_MAX + 1>(entry, sizeof(fib_rule_hdr));
            Rule rule;
            rule.family = family;
            rule.priority = u32_or(attributes[FRA_PRIORITY], 0);
            rule.table = u32_or(attributes[FRA_TABLE], found->table);
            rule.mark = u32_or(attributes[FRA_FWMARK], 0);
            rule.mask = u32_or(attributes[FRA_FWMASK], 0);
            if (const auto source = address_of(found->family, attributes[FRA_SRC])) {
                rule.source = Prefix(*source, found->src_len);
            }
            if (const auto destination = address_of(found->family, attributes[FRA_DST])) {
                rule.destination = Prefix(*destination, found->dst_len);
            }
            if (attributes[FRA_IIFNAME] != nullptr) {
                rule.iif = nla_get_string(attributes[FRA_IIFNAME]);
            }
            all.push_back(std::move(rule));
        });
    return all;
}

}  // namespace terway::netlink
