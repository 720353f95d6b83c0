#include "world.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <thread>

#include "base/time.hpp"
#include "command.hpp"
#include "fault.hpp"
#include "netlink/link.hpp"
#include "netlink/sysctl.hpp"
#include "text.hpp"

namespace terway::conformance {
namespace {

using sdk::testing::EndpointBuilder;
using sdk::testing::ModuleUnderTest;

constexpr const char* kHostV4 = "10.66.0.2";
constexpr const char* kHostV6 = "fd66::2";

void sysctl(int netns_fd, const std::string& name, const std::string& value) {
    const NetnsScope scope(netns_fd);
    netlink::write_sysctl(name, value);
}

// Duplicate address detection would make every IPv6 probe wait for seconds.
void hurry(int netns_fd) {
    sysctl(netns_fd, "net/ipv6/conf/all/accept_dad", "0");
    sysctl(netns_fd, "net/ipv6/conf/default/accept_dad", "0");
}

// "sysctl:NAME=VALUE" is the daemon's to see to; here the tool does.
void satisfy_requirements(int netns_fd, const char* const* requirements) {
    for (; requirements != nullptr && *requirements != nullptr; ++requirements) {
        const std::string text = *requirements;
        const auto equals = text.find('=');
        if (text.starts_with("sysctl:") && equals != std::string::npos) {
            std::string name = text.substr(7, equals - 7);
            std::replace(name.begin(), name.end(), '.', '/');
            sysctl(netns_fd, name, text.substr(equals + 1));
        }
    }
}

// One that vanishes meanwhile, with its sandbox, is no error.
void retire_link(std::uint32_t ifindex) {
    const fault::Own own;
    netlink::Socket socket;
    netlink::LinkChange change;
    change.group = TWY_RETIRED_LINK_GROUP;
    try {
        netlink::change_link(socket, ifindex, change);
    } catch (const Error& error) {
        if (error.sys_errno() != ENODEV) {
            throw;
        }
    }
}

bool lends_whole_enis(const std::string& module_path) {
    const auto* const* need = sdk::testing::load_module(module_path).requirements;
    for (; need != nullptr && *need != nullptr; ++need) {
        if (std::string_view(*need) == "eni:exclusive") {
            return true;
        }
    }
    return false;
}

std::optional<netlink::Link> find_nic(int netns_fd, const Mac& mac) {
    const fault::Own own;
    auto socket = netlink::Socket::in(netns_fd);
    return netlink::find_nic(socket, mac);
}

}  // namespace

World::World(const Options& options)
    : options_(options), exclusive_(options.eni && lends_whole_enis(options.module_path)) {
    build_host();
    fake_.on_retire_link(retire_link);
    fake_.on_await_retired([this] {
        delete_retired_links();
        return true;
    });
    if (options_.verbose) {
        fake_.on_log([](const sdk::testing::FakeHost::LogLine& line) {
            (void)std::fprintf(stderr, "       module: %s\n", line.text.c_str());
        });
    }
    create_instance();
}

void World::build_host() {
    hurry(host_.fd());
    sysctl(host_.fd(), "net/ipv4/ip_forward", "1");
    sysctl(host_.fd(), "net/ipv6/conf/all/forwarding", "1");
    sysctl(vpc_.fd(), "net/ipv4/ip_forward", "1");
    sysctl(vpc_.fd(), "net/ipv6/conf/all/forwarding", "1");
    hurry(vpc_.fd());
    plug("eth0", "node");
    // The vSwitch of the ENIs, its gateway included.
    ip(vpc_.fd(),
       "link add eni type bridge\nlink set dev lo up\nlink set dev node up\n"
       "link set dev eni up\n"
       "address add 10.66.0.1/24 dev node\naddress add fd66::1/64 dev node nodad\n"
       "address add 10.88.0.1/24 dev eni\naddress add fd88::1/64 dev eni nodad\n"
       "route add 10.77.0.0/24 via 10.66.0.2\n"
       "route add fd77::/64 via fd66::2\n");
    ip(host_.fd(), std::string("link set dev lo up\nlink set dev eth0 up\n") + "address add " +
                       kHostV4 + "/24 dev eth0\naddress add " + kHostV6 +
                       "/64 dev eth0 nodad\n"
                       "route add default via 10.66.0.1\nroute add default via fd66::1\n");
    // One is as the cloud plugs it, for a pod to take; else it is in use by the node already.
    for (unsigned i = 0; i < (exclusive_ ? 2U : 1U); ++i) {
        plug_eni(!exclusive_);
    }
}

void World::plug(const std::string& name, const std::string& far) {
    const fault::Own own;
    auto socket = netlink::Socket::in(host_.fd());
    netlink::VethEnd end;
    end.name = name;
    netlink::VethEnd peer;
    peer.name = far;
    peer.netns_fd = vpc_.fd();
    netlink::create_veth(socket, end, peer);
}

Nic& World::plug_eni(bool up) {
    const auto number = std::to_string(nics_.size() + 1);
    const auto name = "eth" + number;
    const auto far = "port" + number;
    plug(name, far);
    ip(vpc_.fd(), "link set dev " + far + " master eni\nlink set dev " + far + " up\n");
    if (up) {
        ip(host_.fd(), "link set dev " + name + " up\n");
    }
    auto socket = netlink::Socket::in(host_.fd());
    const auto link = netlink::find_link(socket, name).value();
    Nic nic{sdk::testing::EniBuilder("eni-" + number), "eni-" + number, link.mac, link.index};
    nic.eni.ifindex(link.index).mac(link.mac.bytes);
    for (const auto family : options_.families) {
        const bool v4 = family == Family::V4;
        nic.eni.subnet(v4 ? "10.88.0.0/24" : "fd88::/64").gateway(v4 ? "10.88.0.1" : "fd88::1");
    }
    return nics_.emplace_back(std::move(nic));
}

void World::create_instance() {
    const twy_module& found = sdk::testing::load_module(options_.module_path);
    satisfy_requirements(host_.fd(), found.requirements);
    as_host("create", [&] { module_ = std::make_unique<ModuleUnderTest>(found, fake_); });
    as_host("configure", [&] { configure(); });
    as_host("preflight", [&] { module_->preflight(); });
}

void World::configure() {
    try {
        module_->configure(options_.config);
    } catch (const Error& error) {
        std::string text = error.what();
        for (const auto& complaint : fake_.complaints()) {
            text += joined({"\n", options_.config_path, ":", std::to_string(complaint.line), ":",
                            std::to_string(complaint.column), ": error: ", complaint.text});
        }
        throw Error(error.status(), text, error.sys_errno());
    }
}

void World::destroy_instance() {
    as_host("destroy", [&] { module_.reset(); });
}

void World::start_bare() {
    std::vector<twy_prefix> ranges;
    for (const auto family : options_.eni ? std::vector<Family>{} : options_.families) {
        ranges.push_back(sdk::testing::prefix(family == Family::V4 ? "10.77.0.0/24" : "fd77::/64"));
    }
    std::vector<twy_prefix> own;
    for (const auto family : options_.families) {
        own.push_back(Prefix::host(host_address(family)).to_abi());
    }
    as_host("start", [&] { module_->start(ranges, own); });
}

void World::start() {
    start_bare();
    if (serves_eni()) {
        prepare_eni();
    }
}

bool World::serves_eni() const {
    return options_.eni && module_->offers(TWY_ENI);
}

void World::on_nic(const std::string& verb, Nic& nic, const std::function<void()>& body) {
    const auto what = verb + " " + nic.id;
    try {
        as_host(what, body);
    } catch (const Error& error) {
        if (error.status() == Status::Gone && exclusive_ && !find_nic(host_.fd(), nic.mac)) {
            return;
        }
        throw;
    }
    if (!find_nic(host_.fd(), nic.mac)) {
        throw Broken{what + " succeeds although it is not in the host's namespace", {}};
    }
}

void World::prepare_eni() {
    for (auto& nic : nics_) {
        on_nic("prepare", nic, [&] { module_->prepare_eni(nic.eni); });
    }
}

void World::check_eni() {
    for (auto& nic : nics_) {
        on_nic("check", nic, [&] { module_->check_eni(nic.eni); });
    }
}

void World::forget_eni() {
    for (auto& nic : nics_) {
        as_host("forget " + nic.id, [&] { module_->forget_eni(nic.eni); });
    }
}

void World::purge() {
    if (serves_eni()) {
        forget_eni();
    }
    as_host("purge", [&] { module_->purge(); });
}

void World::restart() {
    destroy_instance();
    create_instance();
    start();
}

Pod& World::add_pod() {
    const auto number = pods_.size();
    const std::string letter(1, static_cast<char>('a' + number));
    EndpointBuilder endpoint("c0ffee00" + std::string(3, letter[0]) + "0123456789abcdef", "eth0");
    Netns netns = Netns::create();
    hurry(netns.fd());
    ip(netns.fd(), "link set dev lo up\n");
    endpoint.netns(netns.fd()).pod("default", "pod-" + letter, "uid-" + letter);
    endpoint.limits(50'000'000, 20'000'000);
    if (exclusive_ && number >= nics_.size()) {
        plug_eni(false);
    }
    const Nic& nic = nics_.at(exclusive_ ? number : 0);
    if (options_.eni) {
        endpoint.eni(nic.ifindex).eni_mac(nic.mac.bytes).eni_id(nic.id);
    }
    std::vector<IpAddress> addresses;
    for (const auto family : options_.families) {
        const std::string subnet = options_.eni ? "88" : "77";
        const std::string text = family == Family::V4
                                     ? "10." + subnet + ".0." + std::to_string(10 + number)
                                     : "fd" + subnet + "::" + std::to_string(10 + number);
        endpoint.address(text);
        addresses.push_back(IpAddress::parse(text).value());
        if (options_.eni) {
            endpoint.gateway(family == Family::V4 ? "10.88.0.1" : "fd88::1");
            endpoint.subnet(family == Family::V4 ? "10.88.0.0/24" : "fd88::/64");
        }
    }
    return pods_.emplace_back(Pod{"pod " + letter,
                                  std::move(netns),
                                  std::move(endpoint),
                                  std::move(addresses),
                                  {},
                                  exclusive_ ? std::optional(nic.mac) : std::nullopt});
}

EndpointBuilder World::key_alone(const Pod& pod) {
    auto key = pod.endpoint.key_alone();
    if (pod.nic) {
        key.netns(pod.netns.fd());
    }
    return key;
}

void World::bury(Pod& pod) {
    const auto nic = pod.nic ? find_nic(pod.netns.fd(), *pod.nic) : std::nullopt;
    if (nic) {
        auto socket = netlink::Socket::in(host_.fd());
        netlink::LinkChange home;
        home.netns_fd = host_.fd();
        if (netlink::find_link(socket, nic->name)) {
            home.name = "dev" + std::to_string(nic->index);
        }
        auto sandbox = netlink::Socket::in(pod.netns.fd());
        netlink::change_link(sandbox, nic->index, home);
    }
    pod.netns = Netns::create();
    pod.endpoint.netns(-1);
}

void World::as_host(const std::string& what, const std::function<void()>& body) {
    std::exception_ptr failure;
    bool strayed = false;
    const auto begin = Clock::now();
    std::thread([&] {
        try {
            if (::setns(host_.fd(), CLONE_NEWNET) != 0) {
                throw system_error("enter the host's network namespace", errno);
            }
            with_context(what, body);
        } catch (...) {
            failure = std::current_exception();
        }
        strayed = current_netns_inode() != host_inode_;
    }).join();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
    if (options_.verbose) {
        (void)std::fprintf(stderr, "       %s: %lld ms\n", what.c_str(),
                           static_cast<long long>(took.count()));
    }
    if (strayed) {
        throw Broken{what + " left its thread in another network namespace", {}};
    }
    if (took > fake_.call_budget() + std::chrono::seconds(1)) {
        throw Broken{what + " took " + std::to_string(took.count()) + " ms of a budget of " +
                         std::to_string(fake_.call_budget().count()) + " ms",
                     {}};
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
}

void World::delete_retired_links() {
    const fault::Own own;
    auto socket = netlink::Socket::in(host_.fd());
    netlink::remove_links_of_group(socket, TWY_RETIRED_LINK_GROUP);
}

Snapshot World::snapshot() {
    delete_retired_links();
    std::vector<Place> places{{"host", host_.fd()}};
    for (const auto& pod : pods_) {
        places.push_back({pod.label, pod.netns.fd()});
    }
    return take_snapshot(places);
}

Snapshot World::host_snapshot() {
    delete_retired_links();
    const Place place{"host", host_.fd()};
    return take_snapshot({&place, 1});
}

IpAddress World::host_address(Family family) const {
    return IpAddress::parse(family == Family::V4 ? kHostV4 : kHostV6).value();
}

int World::netns_fd(const std::string& place) const {
    for (const auto& pod : pods_) {
        if (pod.label == place) {
            return pod.netns.fd();
        }
    }
    return host_.fd();
}

}  // namespace terway::conformance
