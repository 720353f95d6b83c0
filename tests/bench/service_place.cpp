#include "service_place.hpp"

#include <chrono>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/time.hpp"
#include "endpoint_socket.hpp"
#include "netlink/link.hpp"
#include "netlink/route.hpp"
#include "netlink/sysctl.hpp"
#include "process.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr const char* kRestore = "/usr/sbin/iptables-nft-restore";
constexpr std::uint8_t kTcp = 6;
constexpr std::uint32_t kLoopback = 1;

IpAddress address(const char* text) {
    return IpAddress::parse(text).value();
}

double ms_since(Deadline begun) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

IpAddress backend(unsigned number) {
    return address("10.8.0.1").plus(number);
}

// Of a Service with one endpoint: a jump, a chain with a jump, a chain with the translation.
void put_service(std::ostream& chains, std::ostream& jumps, std::ostream& rules, unsigned number,
                 const std::string& service, const std::string& target) {
    const auto id = std::to_string(number);
    const auto port = std::to_string(kTrafficPort);
    chains << ":KUBE-SVC-" << id << " - [0:0]\n:KUBE-SEP-" << id << " - [0:0]\n";
    jumps << "-A KUBE-SERVICES -d " << service << "/32 -p tcp -m comment --comment \"default/svc-"
          << id << "\" -m tcp --dport " << port << " -j KUBE-SVC-" << id << "\n";
    rules << "-A KUBE-SVC-" << id << " -j KUBE-SEP-" << id << "\n-A KUBE-SEP-" << id << " -s "
          << target << "/32 -j KUBE-MARK-MASQ\n-A KUBE-SEP-" << id
          << " -p tcp -m tcp -j DNAT --to-destination " << target << ":" << port << "\n";
}

}  // namespace

ServicePlace::ServicePlace(const std::string& name)
    : node_(name + "-node"),
      client_{Sandbox(name + "-client"), address("10.7.0.1"), "cali00000000001", {}},
      server_{Sandbox(name + "-server"), address("10.7.0.2"), "cali00000000002", {}},
      name_(name) {
    {
        const NetnsScope scope(node());
        netlink::write_sysctl("net/ipv4/ip_forward", "1");
        netlink::write_sysctl("net/ipv4/conf/all/rp_filter", "0");
        netlink::write_sysctl("net/ipv4/conf/default/rp_filter", "0");
    }
    plug(client_);
    plug(server_);
}

IpAddress ServicePlace::service(unsigned number) {
    return address("10.96.0.1").plus(number);
}

Way ServicePlace::way() const {
    return {name_, client_.sandbox.fd(), server_.sandbox.fd(), service(called_)};
}

void ServicePlace::plug(Pod& pod) const {
    const auto gateway = address("169.254.1.1");
    auto outside = netlink::Socket::in(node());
    auto inside = netlink::Socket::in(pod.sandbox.fd());
    netlink::VethEnd here;
    here.name = pod.link;
    here.mac = Mac{{0x02, 0, 1, 0, 0, pod.address.bytes()[3]}};
    netlink::VethEnd there;
    there.name = "eth0";
    there.mac = Mac{{0x02, 0, 2, 0, 0, pod.address.bytes()[3]}};
    there.netns_fd = pod.sandbox.fd();
    netlink::create_veth(outside, here, there);
    const auto out = netlink::find_link(outside, pod.link).value().index;
    const auto in = netlink::find_link(inside, "eth0").value().index;
    netlink::change_link(inside, kLoopback, {.up = true});
    netlink::change_link(outside, out, {.up = true});
    netlink::change_link(inside, in, {.up = true});
    netlink::ensure_address(inside, in, Prefix::host(pod.address));
    netlink::ensure_neighbour(inside, {in, gateway, *here.mac});
    netlink::Route away;
    away.destination = Prefix(address("0.0.0.0"), 0);
    away.gateway = gateway;
    away.oif = in;
    away.onlink = true;
    netlink::ensure_route(inside, away);
    netlink::ensure_neighbour(outside, {out, pod.address, *there.mac});
    netlink::Route to;
    to.destination = Prefix::host(pod.address);
    to.oif = out;
    to.scope = RT_SCOPE_LINK;
    netlink::ensure_route(outside, to);
    pod.made = sdk::sized<twy_attachment>();
    pod.made.host_ifindex = out;
    pod.made.pod_ifindex = in;
    pod.link.copy(pod.made.host_ifname, sizeof pod.made.host_ifname - 1);
}

BpfServicePlace::BpfServicePlace(const Programs& programs, unsigned services, unsigned backends)
    : ServicePlace("bpf-" + std::to_string(services)) {
    called_ = services / 2;
    const NetnsScope scope(node());
    module_ =
        std::make_unique<sdk::testing::ModuleUnderTest>(programs.modules + "/policy-bpf.so", host_);
    module_->configure({});
    module_->start({}, {});
    sdk::testing::PolicyBuilder policy;
    for (auto [endpoint, pod] :
         {std::pair(&client_endpoint_, &client_), {&server_endpoint_, &server_}}) {
        endpoint->netns(pod->sandbox.fd()).mtu(1500).address(pod->address.text());
        module_->attach_policy(*endpoint, pod->made);
        policy.endpoint(endpoint->container_id(), endpoint->ifname());
    }
    module_->apply(policy.full(1));
    sdk::testing::ServiceBuilder all;
    for (unsigned number = 0; number < services; ++number) {
        all.frontend(service(number).text(), kTrafficPort, kTcp);
        for (unsigned i = 0; i < backends; ++i) {
            const bool is_ours = number == called_;
            all.backend((is_ours ? server_.address : backend(number * backends + i)).text(),
                        kTrafficPort);
            if (is_ours) {
                break;
            }
        }
    }
    const auto update = all.full(1);
    const auto begun = Clock::now();
    module_->apply_services(update);
    apply_ms_ = ms_since(begun);
}

BpfServicePlace::~BpfServicePlace() {
    const NetnsScope scope(node());
    module_->purge();
}

ChainServicePlace::ChainServicePlace(const std::string& scratch, unsigned services)
    : ServicePlace("chains-" + std::to_string(services)) {
    called_ = services / 2;
    std::ostringstream chains;
    std::ostringstream jumps;
    std::ostringstream rules;
    for (unsigned number = 0; number < services; ++number) {
        const auto& target = number == called_ ? server_.address : backend(number);
        put_service(chains, jumps, rules, number, service(number).text(), target.text());
    }
    const auto file = scratch + "/" + name() + ".iptables";
    std::ofstream(file)
        << "*nat\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n"
        << ":KUBE-SERVICES - [0:0]\n:KUBE-MARK-MASQ - [0:0]\n:KUBE-POSTROUTING - [0:0]\n"
        << chains.str() << "-A PREROUTING -j KUBE-SERVICES\n-A OUTPUT -j KUBE-SERVICES\n"
        << "-A POSTROUTING -j KUBE-POSTROUTING\n"
        << "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n"
        << "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN\n"
        << "-A KUBE-POSTROUTING -j MASQUERADE\n"
        << jumps.str() << rules.str() << "COMMIT\n";
    const NetnsScope scope(node());
    (void)run_timed({{kRestore, "--noflush", file}, {}, {}});
}

}  // namespace terway::bench
