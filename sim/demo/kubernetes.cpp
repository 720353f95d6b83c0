// A small cluster: what kubectl applies, terwayd gives its network.
#include <optional>
#include <sstream>

#include "sim/demo/kube_stage.hpp"
#include "sim/demo/probe.hpp"
#include "sim/demo/scenes.hpp"
#include "sim/demo/stage.hpp"
#include "sim/services.hpp"

namespace terway::sim::demo {
namespace {

constexpr std::chrono::seconds kKubePatience{30};
constexpr const char* kSpace = "shop";
constexpr const char* kRate = "k8s.aliyun.com/ingress-bandwidth";

constexpr const char* kManifest = R"(apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: v1
kind: Pod
metadata:
  name: front
  namespace: shop
  labels: {app: front}
spec:
  containers:
  - {name: web, image: nobody-runs-it}
---
apiVersion: v1
kind: Pod
metadata:
  name: back
  namespace: shop
  labels: {app: back}
spec:
  containers:
  - {name: db, image: nobody-runs-it}
)";

constexpr const char* kWrong = R"(apiVersion: v1
kind: Pod
metadata:
  name: hasty
  namespace: shop
  annotations:
    k8s.aliyun.com/ingress-bandwidth: ten
spec:
  containers:
  - {name: web, image: nobody-runs-it}
)";

std::string on_one_line(const std::string& text) {
    std::istringstream lines(text);
    std::string all;
    for (std::string line; std::getline(lines, line);) {
        all += (all.empty() ? "" : ", ") + line;
    }
    return all;
}

// The lines of it that contain the word.
std::string lines_with(const std::string& text, const std::string& word) {
    std::istringstream lines(text);
    std::string all;
    for (std::string line; std::getline(lines, line);) {
        if (line.find(word) != std::string::npos) {
            all += line + "\n";
        }
    }
    return all;
}

class Kubernetes {
public:
    explicit Kubernetes(Story& story) : story_(story), stage_(story) {}

    void perform() {
        build();
        start();
        apply();
        talk();
        look();
        err();
        remove();
    }

private:
    void build() {
        story_.act("Two nodes and a Kubernetes API");
        story_.step("the VPC and the API server are up", [this] {
            cluster_.emplace(TERWAY_DEMO_KUBE_TOPOLOGY);
            return std::string("10.0.0.0/24: node-a 10.0.0.10, node-b 10.0.0.11; API server ") +
                   kKubeAddress;
        });
        story_.step("a kubelet on each node registers it", [this] {
            cluster_.value().start_kubelets();
            return on_one_line(kubectl({"get", "nodes", "-o", "name"}));
        });
    }

    void start() {
        story_.act("The daemon on each node");
        int number = 0;
        for (auto& member : cluster_.value().members()) {
            start(member, std::to_string(++number));
        }
        tell(story_, kubectl({"get", "nodes"}));
    }

