#include "netlink/tc_action.hpp"

#include <linux/pkt_cls.h>
#include <linux/tc_act/tc_mirred.h>
#include <linux/tc_act/tc_skbedit.h>
#include <linux/tc_act/tc_tunnel_key.h>

#include "netlink/parse.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

constexpr std::uint16_t kToThisHost = 0;  // PACKET_HOST

Action read_action(nlattr* nest) {
    const auto attributes = parse_nest<TCA_ACT_MAX + 1>(nest);
    const std::string kind = attributes[TCA_ACT_KIND] != nullptr
                                 ? nla_get_string(attributes[TCA_ACT_KIND])
                                 : std::string();
    auto* const options = attributes[TCA_ACT_OPTIONS];
    if (kind == "tunnel_key") {
        const auto given = parse_nest<TCA_TUNNEL_KEY_MAX + 1>(options);
        const auto parameters = struct_of<tc_tunnel_key>(given[TCA_TUNNEL_KEY_PARMS]);
        if (parameters.t_action == TCA_TUNNEL_KEY_ACT_RELEASE) {
            return {Action::Kind::ForgetRoute};
        }
    } else if (kind == "skbedit") {
        const auto given = parse_nest<TCA_SKBEDIT_MAX + 1>(options);
        if (given[TCA_SKBEDIT_PTYPE] != nullptr &&
            nla_get_u16(given[TCA_SKBEDIT_PTYPE]) == kToThisHost) {
            return {Action::Kind::ToHost};
        }
        const auto then = struct_of<tc_skbedit>(given[TCA_SKBEDIT_PARMS]).action;
        if (given[TCA_SKBEDIT_PRIORITY] != nullptr && then == TC_ACT_UNSPEC) {
            return {Action::Kind::SetPriority, 0, nla_get_u32(given[TCA_SKBEDIT_PRIORITY])};
        }
    } else if (kind == "mirred") {
        const auto given = parse_nest<TCA_MIRRED_MAX + 1>(options);
        const auto parameters = struct_of<tc_mirred>(given[TCA_MIRRED_PARMS]);
        if (parameters.eaction == TCA_INGRESS_REDIR) {
            return {Action::Kind::RedirectIngress, parameters.ifindex};
        }
        if (parameters.eaction == TCA_EGRESS_REDIR) {
            return {Action::Kind::RedirectEgress, parameters.ifindex};
        }
    }
    return {};
}

std::string tag_of(nlattr* nest) {
    const auto* cookie = parse_nest<TCA_ACT_MAX + 1>(nest)[TCA_ACT_COOKIE];
    return cookie == nullptr ? std::string()
                             : std::string(static_cast<const char*>(nla_data(cookie)),
                                           static_cast<std::size_t>(nla_len(cookie)));
}

void put_one(Message& message, const Action& action) {
    switch (action.kind) {
        case Action::Kind::ForgetRoute: {
            tc_tunnel_key parameters{};
            parameters.action = TC_ACT_PIPE;
            parameters.t_action = TCA_TUNNEL_KEY_ACT_RELEASE;
            message.text(TCA_ACT_KIND, "tunnel_key");
            message.nest(TCA_ACT_OPTIONS, [&] {
                message.put(TCA_TUNNEL_KEY_PARMS, &parameters, sizeof parameters);
            });
            return;
        }
        case Action::Kind::ToHost: {
            tc_skbedit parameters{};
            parameters.action = TC_ACT_PIPE;
            message.text(TCA_ACT_KIND, "skbedit");
            message.nest(TCA_ACT_OPTIONS, [&] {
                message.put(TCA_SKBEDIT_PARMS, &parameters, sizeof parameters);
                message.u16(TCA_SKBEDIT_PTYPE, kToThisHost);
            });
            return;
        }
        case Action::Kind::RedirectIngress:
        case Action::Kind::RedirectEgress: {
            tc_mirred parameters{};
            parameters.action = TC_ACT_STOLEN;
            parameters.eaction =
                action.kind == Action::Kind::RedirectIngress ? TCA_INGRESS_REDIR : TCA_EGRESS_REDIR;
            parameters.ifindex = action.ifindex;
            message.text(TCA_ACT_KIND, "mirred");
            message.nest(TCA_ACT_OPTIONS,
                         [&] { message.put(TCA_MIRRED_PARMS, &parameters, sizeof parameters); });
            return;
        }
        case Action::Kind::SetPriority: {
            tc_skbedit parameters{};
            parameters.action = TC_ACT_UNSPEC;
            message.text(TCA_ACT_KIND, "skbedit");
            message.nest(TCA_ACT_OPTIONS, [&] {
                message.put(TCA_SKBEDIT_PARMS, &parameters, sizeof parameters);
                message.u32(TCA_SKBEDIT_PRIORITY, action.priority);
            });
            return;
        }
        case Action::Kind::Other:
            break;
    }
    throw Error(Status::Invalid, "a filter's action without a kind");
}

}  // namespace

void put_actions(Message& message, int attribute, const std::vector<Action>& actions) {
    message.nest(attribute, [&] {
        int position = 0;
        for (const auto& action : actions) {
            message.nest(++position, [&] {
                put_one(message, action);
                if (!action.tag.empty()) {
                    message.put(TCA_ACT_COOKIE, action.tag.data(), action.tag.size());
                }
            });
        }
    });
}

std::vector<Action> actions_of(nlattr* nest) {
    std::vector<Action> actions;
    for (auto* const action : parse_nest<TCA_ACT_MAX_PRIO + 1>(nest)) {
        if (action != nullptr) {
            actions.push_back(read_action(action));
            actions.back().tag = tag_of(action);
        }
    }
    return actions;
}

}  // namespace terway::netlink
