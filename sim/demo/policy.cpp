// A NetworkPolicy lets in who has a label: nginx, and busybox with and without it.
#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "sim/demo/kube_stage.hpp"
#include "sim/demo/probe.hpp"
#include "sim/demo/scenes.hpp"
#include "sim/demo/stage.hpp"
#include "terway/error.hpp"

namespace terway::sim::demo {
namespace {

constexpr const char* kSpace = "default";
constexpr const char* kStranger = "busybox";
constexpr const char* kFriend = "busybox-access";
constexpr std::uint16_t kHttp = 80;
constexpr std::chrono::milliseconds kAttempt{500};  // shorter than TCP takes to repeat itself

constexpr const char* kManifest = R"(apiVersion: v1
kind: Pod
metadata: {name: nginx, labels: {run: nginx}}
spec:
  nodeName: node-b
  containers: [{name: nginx, image: nginx}]
---
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec:
  selector: {run: nginx}
  ports: [{port: 80}]
---
apiVersion: v1
kind: Pod
metadata: {name: busybox, labels: {run: busybox}}
spec:
  nodeName: node-a
  containers: [{name: busybox, image: busybox}]
---
apiVersion: v1
kind: Pod
metadata: {name: busybox-access, labels: {run: busybox, access: "true"}}
spec:
  nodeName: node-a
  containers: [{name: busybox, image: busybox}]
)";

constexpr const char* kPolicy = R"(apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: access-nginx
spec:
  podSelector:
    matchLabels:
      run: nginx
  ingress:
  - from:
    - podSelector:
        matchLabels:
          access: "true"
)";

class Policy {
public:
    explicit Policy(Story& story) : story_(story) {}

    void perform() {
        build(story_, cluster_, "policy = \"policy-felix\"\n");
        start_daemons(story_, cluster_.value());
        apply();
        before();
        forbid();
        look();
        label();
        remove();
    }

private:
    void apply() {
        story_.act(
            "nginx, its Service, and two clients of which one has the label access: \"true\"");
        story_.step("kubectl apply -f nginx.yaml", [this] {
            return on_one_line(kubectl({"apply", "-f", "-"}, kManifest));
        });
        for (const auto* pod : {"nginx", kStranger, kFriend}) {
            await_running(story_, cluster_.value(), kSpace, pod);
        }
        tell(story_, kubectl({"get", "pods", "-o", "wide", "--show-labels"}));
        story_.step("nginx serves port 80", [this] {
            nginx_ = cluster_.value().sandbox(kSpace, "nginx");
            server_.emplace(nginx_->fd(), kHttp);
            return std::string("an echo server stands in for it");
        });
        story_.step("node-a sends the Service's packets to it", [this] {
            service_ = ip(
                kubectl({"get", "service", "nginx", "-o", "jsonpath={.spec.clusterIP}"}).c_str());
            const auto to = cluster_.value().addresses(kSpace, "nginx").at(0);
            client_node().nft(
                "table ip services { chain pods { type nat hook prerouting priority "
                "dstnat; ip daddr " +
                service_->text() + " tcp dport 80 dnat to " + to.text() + "; }; }");
            return service_->text() + " to " + to.text() + ", as kube-proxy would";
        });
    }

    void before() {
        story_.act("No policy: both get through");
        allowed(kStranger);
        allowed(kFriend);
    }

    void forbid() {
        story_.act("NetworkPolicy access-nginx: only who has the label");
        story_.step("kubectl apply -f policy.yaml", [this] {
            return on_one_line(kubectl({"apply", "-f", "-"}, kPolicy));
        });
        denied(kStranger);
        allowed(kFriend);
    }

    void look() {
        story_.act("What terwayctl says, on the node of nginx");
        show("policy list", {"default/access-nginx", "default/nginx"});
        show("policy explain default/busybox default/nginx 80/TCP",
             {": DENIED\n", "default/access-nginx"});
        show("policy explain default/busybox-access default/nginx 80/TCP",
             {": allowed\n", "default/access-nginx"});
        show("policy counters", {"default/access-nginx"});
        story_.step("what was denied is counted", [this] {
            const auto answer = server_node().ctl("policy counters");
            for (const auto& each : answer.at("policies").as_array()) {
                if (each.at("policy").as_string() == "default/access-nginx") {
                    const auto& counted = each.at("ingress");
                    const auto good = counted.at("allowed").to_number<std::int64_t>();
                    const auto bad = counted.at("denied").to_number<std::int64_t>();
                    if (good == 0 || bad == 0) {
                        refute(std::to_string(good) + " allowed, " + std::to_string(bad) +
                               " denied");
                    }
                    return std::to_string(good) + " connections allowed, " + std::to_string(bad) +
                           " attempts denied";
                }
            }
            refute("no counters of the policy");
        });
    }