    void start(Member& member, const std::string& number) {
        const auto& name = member.node.name();
        const auto v4 = "172.20." + number + ".0/24";
        const auto v6 = "fd00:20:" + number + "::/64";
        story_.step("kubectl patch node " + name + ": its range of addresses", [&] {
            (void)kubectl({"patch", "node", name, "-p",
                           R"({"spec": {"podCIDR": ")" + v4 + R"(", "podCIDRs": [")" + v4 +
                               R"(", ")" + v6 + R"("]}})"});
            return v4 + ", " + v6;
        });
        story_.step(name + ": terwayd serves, and has the range from there", [&] {
            member.node.start();
            member.before = member.node.kernel_state();
            return fixed(member.node.daemon_rss(), "MiB resident");
        });
    }

    void apply() {
        story_.act("A namespace with two pods");
        story_.step("kubectl apply -f shop.yaml", [this] {
            return on_one_line(kubectl({"apply", "-f", "-"}, kManifest));
        });
        for (const auto* pod : {"front", "back"}) {
            await_running(pod);
        }
        tell(story_, kubectl({"get", "pods", "-n", kSpace, "-o", "wide"}));
        story_.step("both are on different nodes, and tell their addresses", [this] {
            std::string all;
            for (const auto* pod : {"front", "back"}) {
                all += (all.empty() ? "" : "; ") +
                       eventually(
                           [&] {
                               const auto told = field(pod, kAddresses);
                               if (told.empty()) {
                                   refute("no annotation on " + std::string(pod));
                               }
                               return told;
                           },
                           kKubePatience);
            }
            if (field("front", ".spec.nodeName") == field("back", ".spec.nodeName")) {
                refute("both are on " + field("front", ".spec.nodeName"));
            }
            return "k8s.aliyun.com/pod-ips: " + all;
        });
    }

    void await_running(const std::string& pod) {
        story_.step("pod " + pod + " runs", [&] {
            return eventually(
                [&] {
                    const auto phase = field(pod, ".status.phase");
                    if (phase != "Running") {
                        refute("it is " + phase);
                    }
                    return field(pod, ".spec.nodeName") + ", " + field(pod, ".status.podIP");
                },
                kKubePatience);
        });
    }

    void talk() {
        story_.act("Packets");
        const auto front = cluster_.value().sandbox(kSpace, "front");
        const auto back = cluster_.value().sandbox(kSpace, "back");
        const auto own = cluster_.value().addresses(kSpace, "front");
        const EchoServer server(back->fd(), kPort);
        const auto from = Netns::open(front->path());
        std::size_t family = 0;
        for (const auto& address : cluster_.value().addresses(kSpace, "back")) {
            const auto suffix = address.is_v4() ? ", IPv4" : ", IPv6";
            stage_.ping(std::string("front to back") + suffix, from, address);
            stage_.tcp(std::string("front to back") + suffix, from, address,
                       own.at(family++).text());
        }
    }

    void look() {
        story_.act("What Kubernetes is told");
        story_.step("kubectl describe pod front: an event of terwayd",
                    [this] { return describe("front", "AllocIPSucceed"); });
        story_.step("the node says that it has addresses", [this] {
            return eventually(
                [this] {
                    const auto status = kubectl(
                        {"get", "node", "node-a", "-o",
                         R"(jsonpath={.status.conditions[?(@.type=="SufficientIP")].status})"});
                    if (status != "True") {
                        refute("SufficientIP is \"" + status + "\"");
                    }
                    return std::string("condition SufficientIP is True");
                },
                kKubePatience);
        });
    }

    void err() {
        story_.act("A pod that asks for nonsense");
        story_.step("kubectl apply -f hasty.yaml", [this] {
            return on_one_line(kubectl({"apply", "-f", "-"}, kWrong)) + ", with " + kRate + ": ten";
        });
        story_.step("it stays Pending, and an event says why", [this] {
            const auto said = describe("hasty", "AllocIPFailed");
            const auto phase = field("hasty", ".status.phase");
            if (phase != "Pending" || said.find(kRate) == std::string::npos) {
                refute("it is " + phase + ": " + said);
            }
            return said;
        });
        story_.step("kubectl annotate puts it right", [this] {
            return on_one_line(kubectl({"annotate", "pod", "hasty", "-n", kSpace, "--overwrite",
                                        std::string(kRate) + "=10M"}));
        });
        await_running("hasty");
    }

    // The event of that reason, by kubectl describe.
    std::string describe(const std::string& pod, const std::string& reason) {
        return eventually(
            [&] {
                const auto text = kubectl({"describe", "pod", pod, "-n", kSpace});
                const auto line = lines_with(text, reason);
                if (line.empty()) {
                    refute("no such event: " + text);
                }
                const auto begin = line.find_first_not_of(' ');
                return line.substr(begin, line.find('\n') - begin);
            },
            kKubePatience);
    }

    void remove() {
        story_.act("Pods go");
        story_.step("kubectl delete pod front", [this] {
            return on_one_line(kubectl({"delete", "pod", "front", "-n", kSpace}));
        });
        story_.step("kubectl delete namespace shop, and all in it", [this] {
            const auto said = on_one_line(kubectl({"delete", "namespace", kSpace}));
            const auto rest = kubectl({"get", "pods", "-A", "-o", "name"});
            if (!rest.empty()) {
                refute("there are still " + rest);
            }
            return said;
        });
        for (auto& member : cluster_.value().members()) {
            story_.step("nothing is left on " + member.node.name(), [&] {
                if (const auto count = member.kubelet->sandboxes(); count != 0) {
                    refute(std::to_string(count) + " sandboxes are left");
                }
                return Stage::nothing_left(member.node, member.before);
            });
            stage_.stop(member.node);
        }
    }

    std::string kubectl(const std::vector<std::string>& words, const std::string& input = {}) {
        return cluster_.value().kubectl()(words, input);
    }
    std::string field(const std::string& pod, const std::string& path) {
        return cluster_.value().field(kSpace, pod, path);
    }

    static constexpr const char* kAddresses = R"(.metadata.annotations.k8s\.aliyun\.com/pod-ips)";

    Story& story_;
    Stage stage_;
    std::optional<Cluster> cluster_;
};

}  // namespace

void kubernetes(Story& story) {
    Kubernetes(story).perform();
}

}  // namespace terway::sim::demo
