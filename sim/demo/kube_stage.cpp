#include "sim/demo/kube_stage.hpp"

#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "base/file.hpp"
#include "sim/demo/stage.hpp"
#include "sim/process.hpp"
#include "sim/services.hpp"
#include "terway/error.hpp"

namespace terway::sim::demo {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::chrono::seconds kKubectlLimit{60};

std::string profile(const std::string& node, const std::string& kubeconfig,
                    const std::string& chain) {
    return "profile = \"kubernetes\"\n[chain]\ndataplane = \"veth\"\n" + chain +
           "[pool]\ncool_down = \"2s\"\n"
           "[kube]\nmode = \"kubeconfig\"\nkubeconfig = \"" +
           kubeconfig + "\"\nnode = \"" + node +
           "\"\n[module.veth]\ncluster_cidrs = [\"10.0.0.0/8\", \"172.20.0.0/16\", "
           "\"fd00::/8\"]\n";
}

void start_daemon(Story& story, const Cluster& cluster, Member& member, const std::string& number) {
    const auto& name = member.node.name();
    const auto v4 = "172.20." + number + ".0/24";
    const auto v6 = "fd00:20:" + number + "::/64";
    story.step("kubectl patch node " + name + ": its range of addresses", [&] {
        (void)cluster.kubectl()({"patch", "node", name, "-p",
                                 R"({"spec": {"podCIDR": ")" + v4 + R"(", "podCIDRs": [")" + v4 +
                                     R"(", ")" + v6 + R"("]}})"});
        return v4 + ", " + v6;
    });
    story.step(name + ": terwayd serves, and has the range from there", [&] {
        member.node.start();
        member.before = member.node.kernel_state();
        return fixed(member.node.daemon_rss(), "MiB resident");
    });
}

}  // namespace

Kubectl::Kubectl(const std::string& directory, const std::string& kubeconfig, int netns_fd)
    : directory_(directory), kubeconfig_(directory + "/kubeconfig"), netns_fd_(netns_fd) {
    write_file_durably(kubeconfig_, kubeconfig, 0600);
    const auto outcome =
        run_program({{"sh", "-c", "command -v kubectl"}, {{"PATH", kUsualPath}}, {}, -1, {}, {}},
                    after(kKubectlLimit));
    if (outcome.exit != 0) {
        throw Error(Status::Gone,
                    "kubectl is missing; Debian's is in kubernetes-client (./dev demo kubernetes "
                    "installs it)");
    }
}

std::string Kubectl::operator()(const std::vector<std::string>& words,
                                const std::string& input) const {
    std::vector<std::string> argv{"kubectl", "--kubeconfig", kubeconfig_,
                                  "--cache-dir=" + directory_ + "/kubectl"};
    argv.insert(argv.end(), words.begin(), words.end());
    const auto outcome =
        run_program({argv, {{"PATH", kUsualPath}, {"HOME", directory_}}, input, netns_fd_, {}, {}},
                    after(kKubectlLimit));
    if (outcome.exit != 0) {
        throw Error(Status::Internal, "kubectl failed: " + outcome.err + outcome.out);
    }
    return outcome.out;
}

Member::Member(Simulation& simulation, const std::string& name, const std::string& profile,
               const Binaries& binaries)
    : node(simulation.fabric(), name, profile, binaries),
      plugins(fs::path(binaries.terway).parent_path()) {}

void Member::start_kubelet(kube::KubeServer& server, const Model& model) {
    auto terway = node.cni_config();
    terway["capabilities"] = json::object{{"io.kubernetes.cri.pod-annotations", true}};
    kubelet = std::make_unique<kubelet::Kubelet>(
        server,
        kubelet::KubeletOptions{.node = node.name(),
                                .addresses = model.enis().at("eni-" + node.name()).addresses(),
                                .directory = node.directory() + "/sandboxes",
                                .plugins = plugins,
                                .conflist = {{"cniVersion", "1.0.0"},
                                             {"name", "terway"},
                                             {"plugins", json::array{std::move(terway)}}},
                                .netns_fd = node.netns().fd()});
}

