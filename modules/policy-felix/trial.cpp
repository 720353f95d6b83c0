#include "trial.hpp"

#include <linux/netlink.h>

#include <functional>
#include <memory>
#include <string>

#include "base/netns.hpp"
#include "netlink/conntrack.hpp"
#include "table.hpp"
#include "terway/error.hpp"

namespace terway::felix {
namespace {

constexpr const char* kLink = "cali0";

IpAddress address(const char* text) {
    return IpAddress::parse(text).value();
}

policy::AddressSet of_pods() {
    policy::AddressSet set;
    set.id = {0, 1};
    set.members.addresses = {address("192.0.2.1"), address("2001:db8::1")};
    return set;
}

policy::AddressSet of_blocks() {
    policy::AddressSet set;
    set.id = {0, 2};
    set.kind = policy::SetKind::Blocks;
    set.members.ranges = {{address("192.0.2.0"), address("192.0.2.127")},
                          {address("2001:db8::"), address("2001:db8::ff")}};
    return set;
}

policy::AddressSet of_named_ports() {
    policy::AddressSet set;
    set.id = {0, 3};
    set.kind = policy::SetKind::Named;
    set.members.ports = {{address("192.0.2.1"), 80}, {address("2001:db8::1"), 80}};
    return set;
}

std::shared_ptr<const policy::RuleSet> rules(const policy::Update& told) {
    const policy::Match match{policy::Action::Allow,
                              {false, {told.sets.at(0).id, told.sets.at(1).id}}};
    auto made = std::make_shared<policy::RuleSet>();
    made->id = {0, 1};
    auto& tier = made->tiers.emplace_back();
    for (const auto protocol :
         {policy::Protocol::Tcp, policy::Protocol::Udp, policy::Protocol::Sctp}) {
        tier.classes.push_back({protocol, 80, 443, {match}});
    }
    tier.other = {match};
    tier.named = {told.sets.at(2).id};
    return made;
}

void attempt(const char* what, const char* remedy, const std::function<void()>& body) {
    try {
        body();
    } catch (const Error& error) {
        throw Error(Status::Unsupported,
                    std::string("this kernel cannot ") + what + ": " + error.what() +
                        "; modprobe " + remedy + ", or boot a kernel that has them",
                    error.sys_errno());
    }
}

}  // namespace

void try_kernel() {
    const auto scratch = Netns::create();
    attempt("enforce policies", "nf_tables nft_ct nf_conntrack", [&] {
        policy::Update told;
        for (const auto& set : {of_pods(), of_blocks(), of_named_ports()}) {
            told.sets.push_back({.id = set.id,
                                 .kind = set.kind,
                                 .protocol = set.protocol,
                                 .is_new = true,
                                 .added = set.members,
                                 .removed = {}});
        }
        policy::Picture picture;
        picture.apply(told);
        Table table({}, netlink::Socket::in(scratch.fd(), NETLINK_NETFILTER));
        const auto all = rules(told);
        table.want(kLink, {true, all, all});
        table.reconcile(picture, {});
        table.check(kLink);
    });
    attempt("end connections that new rules forbid", "nf_conntrack_netlink", [&] {
        auto socket = netlink::Socket::in(scratch.fd(), NETLINK_NETFILTER);
        netlink::expect_conntrack(socket);
    });
}

}  // namespace terway::felix
