#include "kernel_objects.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <initializer_list>

namespace terway::bench {
namespace {

constexpr std::uint32_t kMtu = 1500;
constexpr std::uint32_t kPodIndex = 2;  // the first link of a namespace after lo
constexpr std::uint32_t kGateway = 0xa9fe0101;
constexpr std::uint8_t kHostMac[6] = {0xee, 0xee, 0xee, 0xee, 0xee, 0xee};
constexpr const char* kTable = "terway-veth";

struct Pod {
    explicit Pod(std::uint32_t number)
        : index(kFloorIndex + number), address(htonl(kFloorNetwork + number)) {
        std::snprintf(name, sizeof name, "floor%u", number);
        mac[4] = static_cast<std::uint8_t>(number >> 8U);
        mac[5] = static_cast<std::uint8_t>(number);
    }
    std::uint32_t index;
    std::uint32_t address;
    char name[IFNAMSIZ] = {};
    std::uint8_t mac[6] = {2, 0, 0, 0, 0, 0};
};

// Requests back to back in one buffer.
class Request {
public:
    template <class Header>
    void begin(int type, int flags, const Header& header) {
        start_ = size_;
        head().nlmsg_type = static_cast<std::uint16_t>(type);
        head().nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
        size_ += NLMSG_HDRLEN;
        append(&header, sizeof header);
    }
    void end() { head().nlmsg_len = static_cast<std::uint32_t>(size_ - start_); }
    void append(const void* data, std::size_t size) {
        std::memcpy(buffer_ + size_, data, size);
        size_ += NLMSG_ALIGN(size);
    }
    void put(int type, const void* data, std::size_t size) {
        const nlattr attribute{static_cast<std::uint16_t>(NLA_HDRLEN + size),
                               static_cast<std::uint16_t>(type)};
        append(&attribute, sizeof attribute);
        append(data, size);
    }
    void u32(int type, std::uint32_t value) { put(type, &value, sizeof value); }
    void text(int type, const char* value) { put(type, value, std::strlen(value) + 1); }
    std::size_t open(int type) {
        const std::size_t at = size_;
        put(type | NLA_F_NESTED, nullptr, 0);
        return at;
    }
    void close(std::size_t at) {
        reinterpret_cast<nlattr*>(buffer_ + at)->nla_len = static_cast<std::uint16_t>(size_ - at);
    }

    // Sends what there is and waits for `acks` answers; the first refusal or 0.
    int commit(int fd, int acks) {
        if (::send(fd, buffer_, size_, 0) < 0) {
            return errno;
        }
        int failure = 0;
        while (acks > 0) {
            alignas(nlmsghdr) char answer[8192];
            auto left = ::recv(fd, answer, sizeof answer, 0);
            if (left < 0) {
                return errno;
            }
            for (auto* message = reinterpret_cast<nlmsghdr*>(answer); NLMSG_OK(message, left);
                 message = NLMSG_NEXT(message, left)) {
                if (message->nlmsg_type != NLMSG_ERROR) {
                    continue;
                }
                const int error = -reinterpret_cast<const nlmsgerr*>(message + 1)->error;
                failure = failure != 0 ? failure : error;
                acks = error != 0 ? 0 : acks - 1;
            }
        }
        return failure;
    }

private:
    nlmsghdr& head() { return *reinterpret_cast<nlmsghdr*>(buffer_ + start_); }
    alignas(nlmsghdr) char buffer_[2048] = {};
    std::size_t size_ = 0;
    std::size_t start_ = 0;
};

int netlink_socket(int protocol) {
    const int fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd >= 0) {
        const int one = 1;
        (void)::setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
    }
    return fd;
}

int create_pair(int fd, const Pod& pod, int pod_netns) {
    Request request;
    ifinfomsg host{};
    host.ifi_index = static_cast<int>(pod.index);
    request.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, host);
    request.text(IFLA_IFNAME, pod.name);
    request.put(IFLA_ADDRESS, kHostMac, sizeof kHostMac);
    request.u32(IFLA_MTU, kMtu);
    request.u32(IFLA_GROUP, kFloorGroup);
    request.u32(IFLA_NUM_TX_QUEUES, 1);
    request.u32(IFLA_NUM_RX_QUEUES, 1);
    const auto info = request.open(IFLA_LINKINFO);
    request.text(IFLA_INFO_KIND, "veth");
    const auto data = request.open(IFLA_INFO_DATA);
    const auto peer = request.open(VETH_INFO_PEER);
    ifinfomsg inside{};
    inside.ifi_index = static_cast<int>(kPodIndex);
    request.append(&inside, sizeof inside);
    request.text(IFLA_IFNAME, "eth0");
    request.put(IFLA_ADDRESS, pod.mac, sizeof pod.mac);
    request.u32(IFLA_MTU, kMtu);
    request.u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(pod_netns));
    request.u32(IFLA_NUM_TX_QUEUES, 1);
    request.u32(IFLA_NUM_RX_QUEUES, 1);
    request.close(peer);
    request.close(data);
    request.close(info);
    request.end();
    return request.commit(fd, 1);
}

