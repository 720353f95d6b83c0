#include "cloud_node.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "sim/topology.hpp"
#include "sim_names.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr const char* kPrefix = "enitest-";
constexpr std::uint16_t kPort = 4711;

std::string text(const json::value& value) {
    return std::string(value.as_string());
}

IpAddress ip(const char* address) {
    return IpAddress::parse(address).value();
}

std::string fresh_name() {
    static unsigned count = 0;
    remove_orphans(kPrefix);
    return kPrefix + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

sim::Topology topology(const CloudSettings& settings) {
    auto all = std::string(R"(
[vpc]
cidr = "10.0.0.0/8"
cidr6 = "fd00:10::/56"
[[vswitch]]
id = "vsw-a"
cidr = "10.0.0.0/24"
cidr6 = "fd00:10::/64"
[[vswitch]]
id = "vsw-b"
cidr = "10.0.1.0/24"
cidr6 = "fd00:10:0:1::/64"
[[node]]
name = "a"
vswitch = "vsw-a"
address = "10.0.0.10"
address6 = "fd00:10::10"
type = ")") + settings.type +
               R"("
[[node]]
name = "b"
vswitch = "vsw-a"
address = "10.0.0.11"
address6 = "fd00:10::11"
)" + settings.topology;
    if (settings.role) {
        all += "\n[[role]]\nname = \"pods\"\n";
    }
    all += "\n[cloud]\n" + settings.simulation + "\n";
    return sim::parse_whole_topology(all, "topology");
}

Settings node_settings(const CloudSettings& settings) {
    Settings out;
    out.pod_cidrs = settings.pod_cidrs;
    out.dataplane = settings.dataplane;
    out.chain = settings.chain;
    out.modules = settings.modules;
    out.cool_down = settings.cool_down;
    out.pool = "source = \"" + settings.source + "\"\n" + settings.pool;
    out.cloud =
        "metadata = \"http://100.100.100.200\"\n"
        "ecs_endpoint = \"http://100.100.0.1\"\n"
        "vpc_endpoint = \"http://100.100.0.1\"\n"
        "sts_endpoint = \"http://100.100.0.1\"\n"
        "call_timeout = \"" +
        settings.call_timeout + "\"\n" + settings.cloud;
    if (!settings.pod_cidrs.empty()) {
        out.cloud += "\nmanage_routes = true\n";
    }
    out.veth = settings.source == "eni" ? "mode = \"secondary-ip\"" : "mode = \"vpc-route\"";
    return out;
}

void write_keys(const std::string& path) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string keys = "access_key_id = \"testid\"\naccess_key_secret = \"testsecret\"\n";
    if (::write(file.get(), keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
        throw system_error(path, errno);
    }
}

std::vector<std::string> lines(const std::string& all) {
    std::vector<std::string> out;
    std::istringstream in(all);
    for (std::string line; std::getline(in, line);) {
        out.push_back(line);
    }
    return out;
}

std::string mapping_trouble(const json::value& mapping) {
    std::string out;
    for (const auto& row : mapping.at("rows").as_array()) {
        if (!row.at("ok").as_bool()) {
            out += "mapping: " + json::serialize(row) + "\n";
        }
    }
    if (!mapping.at("trouble").as_string().empty()) {
        out += "mapping: " + text(mapping.at("trouble")) + "\n";
    }
    return out;
}

}  // namespace

CloudNode::CloudNode(const CloudSettings& settings)
    : simulation_(fresh_name(), topology(settings)),
      neighbour_(Netns::open(simulation_.fabric().netns_path("b"))),
      node_(std::make_unique<Node>(node_settings(settings),
                                   Netns::open(simulation_.fabric().netns_path("a")))) {
    if (settings.in_the_past) {
        cloud().skip(-2min);
    }
    const auto keys = node_->files() / "credentials.toml";
    write_keys(keys);
    if (settings.role) {
        node_->settings().cloud += "\ncredentials = \"role\"";
    } else {
        node_->settings().cloud += "\ncredentials = \"file\"\ncredentials_file = \"" + keys + "\"";
    }
}

int CloudNode::add_fault(const sim::FaultRule& rule) {
    const auto now = cloud().time();
    return cloud().with([&](sim::Cloud& all) { return all.faults().add(rule, now); });
}

void CloudNode::clear_faults() {
    cloud().with([](sim::Cloud& all) { all.faults().clear(); });
}

unsigned CloudNode::struck(int fault) {
    return cloud().with([&](sim::Cloud& all) {
        for (const auto& entry : all.faults().list()) {
            if (entry.id == fault) {
                return entry.struck;
            }
        }
        return 0U;
    });
}

void CloudNode::set(const std::string& key, const std::string& value) {
    cloud().with([&](sim::Cloud& all) { all.settings().set(key, value); });
}

void CloudNode::go_away() {
    node_->shell(
        "ip route add unreachable 100.100.0.1 && ip route add unreachable 100.100.100.200");
}

void CloudNode::come_back() {
    node_->shell(
        "ip route del unreachable 100.100.0.1 && ip route del unreachable 100.100.100.200");
}

