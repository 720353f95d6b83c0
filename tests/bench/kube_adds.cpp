#include "kube_adds.hpp"

#include <chrono>
#include <fstream>
#include <memory>

#include "contender.hpp"
#include "sim/kube/server.hpp"

namespace terway::bench {
namespace {

namespace json = boost::json;
using sim::kube::Api;
using sim::kube::kind_named;

constexpr const char* kNode = "node-a";
constexpr const char* kPrefix = "web";
constexpr const char* kCidr = "172.20.0.0/18";
// A pod is made while this many are still waiting for their ADD, so that the daemon knows it by
// then.
constexpr std::uint32_t kAhead = 20;

json::object pod(const std::string& name, const std::string& node) {
    return {
        {"metadata",
         json::object{{"name", name},
                      {"labels", json::object{{"app", kPrefix}, {"pod-template-hash", "5d4f8"}}}}},
        {"spec", json::object{{"nodeName", node},
                              {"containers", json::array{json::object{
                                                 {"name", "web"}, {"image", "registry/web:1"}}}}}}};
}

sim::kube::ApiOptions options() {
    sim::kube::ApiOptions all;
    all.cluster.history = 1000;
    all.cluster.finish_pods = true;
    return all;
}

class KubeNode {
public:
    KubeNode(const Programs& programs, const std::string& scratch, unsigned others)
        : server_(options()),
          with_("kube", programs.bin + "/terway", ""),
          without_("plain", programs.bin + "/terway", "") {
        fill(others);
        with_daemon_ = std::make_unique<Daemon>(programs, scratch + "/kube", with_.node(),
                                                vpc_route_profile(kCidr) + kube_section(scratch));
        without_daemon_ = std::make_unique<Daemon>(programs, scratch + "/plain", without_.node(),
                                                   vpc_route_profile(kCidr));
        with_.configure(with_daemon_->network_config());
        without_.configure(without_daemon_->network_config());
        with_.name_pods(kPrefix);
        without_.name_pods(kPrefix);
    }

    KubeAdds run(unsigned rounds) {
        for (std::uint32_t number = 1; number <= kAhead; ++number) {
            create(number);
        }
        Duel duel(with_, without_);
        duel.surround([this](std::uint32_t number) { create(number + kAhead); },
                      [this](std::uint32_t number) { remove(number); });
        duel.warm_up();
        auto [with, without] = duel.run("Kubernetes", rounds);
        return {std::move(with), std::move(without), with_daemon_->memory()};
    }

private:
    void put(Api& api, const std::string& name, const std::string& node) {
        (void)api.cluster().create(kind_named("pods"), "default", pod(name, node), {now_});
    }
    void create(std::uint32_t number) {
        server_.with([&](Api& api) { put(api, name_of(number), kNode); });
    }
    void remove(std::uint32_t number) {
        server_.with([&](Api& api) {
            (void)api.cluster().remove(kind_named("pods"), {"default", name_of(number)}, {},
                                       {now_});
        });
    }
    static std::string name_of(std::uint32_t number) {
        return std::string(kPrefix) + "-" + std::to_string(number);
    }
    void fill(unsigned others) {
        server_.with([&](Api& api) {
            (void)api.cluster().create(kind_named("nodes"), "",
                                       json::object{{"metadata", json::object{{"name", kNode}}}},
                                       {now_});
            for (unsigned number = 0; number < others; ++number) {
                put(api, "other-" + std::to_string(number), "node-" + std::to_string(number / 100));
            }
        });
    }

    std::string kube_section(const std::string& scratch) {
        const NetnsScope scope(with_.node());
        const auto file = scratch + "/kubeconfig";
        std::ofstream(file) << server_.kubeconfig(server_.endpoint(), "admin-token");
        return "[kube]\nmode = \"kubeconfig\"\nkubeconfig = \"" + file + "\"\nnode = \"" + kNode +
               "\"\n";
    }

    sim::kube::KubeServer server_;
    const WallTime now_ = server_.time();
    Contender with_;
    Contender without_;
    std::unique_ptr<Daemon> with_daemon_;
    std::unique_ptr<Daemon> without_daemon_;
};

}  // namespace

KubeAdds run_kube_adds(const Programs& programs, const std::string& scratch, unsigned others,
                       unsigned rounds) {
    return KubeNode(programs, scratch, others).run(rounds);
}

}  // namespace terway::bench