int bring_up(int fd, std::uint32_t index, const char* alias) {
    Request request;
    ifinfomsg info{};
    info.ifi_index = static_cast<int>(index);
    info.ifi_flags = IFF_UP;
    info.ifi_change = IFF_UP;
    request.begin(RTM_NEWLINK, NLM_F_ACK, info);
    if (alias != nullptr) {
        request.put(IFLA_IFALIAS, alias, std::strlen(alias));
        const auto family = request.open(IFLA_AF_SPEC);
        const auto inet6 = request.open(AF_INET6);
        const std::uint8_t mode = IN6_ADDR_GEN_MODE_NONE;
        request.put(IFLA_INET6_ADDR_GEN_MODE, &mode, sizeof mode);
        request.close(inet6);
        request.close(family);
    }
    request.end();
    return request.commit(fd, 1);
}

int add_address(int fd, const Pod& pod) {
    Request request;
    ifaddrmsg header{};
    header.ifa_family = AF_INET;
    header.ifa_prefixlen = 32;
    header.ifa_index = kPodIndex;
    request.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, header);
    request.u32(IFA_LOCAL, pod.address);
    request.u32(IFA_ADDRESS, pod.address);
    request.end();
    return request.commit(fd, 1);
}

int add_neighbour(int fd, std::uint32_t index, std::uint32_t address, const std::uint8_t* mac) {
    Request request;
    ndmsg header{};
    header.ndm_family = AF_INET;
    header.ndm_ifindex = static_cast<int>(index);
    header.ndm_state = NUD_PERMANENT;
    request.begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, header);
    request.u32(NDA_DST, address);
    request.put(NDA_LLADDR, mac, 6);
    request.end();
    return request.commit(fd, 1);
}

int add_route(int fd, std::uint32_t index, const std::uint32_t* to, const std::uint32_t* via) {
    Request request;
    rtmsg header{};
    header.rtm_family = AF_INET;
    header.rtm_dst_len = to != nullptr ? 32 : 0;
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = RTPROT_STATIC;
    header.rtm_scope = via != nullptr ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
    header.rtm_type = RTN_UNICAST;
    header.rtm_flags = via != nullptr ? static_cast<unsigned>(RTNH_F_ONLINK) : 0U;
    request.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, header);
    if (to != nullptr) {
        request.u32(RTA_DST, *to);
    }
    if (via != nullptr) {
        request.u32(RTA_GATEWAY, *via);
    }
    request.u32(RTA_OIF, index);
    request.end();
    return request.commit(fd, 1);
}

nfgenmsg nft_header(std::uint8_t family, std::uint16_t resource) {
    return {family, NFNETLINK_V0, htons(resource)};
}

