#include "hook.hpp"

#include <algorithm>

#include "plan.hpp"
#include "shape.hpp"

namespace terway::bandwidth_tc {

using netlink::Filter;
using netlink::Hook;
using netlink::Socket;

bool says_hooked(const Filter& filter) {
    const bool ours = (filter.kind == "u32" && filter.priority == priority_of(filter.hook)) ||
                      (filter.kind == "bpf" && filter.priority == kProgramPriority);
    return ours && filter.flow == kHookedFlow;
}

bool has_clsact(Socket& socket, std::uint32_t link) {
    const auto found = netlink::find_qdisc(socket, link, netlink::kHook);
    return found && (found->kind == "clsact" || found->kind == "ingress");
}

bool is_hooked(Socket& socket, std::uint32_t link) {
    if (!has_clsact(socket, link)) {
        return true;
    }
    for (const auto hook : {Hook::Ingress, Hook::Egress}) {
        const auto all = netlink::filters(socket, link, hook);
        if (std::any_of(all.begin(), all.end(),
                        [](const Filter& filter) { return says_hooked(filter); })) {
            return true;
        }
    }
    const auto root = netlink::find_qdisc(socket, link, netlink::kRoot);
    return root && says_hooked(root->handle);
}

void leave_hook(Socket& socket, std::uint32_t link, const std::function<bool(const Filter&)>& meant,
                bool hooked) {
    bool used = false;
    for (const auto hook : {Hook::Ingress, Hook::Egress}) {
        for (auto filter : netlink::filters(socket, link, hook)) {
            if (meant(filter)) {
                hooked = hooked || says_hooked(filter);
                filter.handle = 0;  // alone it would leave the empty table of its priority
                (void)netlink::remove_filter(socket, link, filter);
            } else {
                used = true;
            }
        }
    }
    if (hooked && !used) {
        (void)netlink::remove_clsact(socket, link);
    }
}

}  // namespace terway::bandwidth_tc
