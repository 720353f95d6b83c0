#include "shaper.hpp"

#include <variant>

#include "edt.hpp"
#include "netlink/difference.hpp"
#include "netlink/qdisc.hpp"

namespace terway::bandwidth_tc {
namespace {

using netlink::Qdisc;
using netlink::Socket;

bool same(const std::optional<Qdisc>& found, const Qdisc& wanted) {
    return found && found->handle == wanted.handle && found->kind == wanted.kind &&
           netlink::same_options(wanted.options, found->options);
}

// tbf cuts packets to its burst as they come. One that waits already and is longer than a smaller
// burst would wait for ever, and all behind it.
bool would_block(const std::optional<Qdisc>& found, const Qdisc& wanted) {
    if (!found || found->handle != wanted.handle) {
        return false;
    }
    const auto* before = std::get_if<netlink::Tbf>(&found->options);
    const auto* after = std::get_if<netlink::Tbf>(&wanted.options);
    return before != nullptr && after != nullptr && after->burst < before->burst;
}

void ensure(Socket& socket, const Qdisc& wanted) {
    const auto found = netlink::find_qdisc(socket, wanted.ifindex, wanted.parent);
    if (same(found, wanted)) {
        return;
    }
    if (would_block(found, wanted)) {
        (void)netlink::remove_qdisc(socket, wanted.ifindex, wanted.parent, wanted.handle);
    }
    netlink::set_qdisc(socket, wanted);
}

void check(Socket& socket, const Qdisc& wanted, const std::string& link) {
    const auto found = netlink::find_qdisc(socket, wanted.ifindex, wanted.parent);
    if (!found || found->handle != wanted.handle || found->kind != wanted.kind) {
        netlink::differs("link " + link + " has no qdisc " + wanted.kind + " of its limit");
    }
    if (!same(found, wanted)) {
        netlink::differs("qdisc " + wanted.kind + " of link " + link + " has another rate or size");
    }
}

}  // namespace

void ensure_shaper(Socket& socket, const Shape& shape, std::uint32_t ifindex) {
    if (shape.means.bucket == Bucket::Edt) {
        ensure_edt(socket, shape, ifindex);
        return;
    }
    if (has_edt(socket, ifindex)) {
        leave_edt(socket, ifindex);
    }
    const auto wanted = objects_of(shape, ifindex);
    ensure(socket, wanted.root);
    if (const auto& htb = wanted.htb_class) {
        const auto found = netlink::find_class(socket, ifindex, htb->id);
        if (!found || !found->same_as(*htb)) {
            netlink::set_class(socket, *htb);
        }
    }
    if (wanted.leaf) {
        ensure(socket, *wanted.leaf);
    }
}

void check_shaper(Socket& socket, const Shape& shape, std::uint32_t ifindex,
                  const std::string& link) {
    if (shape.means.bucket == Bucket::Edt) {
        check_edt(socket, shape, ifindex, link);
        return;
    }
    const auto wanted = objects_of(shape, ifindex);
    check(socket, wanted.root, link);
    if (const auto& htb = wanted.htb_class) {
        const auto found = netlink::find_class(socket, ifindex, htb->id);
        if (!found) {
            netlink::differs("link " + link + " has no class of its limit");
        }
        if (!found->same_as(*htb)) {
            netlink::differs("the class of link " + link + " has another rate");
        }
    }
    if (wanted.leaf) {
        check(socket, *wanted.leaf, link);
    }
    if (has_edt(socket, ifindex)) {
        netlink::differs("link " + link + " has a filter of another mode");
    }
}

bool remove_shaper(Socket& socket, std::uint32_t ifindex) {
    if (has_edt(socket, ifindex)) {
        leave_edt(socket, ifindex);
    }
    const auto found = netlink::find_qdisc(socket, ifindex, netlink::kRoot);
    return found && is_ours(found->handle) &&
           netlink::remove_qdisc(socket, ifindex, netlink::kRoot, found->handle);
}

bool has_shaper(Socket& socket, std::uint32_t ifindex) {
    const auto found = netlink::find_qdisc(socket, ifindex, netlink::kRoot);
    return (found && is_ours(found->handle)) || has_edt(socket, ifindex);
}

std::optional<Qdisc> observe_shaper(Socket& socket, std::uint32_t ifindex) {
    auto found = netlink::find_qdisc(socket, ifindex, netlink::kRoot);
    if (!found || !is_ours(found->handle)) {
        return std::nullopt;
    }
    if (is_edt(found->handle)) {
        found->kind = "edt";
        found->counters = edt_counters(socket, *found);
    }
    return found;
}

}  // namespace terway::bandwidth_tc