    void label() {
        story_.act("The label is given, and taken");
        story_.step("kubectl label pod busybox access=true", [this] {
            return on_one_line(kubectl({"label", "pod", kStranger, "access=true"}));
        });
        allowed(kStranger);
        story_.step("kubectl label pod busybox access-", [this] {
            return on_one_line(kubectl({"label", "pod", kStranger, "access-"}));
        });
        denied(kStranger);
    }

    void remove() {
        story_.act("The policy is deleted");
        story_.step("kubectl delete networkpolicy access-nginx", [this] {
            return on_one_line(kubectl({"delete", "networkpolicy", "access-nginx"}));
        });
        allowed(kStranger);
        allowed(kFriend);
        story_.act("Pods go");
        server_.reset();
        nginx_.reset();
        story_.step("kubectl delete pod nginx busybox busybox-access", [this] {
            client_node().nft("delete table ip services");
            return on_one_line(kubectl({"delete", "pod", "nginx", kStranger, kFriend}));
        });
        end(story_, cluster_.value());
    }

    struct Way {
        std::string name;
        IpAddress to;
    };
    std::vector<Way> ways() {
        std::vector<Way> all{{"Service", service_.value()}};
        for (const auto& each : cluster_.value().addresses(kSpace, "nginx")) {
            all.push_back({each.is_v4() ? "pod, IPv4" : "pod, IPv6", each});
        }
        return all;
    }

    // What was told to the API server takes a moment to reach the kernel; both verdicts are waited
    // for.
    void allowed(const std::string& pod) {
        const auto from = cluster_.value().sandbox(kSpace, pod);
        for (const auto& way : ways()) {
            story_.step(pod + " to nginx (" + way.name + ") gets through", [&] {
                return eventually(
                    [&] {
                        Conversation conversation(from->fd(), way.to, kHttp, after(kAttempt));
                        return way.to.text() + " answers, and sees " +
                               conversation.say("GET /", after(kPatience));
                    },
                    kKubePatience);
            });
        }
    }

    void denied(const std::string& pod) {
        const auto from = cluster_.value().sandbox(kSpace, pod);
        for (const auto& way : ways()) {
            story_.step(pod + " to nginx (" + way.name + ") is denied", [&] {
                return eventually(
                    [&] {
                        if (is_answered(from->fd(), way.to)) {
                            refute(way.to.text() + " answers");
                        }
                        return way.to.text() + " does not answer";
                    },
                    kKubePatience);
            });
        }
    }

    static bool is_answered(int from, const IpAddress& to) {
        try {
            const Conversation conversation(from, to, kHttp, after(kSilence));
            return true;
        } catch (const Error&) {
            return false;
        }
    }

    // Says what it says, which must contain the words.
    void show(const std::string& verb, const std::vector<std::string>& words) {
        std::string said;
        story_.step("terwayctl " + verb, [&] {
            said = server_node().tell(verb);
            const auto missing = std::find_if(
                words.begin(), words.end(),
                [&](const std::string& word) { return said.find(word) == std::string::npos; });
            if (missing != words.end()) {
                refute("no \"" + *missing + "\" in: " + said);
            }
            return std::string();
        });
        tell(story_, said);
    }

    Node& client_node() { return cluster_.value().members().front().node; }
    Node& server_node() { return cluster_.value().members().back().node; }
    std::string kubectl(const std::vector<std::string>& words, const std::string& input = {}) {
        return cluster_.value().kubectl()(words, input);
    }

    Story& story_;
    std::optional<Cluster> cluster_;
    std::shared_ptr<const Sandbox> nginx_;
    std::optional<EchoServer> server_;
    std::optional<IpAddress> service_;
};

}  // namespace

void policy(Story& story) {
    Policy(story).perform();
}

}  // namespace terway::sim::demo