std::uint64_t CloudNode::calls(const std::string& action) {
    return cloud().with([&](sim::Cloud& all) { return all.calls().count(action); });
}

std::uint64_t CloudNode::mutating_calls() {
    return cloud().with([](sim::Cloud& all) { return all.calls().mutating(); });
}

std::set<std::string> CloudNode::actions() {
    return cloud().with([](sim::Cloud& all) {
        std::set<std::string> out;
        for (const auto& entry : all.calls().entries()) {
            out.insert(entry.product + ":" + entry.action);
        }
        return out;
    });
}

std::map<std::string, CloudEni> CloudNode::enis() {
    return cloud().with([](sim::Cloud& all) {
        std::map<std::string, CloudEni> out;
        for (const auto& [id, view] : all.enis().now()) {
            const auto& eni = view->eni;
            if (eni.attachment && eni.attachment->primary()) {
                continue;
            }
            const auto addresses = eni.addresses();
            out[id] = {sim::name_of(view->record.status),
                       view->record.instance,
                       eni.vswitch,
                       {addresses.begin(), addresses.end()},
                       eni.prefixes};
        }
        return out;
    });
}

void CloudNode::set_pool(const std::string& lines) {
    node_->settings().pool = "source = \"eni\"\n" + lines;
}

void CloudNode::detach(const std::string& eni) {
    const auto now = cloud().time();
    cloud().with([&](sim::Cloud& all) { all.enis().tear_off(eni, now); });
}

void CloudNode::take_away(const std::string& eni, const IpAddress& address) {
    const auto now = cloud().time();
    cloud().with([&](sim::Cloud& all) { all.enis().take_away(eni, {{address}, {}}, now); });
}

std::string CloudNode::difference() {
    std::string out = disagreement(*node_) + mapping_trouble(node_->ctl_json("mapping"));
    std::set<std::string> known;
    const auto pool = node_->ctl_json("pool");
    for (const auto& eni : pool.at("enis").as_array()) {
        if (eni.at("state") != "ready") {
            out += "pool: " + json::serialize(eni) + "\n";
        }
        known.insert(text(eni.at("id")));
    }
    for (const auto& [id, eni] : enis()) {
        if (known.erase(id) == 0) {
            out += "the pool does not know " + id + ", " + eni.status + "\n";
        } else if (eni.status != "InUse" || eni.instance != kInstance) {
            out += id + " is " + eni.status + " at " + eni.instance + "\n";
        }
    }
    for (const auto& id : known) {
        out += "the cloud does not know " + id + "\n";
    }
    return out;
}

std::string CloudNode::agreed(std::chrono::milliseconds limit) {
    std::string trouble;
    (void)eventually(
        [&] {
            trouble = difference();
            return trouble.empty();
        },
        limit);
    return trouble;
}

std::size_t CloudNode::in_state(const std::string& state) const {
    std::size_t count = 0;
    const auto pool = node_->ctl_json("pool");
    for (const auto& eni : pool.at("enis").as_array()) {
        for (const auto& address : eni.at("addresses").as_array()) {
            count += text(address.at("state")) == state ? 1 : 0;
        }
    }
    return count;
}

std::string CloudNode::troubles() const {
    std::string out;
    const auto pool = node_->ctl_json("pool");
    for (const auto& each : pool.at("troubles").as_array()) {
        out += text(each) + "\n";
    }
    return out;
}

double CloudNode::metric(const std::string& name_and_labels) const {
    for (const auto& line : lines(node_->http("/metrics"))) {
        if (line.starts_with(name_and_labels + " ")) {
            return std::stod(line.substr(name_and_labels.size() + 1));
        }
    }
    return 0;
}

double CloudNode::metric_sum(const std::string& name, const std::string& labels) const {
    double sum = 0;
    for (const auto& line : lines(node_->http("/metrics"))) {
        if ((line.starts_with(name + "{") || line.starts_with(name + " ")) &&
            line.find(labels) != std::string::npos) {
            sum += std::stod(line.substr(line.rfind(' ') + 1));
        }
    }
    return sum;
}

bool CloudNode::talks(const Sandbox& pod, const IpAddress& address) const {
    const auto far = ip(address.is_v4() ? kNeighbour4 : kNeighbour6);
    const Udp inside(pod.fd(), address, kPort);
    const Udp outside(neighbour_->fd(), far, kPort);
    inside.send(far, kPort, "hello");
    const auto heard = outside.receive();
    if (!heard || heard->from != address) {
        return false;
    }
    outside.send(address, kPort, "yourself");
    const auto answered = inside.receive();
    return answered && answered->from == far;
}

CniCall add_of(const std::string& container, const Sandbox& pod, const std::string& pod_namespace,
               const std::string& pod_name) {
    return {.verb = "ADD",
            .container = container,
            .netns = pod.path(),
            .args = "K8S_POD_NAMESPACE=" + pod_namespace + ";K8S_POD_NAME=" + pod_name};
}

}  // namespace terway::test