void mark_batch(Request& request, int type) {
    request.begin(type, 0, nft_header(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
    request.end();
}

void element(Request& request, int verb, std::uint8_t family, const char* set, const Pod& pod) {
    struct {
        char name[IFNAMSIZ] = {};
        std::uint8_t mac[8] = {};
        std::uint32_t address = 0;
    } key;
    std::memcpy(key.name, pod.name, sizeof key.name);
    std::memcpy(key.mac, pod.mac, sizeof pod.mac);
    key.address = pod.address;
    const int flags = verb == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0;
    request.begin((NFNL_SUBSYS_NFTABLES << 8) | verb, flags | NLM_F_ACK, nft_header(family, 0));
    request.text(NFTA_SET_ELEM_LIST_TABLE, kTable);
    request.text(NFTA_SET_ELEM_LIST_SET, set);
    const auto list = request.open(NFTA_SET_ELEM_LIST_ELEMENTS);
    const auto one = request.open(NFTA_LIST_ELEM);
    const auto data = request.open(NFTA_SET_ELEM_KEY);
    request.put(NFTA_DATA_VALUE, &key, sizeof key);
    request.close(data);
    request.close(one);
    request.close(list);
    request.end();
}

int change_elements(int fd, int verb, const Pod& pod) {
    Request request;
    mark_batch(request, NFNL_MSG_BATCH_BEGIN);
    element(request, verb, NFPROTO_INET, "sources4", pod);
    element(request, verb, NFPROTO_ARP, "sources", pod);
    mark_batch(request, NFNL_MSG_BATCH_END);
    return request.commit(fd, 2);
}

// What must be done from inside: the sysctl, and a socket that stays there.
Outcome visit_pod(int pod_netns, int home, int& socket) {
    if (::setns(pod_netns, CLONE_NEWNET) != 0) {
        return {"enter the pod", errno};
    }
    socket = netlink_socket(NETLINK_ROUTE);
    const int sysctl = ::open("/proc/sys/net/ipv6/conf/eth0/accept_ra", O_WRONLY | O_CLOEXEC);
    const bool written = sysctl >= 0 && ::write(sysctl, "0", 1) == 1;
    const int error = written ? 0 : errno;
    if (sysctl >= 0) {
        ::close(sysctl);
    }
    if (::setns(home, CLONE_NEWNET) != 0) {
        return {"return to the node", errno};
    }
    return {"write accept_ra", error};
}

// Goes on as long as all is well.
struct Steps {
    Outcome outcome;
    bool run(const char* step, int error) {
        outcome = {step, error};
        return error == 0;
    }
};

}  // namespace

Outcome open_lane(Lane& lane) {
    lane.home = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    lane.route = netlink_socket(NETLINK_ROUTE);
    lane.nft = netlink_socket(NETLINK_NETFILTER);
    return {"open the sockets", lane.home < 0 || lane.route < 0 || lane.nft < 0 ? errno : 0};
}

void close_lane(Lane& lane) {
    for (const int fd : {lane.home, lane.route, lane.nft}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
    lane = {};
}

Outcome make_pod(const Lane& lane, std::uint32_t number, int pod_netns) {
    const Pod pod(number);
    char alias[64];
    std::snprintf(alias, sizeof alias, "terway bench-floor-%u/eth0", number);
    Steps steps;
    if (!steps.run("create the pair", create_pair(lane.route, pod, pod_netns)) ||
        !steps.run("change the host link", bring_up(lane.route, pod.index, alias))) {
        return steps.outcome;
    }
    int inside = -1;
    steps.outcome = visit_pod(pod_netns, lane.home, inside);
    const std::uint32_t gateway = htonl(kGateway);
    (void)(steps.outcome.error == 0 && steps.run("add the address", add_address(inside, pod)) &&
           steps.run("add the pod's neighbour",
                     add_neighbour(inside, kPodIndex, gateway, kHostMac)) &&
           steps.run("add the host's neighbour",
                     add_neighbour(lane.route, pod.index, pod.address, pod.mac)) &&
           steps.run("add the elements", change_elements(lane.nft, NFT_MSG_NEWSETELEM, pod)) &&
           steps.run("add the host's route",
                     add_route(lane.route, pod.index, &pod.address, nullptr)) &&
           steps.run("change the pod's link", bring_up(inside, kPodIndex, nullptr)) &&
           steps.run("add the pod's route", add_route(inside, kPodIndex, nullptr, &gateway)));
    if (inside >= 0) {
        ::close(inside);
    }
    return steps.outcome;
}

Outcome forget_pod(const Lane& lane, std::uint32_t number) {
    return {"remove the elements", change_elements(lane.nft, NFT_MSG_DELSETELEM, Pod(number))};
}

Outcome delete_links(const Lane& lane) {
    Request request;
    request.begin(RTM_DELLINK, NLM_F_ACK, ifinfomsg{});
    request.u32(IFLA_GROUP, kFloorGroup);
    request.end();
    return {"delete the group", request.commit(lane.route, 1)};
}

}  // namespace terway::bench
