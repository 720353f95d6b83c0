#include "churn_node.hpp"

#include "cloud/effects.hpp"
#include "sim/topology.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

using std::chrono::milliseconds;

constexpr const char* kInstance = "i-churn";
constexpr std::chrono::minutes kOrderTakes{2};
constexpr milliseconds kBetweenReads{1000};

// A large node, as 10 pods a second need: 15 secondary ENIs with 50 addresses each.
sim::Topology topology() {
    auto out = sim::parse_whole_topology(
        "[vpc]\ncidr = \"10.0.0.0/8\"\n"
        "[[vswitch]]\nid = \"vsw-a\"\ncidr = \"10.0.0.0/16\"\n"
        "[[instance_type]]\nid = \"bench.large\"\nenis = 16\nipv4 = 50\nipv6 = 50\ntotal = 16\n"
        "[[node]]\nname = \"churn\"\nvswitch = \"vsw-a\"\ntype = \"bench.large\"\n"
        "address = \"10.0.0.10\"\n"
        "[cloud]\nprofile = \"realistic\"\nlatency = \"0ms\"\n",
        "benchmark");
    return out;
}

cloud::Settings api_settings(const std::string& endpoint) {
    cloud::Settings settings;
    settings.region = "cn-hangzhou";
    settings.ecs_endpoint = endpoint;
    settings.vpc_endpoint = endpoint;
    settings.credentials = cloud::CredentialKind::Role;
    return settings;
}

pool::EniSettings pool_settings() {
    pool::EniSettings settings;
    settings.instance = kInstance;
    settings.instance_type = "bench.large";
    settings.vpc = "vpc-sim";
    settings.vswitches = {"vsw-a"};
    settings.security_groups = {"sg-default"};
    return settings;
}

}  // namespace

std::optional<std::uint32_t> VirtualNics::find(const Mac& /*mac*/) {
    return 1;
}

void VirtualNics::await_change(const cloud::Patience& patience) {
    sleep_(left(patience.deadline));
}

ChurnNode::ChurnNode(VirtualTime& time, const VirtualNics::Sleep& sleep)
    : time_(time),
      sleep_([this, sleep](milliseconds span) {
          sleep(span);
          (void)synchronised();
      }),
      server_(topology().model, topology().settings, topology().types, 1),
      settings_(pool_settings()),
      metadata_(server_.metadata_endpoint(kInstance), effects()),
      api_(cloud::make_cloud(api_settings(server_.endpoint()), metadata_, log_, effects())),
      nics_(sleep_),
      pool_(
          settings_, observer_, [this] { return time_.now(); }, [] { return std::uint64_t{0}; }),
      worker_(
          {*api_, metadata_, nics_, journal_, pool_, observer_}, settings_,
          [this] { return time_.now(); }, cloud::random_nonce) {
    server_.with([](sim::Cloud& cloud) { cloud.keys().add_role("terway", "*"); });
    worker_.begin();
}

WallTime ChurnNode::synchronised() {
    const auto behind = time_.now() - server_.time();
    if (behind > milliseconds(0)) {
        server_.skip(behind);
    }
    time_.forward(server_.time());
    return time_.now();
}

cloud::Effects ChurnNode::effects() {
    cloud::Effects out;
    out.wall = [this] { return synchronised(); };
    out.steady = [this] { return Deadline(time_.now().time_since_epoch()); };
    out.pause = [this](milliseconds span, const cloud::Patience& /*patience*/) {
        sleep_(span);
        return true;
    };
    return out;
}

cloud::Patience ChurnNode::patience() {
    return {{}, Deadline(synchronised().time_since_epoch()) + kOrderTakes};
}

void ChurnNode::work() {
    for (const auto& order : pool_.await_orders({}, Deadline{})) {
        worker_.carry_out(order, patience());
    }
    const auto since = time_.now() - last_read_;
    if (since >= settings_.reconcile_every ||
        (since >= kBetweenReads && pool_.await_resync({}, Deadline{}))) {
        worker_.resync(patience());
        last_read_ = time_.now();
    }
}

std::uint64_t ChurnNode::changing_calls() {
    return server_.with([](sim::Cloud& cloud) { return cloud.calls().mutating(); });
}

std::uint64_t ChurnNode::calls() {
    return server_.with([](sim::Cloud& cloud) { return cloud.calls().total(); });
}

std::vector<sim::Eni> ChurnNode::attached() {
    return server_.with([](sim::Cloud& cloud) {
        std::vector<sim::Eni> out;
        for (const auto& [id, eni] : cloud.model().enis()) {
            if (eni.attachment && eni.attachment->instance == kInstance &&
                !eni.attachment->primary()) {
                out.push_back(eni);
            }
        }
        return out;
    });
}

std::set<IpAddress> ChurnNode::cloud_addresses() {
    std::set<IpAddress> out;
    for (const auto& eni : attached()) {
        const auto addresses = eni.addresses();
        out.insert(addresses.begin(), addresses.end());
    }
    return out;
}

std::set<std::string> ChurnNode::cloud_enis() {
    std::set<std::string> out;
    for (const auto& eni : attached()) {
        out.insert(eni.id);
    }
    return out;
}

}  // namespace terway::bench
