#include "hook.hpp"

#include <linux/if_ether.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "terway/error.hpp"

namespace terway::policy_bpf {
namespace {

using netlink::Filter;
using netlink::Hook;
using netlink::Socket;

constexpr std::uint32_t kHandle = 1;
constexpr std::string_view kName = "terway-policy";
constexpr std::string_view kHookedName = "terway-policy hooked";  // on a clsact that we made
constexpr std::array kHooks{Hook::Ingress, Hook::Egress};

bool is_ours(const Filter& filter) {
    return filter.kind == "bpf" && filter.priority == kPriority && filter.program &&
           filter.program->name.starts_with(kName);
}
bool says_hooked(const Filter& filter) {
    return filter.program->name == kHookedName;
}

// A link's ingress is what it receives: from the pod at the host's end, to the pod inside.
const State::Program& program_of(const State& state, const Place& place, Hook hook) {
    return (hook == Hook::Ingress) == place.is_inside ? state.to_pod() : state.from_pod();
}

std::uint32_t class_of(const Place& place) {
    return POLICY_CLASS | (place.is_inside ? POLICY_INSIDE : 0U) | place.index;
}

Filter filter_of(const State& state, const Place& place, Hook hook, std::string_view name) {
    const auto& program = program_of(state, place, hook);
    Filter filter;
    filter.hook = hook;
    filter.priority = kPriority;
    filter.protocol = ETH_P_ALL;
    filter.handle = kHandle;
    filter.kind = "bpf";
    filter.flow = class_of(place);
    filter.program = netlink::Program{program.fd, program.id, std::string(name)};
    return filter;
}

std::optional<Filter> find(Socket& socket, std::uint32_t ifindex, Hook hook) {
    for (const auto& filter : netlink::filters(socket, ifindex, hook)) {
        if (is_ours(filter)) {
            return filter;
        }
    }
    return std::nullopt;
}

bool is_late(Socket& socket, std::uint32_t ifindex, Hook hook) {
    const auto all = netlink::filters(socket, ifindex, hook);
    return std::any_of(all.begin(), all.end(), [](const Filter& filter) {
        return filter.priority < kPriority && !is_ours(filter);
    });
}

bool is_empty(Socket& socket, std::uint32_t ifindex) {
    return std::all_of(kHooks.begin(), kHooks.end(),
                       [&](Hook hook) { return netlink::filters(socket, ifindex, hook).empty(); });
}

}  // namespace

Hooked look(Socket& socket, const Place& place, const State& state) {
    auto all = Hooked::Yes;
    for (const auto hook : kHooks) {
        const auto found = find(socket, place.ifindex, hook);
        if (!found) {
            return Hooked::No;
        }
        const auto kinship = state.compare(found->program->id, program_of(state, place, hook));
        if (kinship == State::Kinship::Stranger) {
            all = Hooked::Foreign;
        } else if (found->flow != class_of(place)) {
            return Hooked::No;
        } else if (kinship == State::Kinship::Cousin && all != Hooked::Foreign) {
            all = Hooked::Older;
        } else if (all == Hooked::Yes && is_late(socket, place.ifindex, hook)) {
            all = Hooked::Late;
        }
    }
    return all;
}

void put(Socket& socket, const Place& place, const State& state) {
    try {
        const bool made = netlink::ensure_clsact(socket, place.ifindex);
        for (const auto hook : kHooks) {
            const auto before = made ? std::nullopt : find(socket, place.ifindex, hook);
            const bool hooked = made || (before && says_hooked(*before));
            netlink::set_filter(socket, place.ifindex,
                                filter_of(state, place, hook, hooked ? kHookedName : kName));
        }
    } catch (const Error&) {
        // Whatever was made before the first filter nothing remembers.
        if (is_empty(socket, place.ifindex)) {
            (void)netlink::remove_clsact(socket, place.ifindex);
        }
        throw;
    }
}

void take(Socket& socket, std::uint32_t ifindex) {
    std::vector<Filter> ours;
    bool hooked = false;
    bool is_shared = false;
    for (const auto hook : kHooks) {
        for (auto& filter : netlink::filters(socket, ifindex, hook)) {
            if (is_ours(filter)) {
                hooked = hooked || says_hooked(filter);
                ours.push_back(std::move(filter));
            } else {
                is_shared = true;
            }
        }
    }
    if (hooked && !is_shared) {  // in one go, for without filters nothing says whose it is
        (void)netlink::remove_clsact(socket, ifindex);
        return;
    }
    for (auto& filter : ours) {
        filter.handle = 0;  // alone it would leave the empty table of its priority
        (void)netlink::remove_filter(socket, ifindex, filter);
    }
}

}  // namespace terway::policy_bpf
