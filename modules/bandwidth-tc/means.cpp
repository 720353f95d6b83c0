#include "means.hpp"

#include "base/netns.hpp"
#include "netlink/qdisc.hpp"
#include "terway/error.hpp"

namespace terway::bandwidth_tc {
namespace {

constexpr std::uint32_t kLoopback = 1;
constexpr std::uint16_t kTrial = 0x5454;

bool has(netlink::Socket& socket, const netlink::QdiscOptions& options) {
    netlink::Qdisc trial;
    trial.ifindex = kLoopback;
    trial.handle = netlink::class_id(kTrial, 0);
    trial.options = options;
    try {
        netlink::set_qdisc(socket, trial);
    } catch (const Error&) {
        return false;
    }
    return netlink::remove_qdisc(socket, kLoopback, netlink::kRoot, trial.handle);
}

}  // namespace

Means find_means(Mode mode) {
    if (mode == Mode::Edt) {
        throw Error(Status::Unsupported,
                    "mode \"edt\" is not built yet; choose \"auto\", \"tbf\" or \"htb\"");
    }
    const auto scratch = Netns::create();
    auto socket = netlink::Socket::in(scratch.fd());
    Means means;
    const bool tbf = has(socket, netlink::Tbf{1'000'000, 10'000, 10'000});
    const bool htb = has(socket, netlink::Htb{1});
    if (mode == Mode::Htb || (mode == Mode::Auto && !tbf)) {
        means.bucket = Bucket::Htb;
    }
    if (means.bucket == Bucket::Htb ? !htb : !tbf) {
        const std::string kind = means.bucket == Bucket::Htb ? "htb" : "tbf";
        throw Error(Status::Unsupported,
                    "this kernel has no qdisc " + kind + "; remedy: modprobe sch_" + kind);
    }
    means.queue = has(socket, netlink::FqCodel{}) ? Queue::FqCodel
                  : has(socket, netlink::Fq{})    ? Queue::Fq
                                                  : Queue::Fifo;
    return means;
}

}  // namespace terway::bandwidth_tc
