// A QoS module in its simplest form: a token bucket on each end of the pod's link.
#pragma once

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <terway/module.hpp>

#include "netlink/link.hpp"
#include "netlink/socket.hpp"

namespace example {

using terway::sdk::Call;
using terway::sdk::EndpointView;
namespace netlink = terway::netlink;

class Shaped : public terway::sdk::Module, public terway::sdk::Qos {
public:
    using Module::Module;

    void configure(terway::sdk::Config&) override {}

    void attach_qos(const Call&, const EndpointView& endpoint,
                    const twy_attachment& made) override {
        netlink::Socket host;
        set_bucket(host, made.host_ifindex, endpoint.ingress_bps() / 8);
        if (endpoint.netns_fd() >= 0) {
            auto pod = netlink::Socket::in(endpoint.netns_fd());
            set_bucket(pod, made.pod_ifindex, endpoint.egress_bps() / 8);
        }
    }

    void detach_qos(const Call&, const EndpointView& endpoint) override {
        netlink::Socket host;
        remove_bucket(host, std::string(endpoint.host_ifname()));
        if (endpoint.netns_fd() >= 0) {
            auto pod = netlink::Socket::in(endpoint.netns_fd());
            remove_bucket(pod, std::string(endpoint.ifname()));
        }
    }

    void check_qos(const Call&, const EndpointView& endpoint, const twy_attachment& made) override {
        netlink::Socket host;
        expect_bucket(host, made.host_ifindex, endpoint.ingress_bps() / 8);
        if (endpoint.netns_fd() >= 0) {
            auto pod = netlink::Socket::in(endpoint.netns_fd());
            expect_bucket(pod, made.pod_ifindex, endpoint.egress_bps() / 8);
        }
    }

    void adopt_qos(const Call& call, const EndpointView& endpoint,
                   const twy_attachment& made) override {
        attach_qos(call, endpoint, made);
    }

    twy_limits observe_qos(const Call&, const EndpointView& endpoint,
                           const twy_attachment&) override {
        auto limits = terway::sdk::sized<twy_limits>();
        limits.ingress.rate_bps = endpoint.ingress_bps();
        limits.egress.rate_bps = endpoint.egress_bps();
        return limits;
    }

protected:
    static constexpr std::uint32_t kHandle = 0x00010000;
    static constexpr std::uint32_t kBurst = 16384;

    static tcmsg root_of(std::uint32_t ifindex) {
        tcmsg header{};
        header.tcm_family = AF_UNSPEC;
        header.tcm_ifindex = static_cast<int>(ifindex);
        header.tcm_parent = TC_H_ROOT;
        header.tcm_handle = kHandle;
        return header;
    }

    static void set_bucket(netlink::Socket& socket, std::uint32_t ifindex, std::uint64_t rate) {
        netlink::Message message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
        message.header(root_of(ifindex));
        message.text(TCA_KIND, "tbf");
        message.nest(TCA_OPTIONS, [&] {
            tc_tbf_qopt options{};
            options.rate.rate = static_cast<std::uint32_t>(rate);
            options.rate.linklayer = TC_LINKLAYER_ETHERNET;
            options.limit = 1U << 20U;
            message.put(TCA_TBF_PARMS, &options, sizeof options);
            message.u32(TCA_TBF_BURST, kBurst);
        });
        socket.request(message, "limit the link with index " + std::to_string(ifindex));
    }

    static void remove_bucket(netlink::Socket& socket, const std::string& name) {
        const auto link = netlink::find_link(socket, name);
        if (!link) {
            return;
        }
        netlink::Message message(RTM_DELQDISC);
        message.header(root_of(link->index));
        (void)socket.request_tolerating(message, "unlimit link " + name, {ENOENT, EINVAL, ENODEV});
    }

    static void expect_bucket(netlink::Socket& socket, std::uint32_t ifindex, std::uint64_t rate) {
        netlink::Message message(RTM_GETQDISC);
        tcmsg all{};
        all.tcm_ifindex = static_cast<int>(ifindex);
        message.header(all);
        std::optional<std::uint64_t> found;
        socket.dump(
            message, "list queueing disciplines", [&] { found.reset(); },
            [&](const nlmsghdr& entry) {
                const auto* header = static_cast<const tcmsg*>(nlmsg_data(&entry));
                if (header->tcm_ifindex == static_cast<int>(ifindex) &&
                    header->tcm_handle == kHandle) {
                    found = rate_of(entry);
                }
            });
        if (found != rate) {
            throw terway::Error(
                terway::Status::Internal,
                "the link with index " + std::to_string(ifindex) + " has another limit or none");
        }
    }

    static std::uint64_t rate_of(const nlmsghdr& entry) {
        std::array<nlattr*, TCA_MAX + 1> attributes{};
        nlmsg_parse(const_cast<nlmsghdr*>(&entry), sizeof(tcmsg), attributes.data(), TCA_MAX,
                    nullptr);
        std::array<nlattr*, TCA_TBF_MAX + 1> inner{};
        if (attributes[TCA_OPTIONS] == nullptr ||
            nla_parse_nested(inner.data(), TCA_TBF_MAX, attributes[TCA_OPTIONS], nullptr) != 0 ||
            inner[TCA_TBF_PARMS] == nullptr) {
            return 0;
        }
        tc_tbf_qopt options{};
        nla_memcpy(&options, inner[TCA_TBF_PARMS], sizeof options);
        return options.rate.rate;
    }
};

}  // namespace example
