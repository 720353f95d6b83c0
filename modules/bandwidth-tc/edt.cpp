#include "edt.hpp"

#include <linux/if_ether.h>

#include <algorithm>

#include "base/time.hpp"
#include "edt_plan.hpp"
#include "hook.hpp"
#include "netlink/difference.hpp"
#include "netlink/tc.hpp"
#include "plan.hpp"
#include "program.hpp"

namespace terway::bandwidth_tc {
namespace {

using netlink::Filter;
using netlink::Hook;
using netlink::Qdisc;
using netlink::Socket;

constexpr const char* kName = "terway-edt";
constexpr std::uint32_t kHandle = 1;  // the same for ever, so that one replaces the other

bool is_program(const Filter& filter) {
    return filter.hook == Hook::Egress && filter.priority == kProgramPriority &&
           filter.kind == "bpf" && filter.program && filter.program->name == kName;
}

std::optional<Filter> find_filter(Socket& socket, std::uint32_t ifindex) {
    for (const auto& filter : netlink::filters(socket, ifindex, Hook::Egress)) {
        if (is_program(filter)) {
            return filter;
        }
    }
    return std::nullopt;
}

std::optional<LoadedProgram> program_of(const std::optional<Filter>& filter) {
    return filter ? read_program(filter->program->id) : std::nullopt;
}

std::uint64_t now() {
    return static_cast<std::uint64_t>(
        std::chrono::nanoseconds(Clock::now().time_since_epoch()).count());
}

bool same_root(const std::optional<Qdisc>& found, const Qdisc& wanted) {
    return found && found->handle == wanted.handle && found->kind == wanted.kind &&
           netlink::same_options(wanted.options, found->options);
}

void set_program(Socket& socket, std::uint32_t ifindex, const edt_limits& limits,
                 const std::optional<LoadedProgram>& former, bool hooked) {
    const auto loaded =
        load_program(limits, former ? taken_over(former->state, limits, now()) : edt_state{});
    Filter filter;
    filter.hook = Hook::Egress;
    filter.priority = kProgramPriority;
    filter.protocol = ETH_P_ALL;
    filter.handle = kHandle;
    filter.kind = "bpf";
    filter.flow = hooked ? kHookedFlow : 0;
    filter.program = netlink::Program{loaded.get(), 0, kName};
    netlink::set_filter(socket, ifindex, filter);
}

}  // namespace

void ensure_edt(Socket& socket, const Shape& shape, std::uint32_t ifindex) {
    const bool hooked = is_hooked(socket, ifindex);
    const auto root = edt_root(shape, ifindex, hooked);
    if (!same_root(netlink::find_qdisc(socket, ifindex, netlink::kRoot), root)) {
        netlink::set_qdisc(socket, root);
    }
    (void)netlink::ensure_clsact(socket, ifindex);
    const auto limits = limits_of(shape);
    const auto filter = find_filter(socket, ifindex);
    const auto former = program_of(filter);
    if (!former || !same_limits(former->limits, limits) || says_hooked(*filter) != hooked) {
        set_program(socket, ifindex, limits, former, hooked);
    }
}

void check_edt(Socket& socket, const Shape& shape, std::uint32_t ifindex, const std::string& link) {
    const auto found = netlink::find_qdisc(socket, ifindex, netlink::kRoot);
    const auto wanted = edt_root(shape, ifindex, found && says_hooked(found->handle));
    if (!found || found->handle != wanted.handle || found->kind != wanted.kind) {
        netlink::differs("link " + link + " has no qdisc fq of its limit");
    }
    const auto filter = find_filter(socket, ifindex);
    if (!filter) {
        netlink::differs("link " + link + " has no filter of its limit");
    }
    const auto program = program_of(filter);
    if (!program || !same_limits(program->limits, limits_of(shape))) {
        netlink::differs("the program of link " + link + " has another rate or size");
    }
    if (!same_root(found, wanted)) {
        netlink::differs("qdisc fq of link " + link + " has another size");
    }
}

void leave_edt(Socket& socket, std::uint32_t ifindex) {
    const auto root = netlink::find_qdisc(socket, ifindex, netlink::kRoot);
    leave_hook(socket, ifindex, is_program, root && says_hooked(root->handle));
}

bool has_edt(Socket& socket, std::uint32_t ifindex) {
    const auto root = netlink::find_qdisc(socket, ifindex, netlink::kRoot);
    return (root && is_edt(root->handle)) || find_filter(socket, ifindex);
}

netlink::Counters edt_counters(Socket& socket, const Qdisc& root) {
    auto counters = root.counters;
    if (const auto program = program_of(find_filter(socket, root.ifindex))) {
        counters.bytes = program->state.bytes;
        counters.packets = program->state.packets;
        counters.drops += program->state.drops;
        counters.waiting_bytes = waiting(program->state, program->limits, now());
    }
    return counters;
}

}  // namespace terway::bandwidth_tc
