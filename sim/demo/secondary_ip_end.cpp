#include <net/if.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <sstream>

#include "sim/demo/secondary_ip.hpp"

namespace terway::sim::demo {
namespace {

constexpr std::uint32_t kFirstEniTable = 1000;
constexpr std::uint64_t kMaxIdle = 10;

std::string host_link_of(const Node& node, const Pod& pod) {
    const auto endpoints = node.ctl("endpoints");
    for (const auto& each : endpoints.as_array()) {
        if (each.at("pod_name").as_string() == pod.name) {
            return std::string(each.at("host_ifname").as_string());
        }
    }
    refute(pod.name + " is not known");
}

std::string link_name(const Node& node, std::uint32_t ifindex) {
    std::array<char, IF_NAMESIZE> name{};
    const NetnsScope scope(node.netns().fd());
    if (::if_indextoname(ifindex, name.data()) == nullptr) {
        refute("there is no link " + std::to_string(ifindex));
    }
    return name.data();
}

// The kernel keeps rules of one priority in the order they came.
std::vector<std::string> sorted_lines(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

// The kernel takes its time with the link-local address of a new NIC, and adds routes then.
void await_new_addresses(const Node& node) {
    (void)eventually([&] {
        if (node.command({"ip", "-o", "address"}).find("tentative") != std::string::npos) {
            refute("the kernel does not come to an end with new addresses");
        }
        return std::string();
    });
}

}  // namespace

void SecondaryIp::mend(const std::string& claim, const std::vector<std::vector<std::string>>& harm,
                       const std::vector<std::string>& look) {
    story_.step(claim, [&] {
        const auto& node = a().node;
        await_new_addresses(node);
        const auto whole = node.kernel_state();
        const auto seen = sorted_lines(node.command(look));
        for (const auto& argv : harm) {
            (void)node.command(argv);
        }
        const auto begin = Clock::now();
        (void)eventually([&] {
            if (sorted_lines(node.command(look)) != seen) {
                refute(look[0] + " " + look[1] + " still differs");
            }
            return std::string();
        });
        const auto took = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
        (void)Stage::nothing_left(node, whole);
        return "put back in " + fixed(took, "ms") + ", " + std::to_string(whole.size()) +
               " kernel objects as before";
    });
}

void SecondaryIp::meddle() {
    story_.act("Somebody meddles with node-a's network");
    const auto& node = a().node;
    const auto pool = PoolView::of(node);
    const auto ifindex = pool.enis.at(eni_of(pool, *a1_)).ifindex;
    const auto table = std::to_string(kFirstEniTable + ifindex);
    const auto nic = link_name(node, ifindex);
    const auto v4 = a1_->address(Family::V4).text();
    const auto v6 = a1_->address(Family::V6).text();
    mend("the rules of a pod are deleted",
         {{"ip", "rule", "del", "pref", "512", "to", v4},
          {"ip", "rule", "del", "pref", "2048", "from", v4},
          {"ip", "-6", "rule", "del", "pref", "512", "to", v6},
          {"ip", "-6", "rule", "del", "pref", "2048", "from", v6}},
         {"ip", "rule"});
    mend("the ENI's routing table is emptied",
         {{"ip", "route", "flush", "table", table}, {"ip", "-6", "route", "flush", "table", table}},
         {"ip", "route", "show", "table", "all"});
    mend("the route to a pod is deleted",
         {{"ip", "route", "del", v4, "dev", host_link_of(node, *a1_)}}, {"ip", "route"});
    mend("the ENI's NIC " + nic + " is set down", {{"ip", "link", "set", nic, "down"}},
         {"ip", "-4", "route", "show", "table", table});
    for (const auto family : {Family::V4, Family::V6}) {
        stage_.tcp(
            std::string("pod to pod across nodes") + (family == Family::V4 ? ", IPv4" : ", IPv6"),
            a1_->netns, b1_->address(family), a1_->address(family).text());
    }
}

void SecondaryIp::lose_eni() {
    story_.act("Somebody detaches an ENI of node-b at the cloud");
    std::string lost;
    story_.step("an ENI is gone, and its NIC with it", [&] {
        const auto pool = PoolView::of(b().node);
        const auto kept = eni_of(pool, *b1_);
        for (const auto& [id, eni] : pool.enis) {
            lost = id == kept ? lost : id;
        }
        if (lost.empty()) {
            refute("there is but one");
        }
        simulation_->cloud().with([&](Cloud& cloud) { cloud.enis().tear_off(lost, wall_now()); });
        return lost;
    });
    story_.step("terwayctl mapping exits with 1 and names it", [&] {
        const auto mapping = b().node.ask("mapping");
        const auto hit = [&](const boost::json::value& row) {
            return !row.at("ok").as_bool() && row.at("eni").as_string() == lost;
        };
        const auto answer = boost::json::parse(mapping.out);
        const auto& rows = answer.at("rows").as_array();
        const auto pods = std::count_if(rows.begin(), rows.end(), [&](const auto& row) {
            return hit(row) && !row.at("pod").as_string().empty();
        });
        if (mapping.exit != 1 || pods == 0) {
            refute("exit status " + std::to_string(mapping.exit) + ": " + mapping.out);
        }
        return "exit status 1, " + std::to_string(pods) + " addresses of pods are on no ENI";
    });
    story_.step("the pool notices, and gives nothing of it to anybody", [&] {
        return eventually(
            [&] {
                const auto pool = PoolView::of(b().node);
                if (pool.enis.at(lost).state != "missing") {
                    refute(lost + " is " + pool.enis.at(lost).state);
                }
                return lost + " is missing, with " + std::to_string(pool.count("missing")) +
                       " addresses in use";
            },
            kRecovery);
    });
    stage_.add_pod(b().make_pod(), b().node);
    story_.step("a new pod is on an ENI that is there", [&] {
        const auto pool = PoolView::of(b().node);
        const auto eni = eni_of(pool, b().pods.back());
        if (eni == lost) {
            refute("it is on " + lost);
        }
        return eni;
    });
    stage_.tcp("pods of the other ENI do not notice, IPv4", a1_->netns, b1_->address(Family::V4),
               a1_->address(Family::V4).text());
    simulation_->cloud().with([&](Cloud& cloud) { cloud.enis().destroy(lost, wall_now()); });
    story_.note("and deletes it");
}

void SecondaryIp::remove_pods() {
    story_.act("Pods go");
    for (auto& host : hosts_) {
        give_back(host);
    }
    for (auto& host : hosts_) {
        story_.step("nothing is left on " + host.node.name() + " but ENIs",
                    [&] { return nothing_left(host); });
    }
    for (auto& host : hosts_) {
        stage_.stop(host.node);
    }
}

void SecondaryIp::give_back(Host& host) {
    const auto& name = host.node.name();
    story_.step(name + ": all " + std::to_string(host.pods.size()) + " pods are deleted", [&] {
        remove_all(host);
        const auto pool = PoolView::of(host.node);
        if (pool.used != 0 || pool.count("cooling") == 0) {
            refute(pool.text() + ", " + std::to_string(pool.count("cooling")) + " cooling");
        }
        return pool.text() + ", " + std::to_string(pool.count("cooling")) + " addresses cool down";
    });
    const auto mark = host.cloud.mark();
    story_.step(name + ": they come back, and the surplus goes", [&] {
        return eventually(
            [&] {
                const auto pool = PoolView::of(host.node);
                if (pool.count("cooling") != 0 || pool.idle > kMaxIdle) {
                    refute(pool.text());
                }
                return pool.text() + "; " + agreement(host.node, host.cloud) + "; " +
                       host.cloud.since(mark).text();
            },
            kRecovery);
    });
}

}  // namespace terway::sim::demo
