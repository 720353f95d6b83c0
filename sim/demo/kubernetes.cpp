// A small cluster: what kubectl applies, terwayd gives its network.
#include <optional>
#include <sstream>

#include "sim/demo/kube_stage.hpp"
#include "sim/demo/probe.hpp"
#include "sim/demo/scenes.hpp"
#include "sim/demo/stage.hpp"

namespace terway::sim::demo {
namespace {

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
        build(story_, cluster_);
        start_daemons(story_, cluster_.value());
        apply();
        talk();
        look();
        err();
        remove();
    }

private:
    void apply() {
        story_.act("A namespace with two pods");
        story_.step("kubectl apply -f shop.yaml", [this] {
            return on_one_line(kubectl({"apply", "-f", "-"}, kManifest));
        });
        for (const auto* pod : {"front", "back"}) {
            await_running(story_, cluster_.value(), kSpace, pod);
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
        await_running(story_, cluster_.value(), kSpace, "hasty");
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
        end(story_, cluster_.value());
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
