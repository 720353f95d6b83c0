#include "detour.hpp"

#include <linux/if_ether.h>

#include <algorithm>

#include "hook.hpp"
#include "netlink/difference.hpp"
#include "netlink/ifb.hpp"
#include "netlink/tc.hpp"
#include "shaper.hpp"
#include "terway/error.hpp"

namespace terway::bandwidth_tc {
namespace {

using netlink::Action;
using netlink::Filter;
using netlink::Hook;
using netlink::Link;
using netlink::Socket;

constexpr const char* kMatch = "u32";

Filter filter_to(std::uint32_t ifb, Hook hook, bool hooked) {
    Filter filter;
    filter.hook = hook;
    filter.priority = priority_of(hook);
    filter.protocol = ETH_P_ALL;
    filter.kind = kMatch;
    filter.actions = {{Action::Kind::RedirectEgress, ifb}};
    filter.flow = hooked ? kHookedFlow : 0;
    return filter;
}

// The link a filter of ours leads to, 0 for one that is gone; none for another's.
std::optional<std::uint32_t> target_of(const Filter& filter) {
    const bool ours = filter.priority == priority_of(filter.hook) && filter.kind == kMatch &&
                      filter.actions.size() == 1 &&
                      filter.actions[0].kind == Action::Kind::RedirectEgress;
    return ours ? std::optional(filter.actions[0].ifindex) : std::nullopt;
}

// Or nowhere: the ifb it led to is gone.
bool leads_to(const Filter& filter, const std::vector<Link>& ifbs) {
    const auto target = target_of(filter);
    return target && (*target == 0 || std::any_of(ifbs.begin(), ifbs.end(), [&](const Link& ifb) {
               return ifb.index == *target;
           }));
}

// The filter alone would leave its empty table.
void remove_all_like(Socket& socket, std::uint32_t link, Filter filter) {
    filter.handle = 0;
    (void)netlink::remove_filter(socket, link, filter);
}

bool is_ours(const Link& link) {
    return link.kind == "ifb" && link.group == kLinkGroup;
}

Link make_ifb(Socket& socket, const std::string& name, const std::function<void()>& make_room) {
    auto link = netlink::find_link(socket, name);
    if (link && link->group == TWY_RETIRED_LINK_GROUP) {
        make_room();
        (void)netlink::remove_link(socket, link->index);
        link = netlink::find_link(socket, name);
    }
    if (!link) {
        netlink::create_ifb(socket, name, kLinkGroup);
        link = netlink::find_link(socket, name);
    }
    if (!link || !is_ours(*link)) {
        throw Error(Status::Internal, "link " + name + " is not ours, its name is needed");
    }
    return *link;
}

// Names the links that are about to get a clsact.
Alias alias_for(Socket& socket, const Lane& lane, const std::string& endpoint, const Link& ifb) {
    Alias alias{endpoint, {}};
    const auto former = Alias::parse(ifb.alias);
    for (const auto link : lane.links) {
        if (former.has(link) || is_hooked(socket, link)) {
            alias.hooked.push_back(link);
        }
    }
    return alias;
}

void ensure_filter(Socket& socket, std::uint32_t link, const Filter& wanted) {
    const auto all = netlink::filters(socket, link, wanted.hook);
    if (std::any_of(all.begin(), all.end(),
                    [&](const Filter& each) { return each.same_as(wanted); })) {
        return;
    }
    if (std::any_of(all.begin(), all.end(), target_of)) {
        remove_all_like(socket, link, wanted);
    }
    netlink::add_filter(socket, link, wanted);
}

}  // namespace

std::optional<Link> find_ifb(Socket& socket, const std::string& name, const std::string& endpoint) {
    auto link = netlink::find_link(socket, name);
    if (!link || !is_ours(*link)) {
        return std::nullopt;
    }
    const auto owner = Alias::parse(link->alias).endpoint;
    return owner.empty() || owner == endpoint ? link : std::nullopt;
}

void ensure_detour(Socket& socket, const Lane& lane, const std::string& endpoint,
                   const std::function<void()>& make_room) {
    const auto ifb = make_ifb(socket, lane.ifb, make_room);
    const auto alias = alias_for(socket, lane, endpoint, ifb);
    if (ifb.alias != alias.text()) {
        netlink::change_link(socket, ifb.index,
                             {.alias = alias.text(), .no_ipv6_link_local = true});
    }
    ensure_shaper(socket, lane.shape.value(), ifb.index);
    if (!ifb.up) {
        netlink::change_link(socket, ifb.index, {.up = true});
    }
    for (const auto link : lane.links) {
        (void)netlink::ensure_clsact(socket, link);
        ensure_filter(socket, link, filter_to(ifb.index, lane.hook, alias.has(link)));
    }
}

void check_detour(Socket& socket, const Lane& lane, const std::string& endpoint) {
    const auto ifb = find_ifb(socket, lane.ifb, endpoint);
    if (!ifb) {
        netlink::differs("link " + lane.ifb + " of the limit does not exist");
    }
    if (!ifb->up) {
        netlink::differs("link " + lane.ifb + " of the limit is down");
    }
    check_shaper(socket, lane.shape.value(), ifb->index, lane.ifb);
    for (const auto link : lane.links) {
        const auto all = netlink::filters(socket, link, lane.hook);
        if (std::none_of(all.begin(), all.end(),
                         [&](const Filter& each) { return target_of(each) == ifb->index; })) {
            netlink::differs("no filter of link " + std::to_string(link) + " leads to " + lane.ifb);
        }
    }
}

void leave_detour(Socket& socket, std::uint32_t link, const std::vector<Link>& ifbs) {
    leave_hook(
        socket, link, [&](const Filter& filter) { return leads_to(filter, ifbs); },
        std::any_of(ifbs.begin(), ifbs.end(),
                    [&](const Link& ifb) { return Alias::parse(ifb.alias).has(link); }));
}

}  // namespace terway::bandwidth_tc
