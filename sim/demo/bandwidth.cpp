// Limits of running pods, set, changed and removed with kubectl while a stream goes on.
#include <cmath>
#include <optional>

#include "sim/demo/flow.hpp"
#include "sim/demo/kube_stage.hpp"
#include "sim/demo/scenes.hpp"
#include "sim/demo/stage.hpp"

namespace terway::sim::demo {
namespace {

using std::chrono::milliseconds;

constexpr const char* kSpace = "default";
constexpr const char* kIngress = "kubernetes.io/ingress-bandwidth";
constexpr const char* kEgress = "k8s.aliyun.com/egress-bandwidth";
constexpr std::uint16_t kStreamPort = 5001;
constexpr milliseconds kSample{250};
constexpr milliseconds kSettle{1500};  // what was queued before the change drains
constexpr milliseconds kMeasure{2000};
constexpr double kMega = 1e6;
constexpr double kPerMark = 5 * kMega;  // bits a second for each character of a bar
constexpr int kWidest = 44;
// Payload beside bytes on the wire, and what a busy machine adds and takes away.
constexpr double kLeast = 0.85;
constexpr double kMost = 1.03;

constexpr const char* kManifest = R"(apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  nodeName: node-a
  containers: [{name: c, image: nobody-runs-it}]
---
apiVersion: v1
kind: Pod
metadata: {name: server}
spec:
  nodeName: node-b
  containers: [{name: c, image: nobody-runs-it}]
)";

std::string in_mega(double rate) {
    return fixed(rate / kMega, "Mbit/s");
}

class Bandwidth {
public:
    explicit Bandwidth(Story& story) : story_(story) {}

    void perform() {
        build(story_, cluster_, "qos = \"bandwidth-tc\"\n");
        start_daemons(story_, cluster_.value());
        apply();
        open();
        change();
        remove();
    }

private:
    void apply() {
        story_.act("A client and a server");
        story_.step("kubectl apply", [this] {
            return on_one_line(kubectl({"apply", "-f", "-"}, kManifest));
        });
        for (const auto* pod : {"client", "server"}) {
            await_running(story_, cluster_.value(), kSpace, pod);
        }
    }

    void open() {
        const auto client = cluster_.value().sandbox(kSpace, "client");
        const auto server = cluster_.value().sandbox(kSpace, "server");
        story_.step("the client streams to the server", [&] {
            flow_.emplace(client->fd(), server->fd(),
                          cluster_.value().addresses(kSpace, "server").at(0), kStreamPort,
                          after(kPatience));
            return std::string("one TCP connection, until the end");
        });
        story_.act("Rate over time");
        unlimited_ = watch("no limit", milliseconds(1000));
    }

    void change() {
        annotate("server", std::string(kIngress) + "=100M");
        expect("100 Mbit/s towards the server", 100 * kMega);
        annotate("server", std::string(kIngress) + "=20M");
        expect("20 Mbit/s", 20 * kMega);
        tell(story_, cluster_.value().members().back().node.tell("endpoints"));
        annotate("server", std::string(kIngress) + "-");
        annotate("client", std::string(kEgress) + "=10M");  // bytes, and powers of 1024
        expect("10 MiB/s from the client", 8.0 * 10 * 1024 * 1024);
        annotate("client", std::string(kEgress) + "-");
        story_.step("without a limit it is as fast as before", [this] {
            const auto rate = watch("no limit", kMeasure);
            if (rate < unlimited_ / 3) {
                refute(in_mega(rate) + " after " + in_mega(unlimited_));
            }
            return in_mega(rate);
        });
    }

    void annotate(const std::string& pod, const std::string& annotation) {
        story_.step("kubectl annotate pod " + pod + " " + annotation, [&] {
            return on_one_line(kubectl({"annotate", "pod", pod, "--overwrite", annotation}));
        });
    }

    void expect(const std::string& what, double limit) {
        (void)watch("", kSettle);
        story_.step(what, [&] {
            const auto rate = watch("", kMeasure);
            if (rate < kLeast * limit || rate > kMost * limit) {
                refute(in_mega(rate) + " of " + in_mega(limit));
            }
            return in_mega(rate) + " of payload";
        });
    }

    // Draws it, and answers the mean.
    double watch(const std::string& title, milliseconds span) {
        if (!title.empty()) {
            story_.note(title);
        }
        double sum = 0;
        int count = 0;
        for (auto end = after(span); Clock::now() < end; ++count) {
            const auto rate = flow_.value().rate(kSample);
            sum += rate;
            const auto marks = static_cast<int>(std::lround(rate / kPerMark));
            story_.note(std::string(static_cast<std::size_t>(std::min(marks, kWidest)), '#') +
                        (marks > kWidest ? ">> " : " ") + in_mega(rate));
        }
        return sum / count;
    }

    void remove() {
        story_.act("Pods go");
        flow_.reset();
        story_.step("kubectl delete pod client server", [this] {
            return on_one_line(kubectl({"delete", "pod", "client", "server"}));
        });
        end(story_, cluster_.value());
    }

    std::string kubectl(const std::vector<std::string>& words, const std::string& input = {}) {
        return cluster_.value().kubectl()(words, input);
    }

    Story& story_;
    std::optional<Cluster> cluster_;
    std::optional<Flow> flow_;
    double unlimited_ = 0;
};

}  // namespace

void bandwidth(Story& story) {
    Bandwidth(story).perform();
}

}  // namespace terway::sim::demo
