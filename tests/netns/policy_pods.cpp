#include "policy_pods.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "traffic.hpp"

namespace terway::test {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kLimit{20};

bool arrives(const Udp& from, const Udp& to, const IpAddress& address, std::uint16_t port,
             milliseconds limit) {
    from.send(address, port, "hello");
    return to.receive(limit).has_value();
}

}  // namespace

PolicyPods::PolicyPods() {
    cluster_.give_pod_cidrs();
    node().settings().pod_cidrs = {"172.20.1.0/24", "fd00:20:1::/64"};
    node().settings().chain = "policy = \"policy-felix\"\n";
    set_policy("60s");
}

void PolicyPods::set_policy(const std::string& startup_deadline, const std::string& more,
                            const std::string& startup) {
    cluster_.set_modules(kube_ + "[policy]\nstartup = \"" + startup + "\"\nstartup_deadline = \"" +
                         startup_deadline + "\"\n" + more);
}

void PolicyPods::create(const std::string& pod, const std::map<std::string, std::string>& labels) {
    auto& made = pods_[pod];
    made.uid = cluster_.create(pod, {.labels = labels});
    made.sandbox = node().sandbox(pod);
}

CniCall PolicyPods::call(const char* verb, const std::string& pod,
                         const std::string& ifname) const {
    const auto& of = pods_.at(pod);
    CniCall call{.verb = verb, .container = pod, .netns = of.sandbox->path(), .ifname = ifname};
    call.args = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + pod + ";K8S_POD_UID=" + of.uid;
    return call;
}

CniReply PolicyPods::add(const std::string& pod, const std::string& ifname) {
    auto reply = node().cni(call("ADD", pod, ifname));
    if (reply.ok()) {
        pods_.at(pod).addresses = reply.addresses();
        pods_.at(pod).result = reply.json;
    }
    return reply;
}

CniReply PolicyPods::check(const std::string& pod) {
    auto checking = call("CHECK", pod);
    checking.more["prevResult"] = pods_.at(pod).result;
    return node().cni(checking);
}

CniReply PolicyPods::del(const std::string& pod) {
    return node().del(pod, *pods_.at(pod).sandbox);
}

bool PolicyPods::reaches(const std::string& from, const std::string& to, std::uint16_t port) {
    const auto& sources = addresses(from);
    const auto& targets = addresses(to);
    return std::equal(
        sources.begin(), sources.end(), targets.begin(), targets.end(),
        [&](const auto& source, const auto& target) {
            const Udp receiver(fd(to), target, port);
            const Udp sender(fd(from), source, 0);
            return eventually(
                [&] { return arrives(sender, receiver, target, port, milliseconds(50)); }, kLimit);
        });
}

bool PolicyPods::is_kept_from(const std::string& from, const std::string& to, std::uint16_t port) {
    const auto& sources = addresses(from);
    const auto& targets = addresses(to);
    return std::equal(sources.begin(), sources.end(), targets.begin(), targets.end(),
                      [&](const auto& source, const auto& target) {
                          const Udp receiver(fd(to), target, port);
                          const Udp sender(fd(from), source, 0);
                          return !arrives(sender, receiver, target, port, milliseconds(200));
                      });
}

std::vector<std::string> PolicyPods::links_with_rules() {
    std::istringstream lines(node().shell("nft -t list table inet terway-policy"));
    std::vector<std::string> links;
    constexpr std::string_view kChain = "\tchain pi_";
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(kChain)) {
            links.push_back(
                line.substr(kChain.size(), line.find(' ', kChain.size()) - kChain.size()));
        }
    }
    return links;
}

double PolicyPods::revision() {
    std::istringstream page(node().http("/metrics"));
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("terway_policy_revision{") &&
            line.find("of=\"have\"") != std::string::npos &&
            line.find("\"policy-felix\"") != std::string::npos) {
            return std::strtod(line.c_str() + line.rfind(' '), nullptr);
        }
    }
    return 0;
}

}  // namespace terway::test
