// bandwidth-tc: limits in both directions by the kernel's queues. See README.md.
#include <terway/module.hpp>

#include <string>
#include <utility>

#include "lane.hpp"
#include "means.hpp"
#include "netlink/socket_pool.hpp"
#include "options.hpp"
#include "plan.hpp"
#include "rank_means.hpp"
#include "ranking.hpp"
#include "terway/error.hpp"

namespace terway::bandwidth_tc {
namespace {

using netlink::Socket;

class BandwidthTc final : public sdk::Module, public sdk::Qos {
public:
    using Module::Module;

    void configure(sdk::Config& config) override { options_ = read_options(config); }

    void preflight() override {
        (void)find_means(options_.mode);
        if (options_.network_priority) {
            require_rank_means();
        }
    }

    void start(const twy_node& node) override {
        means_ = find_means(options_.mode);
        start_ranking(node);
    }

    void purge() override { clear_ranks(*route_.borrow()); }

    void attach_qos(const sdk::Call& call, const sdk::EndpointView& endpoint,
                    const twy_attachment& made) override {
        const auto wanted = plan(endpoint, made, means_);
        if (wanted.ingress.place == Place::Pod && endpoint.netns_fd() < 0) {
            throw Error(Status::Gone, "the sandbox is gone");
        }
        ensure(call, endpoint, wanted);
        rank(endpoint);
    }

    void detach_qos(const sdk::Call& call, const sdk::EndpointView& endpoint) override {
        clear_host(*route_.borrow(), endpoint,
                   [&](std::uint32_t ifindex) { call.retire_link(ifindex); });
        if (endpoint.netns_fd() >= 0) {
            auto pod = Socket::in(endpoint.netns_fd());
            clear_pod(pod, endpoint);
        }
        if (options_.network_priority) {
            clear_rank(*route_.borrow(), endpoint);
        }
    }

    void check_qos(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint,
                   const twy_attachment& made) override {
        const auto wanted = plan(endpoint, made, means_);
        const auto name = endpoint_name(endpoint);
        each_lane(endpoint, wanted,
                  [&](Socket& socket, const Lane& lane) { check_lane(socket, lane, name); });
        if (options_.network_priority) {
            check_rank(*route_.borrow(), endpoint);
        }
    }

    void adopt_qos(const sdk::Call& call, const sdk::EndpointView& endpoint,
                   const twy_attachment& made) override {
        ensure(call, endpoint, plan(endpoint, made, means_));
        rank(endpoint);
    }

    twy_limits observe_qos(const sdk::Call& /*call*/, const sdk::EndpointView& endpoint,
                           const twy_attachment& made) override {
        const auto wanted = plan(endpoint, made, means_);
        const auto name = endpoint_name(endpoint);
        auto limits = sdk::sized<twy_limits>();
        each_lane(endpoint, wanted, [&](Socket& socket, const Lane& lane) {
            const bool in = &lane == &wanted.ingress;
            if (const auto queue = observe_lane(socket, lane, name)) {
                (in ? limits.ingress : limits.egress) =
                    report(*queue, in ? endpoint.ingress_bps() : endpoint.egress_bps());
            }
        });
        return limits;
    }

private:
    void start_ranking(const twy_node& node) {
        if (!options_.network_priority) {
            clear_ranks(*route_.borrow());  // of a time when it was on
            return;
        }
        require_rank_means();
        if (node.pod_cidr_count != 0 && !std::exchange(told_, true)) {
            log().warning(
                "network_priority has no effect on pods with addresses of the node's own ranges: "
                "they have no ENI");
        }
    }

    void rank(const sdk::EndpointView& endpoint) {
        if (options_.network_priority) {
            ensure_rank(*route_.borrow(), endpoint);
        }
    }

    static twy_limit report(const netlink::Qdisc& queue, std::uint64_t rate) {
        twy_limit made{};
        made.rate_bps = rate;
        made.bytes = queue.counters.bytes;
        made.packets = queue.counters.packets;
        made.drops = queue.counters.drops;
        made.backlog = queue.counters.waiting_bytes;
        queue.kind.copy(made.mode, sizeof made.mode - 1);
        return made;
    }

    void ensure(const sdk::Call& call, const sdk::EndpointView& endpoint, const Plan& wanted) {
        const auto name = endpoint_name(endpoint);
        each_lane(endpoint, wanted, [&](Socket& socket, const Lane& lane) {
            ensure_lane(socket, lane, name, [&] { (void)call.await_retired(); });
        });
    }

    // A sandbox out of reach is passed over.
    template <class Verb>
    void each_lane(const sdk::EndpointView& endpoint, const Plan& wanted, const Verb& verb) {
        if (wanted.ingress.place == Place::Host) {
            const auto host = route_.borrow();
            verb(*host, wanted.ingress);
            verb(*host, wanted.egress);
        } else if (endpoint.netns_fd() >= 0) {
            auto pod = Socket::in(endpoint.netns_fd());
            verb(pod, wanted.ingress);
            verb(pod, wanted.egress);
        }
    }

    // Set by configure and start, which never run beside another verb.
    Options options_;
    Means means_;
    bool told_ = false;
    netlink::SocketPool route_{NETLINK_ROUTE};
};

}  // namespace
}  // namespace terway::bandwidth_tc

TERWAY_MODULE(terway::bandwidth_tc::BandwidthTc, "bandwidth-tc", TERWAY_VERSION, "kernel>=4.19",
              "netdev:ifb", "qdisc:clsact", "cap:net_admin");