Cluster::Cluster(const std::string& topology, const std::string& chain)
    : topology_(load_whole_topology(topology)),
      simulation_("demo-" + std::to_string(::getpid()), topology_) {
    const auto binaries = Binaries::beside_this_program();
    const auto& directory = simulation_.fabric().directory();
    for (const auto* name : {"node-a", "node-b"}) {
        members_.emplace_back(simulation_, name, profile(name, directory + "/kubeconfig", chain),
                              binaries);
    }
    const auto endpoint = std::string("https://") + kKubeAddress + ":" + std::to_string(kKubePort);
    kubectl_ = std::make_unique<Kubectl>(directory,
                                         simulation_.kube()->kubeconfig(endpoint, "admin-token"),
                                         members_.front().node.netns().fd());
    scheduler_ = std::make_unique<kubelet::Scheduler>(*simulation_.kube());
}

void Cluster::start_kubelets() {
    for (auto& member : members_) {
        member.start_kubelet(*simulation_.kube(), topology_.model);
    }
}

std::shared_ptr<const Sandbox> Cluster::sandbox(const std::string& space,
                                                const std::string& pod) const {
    for (const auto& member : members_) {
        if (member.kubelet != nullptr) {
            if (auto found = member.kubelet->sandbox(space, pod)) {
                return found;
            }
        }
    }
    throw Error(Status::Gone, "pod " + space + "/" + pod + " has no sandbox");
}

std::string Cluster::field(const std::string& space, const std::string& pod,
                           const std::string& path) const {
    return kubectl()({"get", "pod", pod, "-n", space, "-o", "jsonpath={" + path + "}"});
}

std::vector<IpAddress> Cluster::addresses(const std::string& space, const std::string& pod) const {
    std::vector<IpAddress> all;
    std::istringstream words(field(space, pod, ".status.podIPs[*].ip"));
    for (std::string word; words >> word;) {
        all.push_back(ip(word.c_str()));
    }
    return all;
}

std::string on_one_line(const std::string& text) {
    std::istringstream lines(text);
    std::string all;
    for (std::string line; std::getline(lines, line);) {
        all += (all.empty() ? "" : ", ") + line;
    }
    return all;
}

void build(Story& story, std::optional<Cluster>& cluster, const std::string& chain) {
    story.act("Two nodes and a Kubernetes API");
    story.step("the VPC and the API server are up", [&] {
        cluster.emplace(TERWAY_DEMO_KUBE_TOPOLOGY, chain);
        return std::string("10.0.0.0/24: node-a 10.0.0.10, node-b 10.0.0.11; API server ") +
               kKubeAddress;
    });
    story.step("a kubelet on each node registers it", [&] {
        cluster.value().start_kubelets();
        return on_one_line(cluster->kubectl()({"get", "nodes", "-o", "name"}));
    });
}

void start_daemons(Story& story, Cluster& cluster) {
    story.act("The daemon on each node");
    int number = 0;
    for (auto& member : cluster.members()) {
        start_daemon(story, cluster, member, std::to_string(++number));
    }
    tell(story, cluster.kubectl()({"get", "nodes"}));
}

void await_running(Story& story, const Cluster& cluster, const std::string& space,
                   const std::string& pod) {
    story.step("pod " + pod + " runs", [&] {
        return eventually(
            [&] {
                const auto phase = cluster.field(space, pod, ".status.phase");
                if (phase != "Running") {
                    refute("it is " + phase);
                }
                return cluster.field(space, pod, ".spec.nodeName") + ", " +
                       cluster.field(space, pod, ".status.podIP");
            },
            kKubePatience);
    });
}

void end(Story& story, Cluster& cluster) {
    Stage stage(story);
    for (auto& member : cluster.members()) {
        story.step("nothing is left on " + member.node.name(), [&] {
            if (const auto count = member.kubelet->sandboxes(); count != 0) {
                refute(std::to_string(count) + " sandboxes are left");
            }
            return Stage::nothing_left(member.node, member.before);
        });
        stage.stop(member.node);
    }
}

void tell(Story& story, const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        story.note(line);
    }
}

}  // namespace terway::sim::demo
