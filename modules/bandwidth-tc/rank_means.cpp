#include "rank_means.hpp"

#include <functional>
#include <string>
#include <utility>

#include "base/netns.hpp"
#include "netlink/qdisc.hpp"
#include "netlink/tc.hpp"
#include "rank.hpp"
#include "terway/error.hpp"

namespace terway::bandwidth_tc {
namespace {

constexpr std::uint32_t kLoopback = 1;

void attempt(const std::string& what, const std::string& module,
             const std::function<void()>& body) {
    try {
        body();
    } catch (const Error& error) {
        throw Error(Status::Unsupported, "network_priority needs " + what + ": " + error.what() +
                                             "; remedy: modprobe " + module);
    }
}

}  // namespace

void require_rank_means() {
    const auto scratch = Netns::create();
    auto socket = netlink::Socket::in(scratch.fd());
    attempt("the qdisc prio", "sch_prio",
            [&] { netlink::set_qdisc(socket, bands_of(kLoopback, 1).front()); });
    attempt("the qdisc clsact", "sch_ingress",
            [&] { (void)netlink::ensure_clsact(socket, kLoopback); });
    Rank rank;
    rank.addresses = {IpAddress::parse("127.0.0.2").value()};
    rank.owner = "trial";
    auto filter = rank_filters(rank).front();
    const auto actions = std::exchange(filter.actions, {});
    attempt("the filter u32", "cls_u32", [&] { netlink::add_filter(socket, kLoopback, filter); });
    filter.actions = actions;
    attempt("the action skbedit", "act_skbedit",
            [&] { netlink::add_filter(socket, kLoopback, filter); });
}

}  // namespace terway::bandwidth_tc
