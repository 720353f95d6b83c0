#include "policy_node.hpp"

#include <poll.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "base/netns.hpp"
#include "interrupt.hpp"
#include "pod_node.hpp"
#include "readings.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

namespace json = boost::json;
using sim::kube::Api;
using sim::kube::kind_named;
using sim::kube::meta_text;

constexpr const char* kCidr = "172.20.0.0/18";
constexpr std::chrono::seconds kSyncPatience{120};
constexpr std::size_t kHistory = 5000;

sim::kube::ApiOptions options() {
    sim::kube::ApiOptions all;
    all.cluster.history = kHistory;
    all.cluster.finish_pods = true;
    return all;
}

std::string with_policies(std::string profile, const std::string& module) {
    const std::string after = "[chain]\n";
    profile.insert(profile.find(after) + after.size(), "policy = \"" + module + "\"\n");
    return profile;
}

// The link on the node, of a CNI result.
std::string link_of(const std::string& result) {
    const auto parsed = json::parse(result);
    for (const auto& each : parsed.at("interfaces").as_array()) {
        const auto& link = each.as_object();
        const auto* sandbox = link.if_contains("sandbox");
        if (sandbox == nullptr || sandbox->as_string().empty()) {
            return std::string(link.at("name").as_string());
        }
    }
    throw Error(Status::Internal, "the CNI result names no link on the node: " + result);
}

}  // namespace

void store_object(Api& api, const char* kind, json::object object) {
    const sim::kube::Key key{meta_text(object, "namespace"), meta_text(object, "name")};
    (void)api.store().put(kind_named(kind).stored(), key, std::move(object));
}

PolicyPod add_pod(const Contender& contender, std::uint32_t number, const std::string& space,
                  const std::string& name, const std::string& uid) {
    Sandbox sandbox(contender.name() + "-" + std::to_string(number));
    auto command = contender.command("ADD", number, sandbox);
    command.environment.push_back("CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=" + space +
                                  ";K8S_POD_NAME=" + name + ";K8S_POD_UID=" + uid);
    const NetnsScope scope(contender.node());
    const auto result = run_timed(command).ran.output;
    return {std::move(sandbox), link_of(result), address_of(result)};
}

PolicyNode::PolicyNode(const Programs& programs, const std::string& scratch,
                       const std::string& name, std::string module)
    : server_(std::make_unique<sim::kube::KubeServer>(options())),
      programs_(programs),
      directory_(scratch + "/" + name),
      module_(std::move(module)),
      kubeconfig_(scratch + "/kubeconfig-" + name),
      contender_(name, programs.bin + "/terway", "") {
    const auto now = server_->time();
    server_->with([&](Api& api) {
        (void)api.cluster().create(kind_named("nodes"), "",
                                   json::object{{"metadata", json::object{{"name", kName}}}},
                                   {now});
    });
    const NetnsScope scope(netns());
    std::ofstream(kubeconfig_) << server_->kubeconfig(server_->endpoint(), "admin-token");
}

// What a module pinned would outlive the node.
PolicyNode::~PolicyNode() {
    struct stat facts {};
    if (::fstat(netns(), &facts) == 0) {
        std::error_code ignored;
        std::filesystem::remove_all("/sys/fs/bpf/terway/net-" + std::to_string(facts.st_ino),
                                    ignored);
    }
}

void PolicyNode::start_daemon() {
    daemon_ = std::make_unique<Daemon>(programs_, directory_, netns(),
                                       with_policies(vpc_route_profile(kCidr), module_) +
                                           "[kube]\nmode = \"kubeconfig\"\nkubeconfig = \"" +
                                           kubeconfig_ + "\"\nnode = \"" + kName + "\"\n");
    contender_.configure(daemon_->network_config());
}

void PolicyNode::await_first_sync() const {
    const auto deadline = after(kSyncPatience);
    while (metric_of(daemon_->metrics(), "terway_policy_revision", "of=\"have\"").value_or(0) < 1) {
        check_interrupted();
        if (Clock::now() > deadline) {
            throw Error(Status::Internal,
                        "terwayd never has its policies in force; its log:\n" + daemon_->log());
        }
        (void)::poll(nullptr, 0, 20);
    }
}

PolicyPod PolicyNode::add(const json::object& pod) {
    return add_pod(contender_, ++pods_, meta_text(pod, "namespace"), meta_text(pod, "name"),
                   meta_text(pod, "uid"));
}

}  // namespace terway::bench
