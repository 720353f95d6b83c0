// Where an endpoint's limits are held, decided without touching the kernel. Pure.
//
// A link's queue holds what leaves by it. What comes in by a link has no queue, so it makes a
// detour through one: a filter redirects it to an ifb whose queue it is, and the ifb gives it back.
// Several links that share a limit make the same detour.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netlink/tc.hpp"
#include "shape.hpp"
#include "terway/types.hpp"

namespace terway::bandwidth_tc {

// Link group of our ifbs.
inline constexpr std::uint32_t kLinkGroup = 0x54575142;  // "TWQB"
// Of the filters that lead to them, after all that the kernel or policy chooses. Policy comes
// before, under smaller numbers, and lets what may pass go on to the next filter; what it drops is
// no part of the limit. u32 takes filters of one priority on both hooks of a link for the same, so
// each hook has its own.
[[nodiscard]] constexpr std::uint16_t priority_of(netlink::Hook hook) {
    return hook == netlink::Hook::Ingress ? 0xfff0 : 0xfff1;
}
// Of the program of mode "edt", on the egress hook; likewise after policy.
inline constexpr std::uint16_t kProgramPriority = 0xfff2;

enum class Place { Host, Pod };

// One direction.
struct Lane {
    Place place = Place::Host;
    std::optional<Shape> shape;                   // none: nothing is to be there
    std::vector<std::uint32_t> links;             // by which the packets come or go
    std::string ifb;                              // empty: the queue is that of the one link
    netlink::Hook hook = netlink::Hook::Ingress;  // where the detour begins
};

struct Plan {
    Lane ingress;  // towards the pod
    Lane egress;
};

[[nodiscard]] Plan plan(const sdk::EndpointView& endpoint, const twy_attachment& made, Means means);

// Names of an endpoint's ifbs, by what they are for; of the host's one, too.
struct IfbNames {
    std::string ingress;
    std::string egress;
};
[[nodiscard]] IfbNames ifb_names(const sdk::EndpointView& endpoint);

// What an ifb's alias says: whose it is, and which links got their clsact for its sake. It says so
// before they get it, so that one made and not told of is found.
struct Alias {
    std::string endpoint;
    std::vector<std::uint32_t> hooked;

    [[nodiscard]] bool has(std::uint32_t link) const;
    [[nodiscard]] std::string text() const;
    [[nodiscard]] static Alias parse(const std::string& text);
};
[[nodiscard]] std::string endpoint_name(const sdk::EndpointView& endpoint);

}  // namespace terway::bandwidth_tc
