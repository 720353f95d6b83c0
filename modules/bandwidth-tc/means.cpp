#include "means.hpp"

#include <cerrno>
#include <string>

#include "base/netns.hpp"
#include "edt.hpp"
#include "netlink/qdisc.hpp"
#include "program.hpp"
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
    } catch (const Error& error) {
        if (error.sys_errno() == EPERM || error.sys_errno() == EACCES) {
            throw;  // says nothing of what the kernel has
        }
        return false;
    }
    return netlink::remove_qdisc(socket, kLoopback, netlink::kRoot, trial.handle);
}

// All that a lane does with its program, on the loopback of the scratch namespace.
void try_program(netlink::Socket& socket, Means means) {
    constexpr std::uint64_t kRate = 1'000'000;
    const auto shape = shape_of({kRate, 0}, 0, means).value();
    try {
        ensure_edt(socket, shape, kLoopback);
        check_edt(socket, shape, kLoopback, "lo");
    } catch (const Error& error) {
        const bool denied = error.sys_errno() == EPERM || error.sys_errno() == EACCES;
        throw Error(Status::Unsupported,
                    std::string("mode \"edt\" cannot be: ") + error.what() +
                        (denied ? "; remedy: CAP_NET_ADMIN and CAP_SYS_ADMIN"
                                : "; remedy: Linux 5.10 with cls_bpf and CONFIG_BPF_SYSCALL"),
                    error.sys_errno());
    }
}

Means find_edt(netlink::Socket& socket) {
    if (!has(socket, netlink::Fq{})) {
        throw Error(Status::Unsupported, "this kernel has no qdisc fq; remedy: modprobe sch_fq");
    }
    Means means;
    means.bucket = Bucket::Edt;
    means.tells_clock = kernel_tells_clock();
    try_program(socket, means);
    return means;
}

}  // namespace

Means find_means(Mode mode) {
    const auto scratch = Netns::create();
    auto socket = netlink::Socket::in(scratch.fd());
    if (mode == Mode::Edt) {
        return find_edt(socket);
    }
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
