#include "sim/simulation.hpp"

#include "base/netns.hpp"
#include "sim/services.hpp"

namespace terway::sim {

Simulation::Simulation(const std::string& name, const Topology& topology)
    : fabric_(name), cloud_(topology.model, topology.settings, topology.types, topology.seed) {
    fabric_.render(topology.model);
    cloud_.on_change([this](const Model& model) { fabric_.render(model); });
    admit(cloud_, topology);
    if (topology.model.vpc().services) {
        constexpr std::uint16_t kHttp = 80;
        const NetnsScope scope(Netns::open(fabric_.netns_path("cloud")).fd());
        cloud_.listen_openapi(kOpenApiAddress, kHttp);
        cloud_.listen_metadata(kMetadataAddress, kHttp);
    }
    if (topology.kube) {
        kube_ = std::make_unique<kube::KubeServer>(
            topology.kube->options,
            std::vector<std::string>{
                std::string("IP:") + kKubeAddress,
                "IP:" + topology.kube->options.cluster.services.address().plus(1).text()});
        if (topology.model.vpc().services) {
            const NetnsScope scope(Netns::open(fabric_.netns_path("cloud")).fd());
            kube_->listen(kKubeAddress, kKubePort);
        }
    }
}

void Simulation::serve_tls() {
    constexpr std::uint16_t kHttps = 443;
    const NetnsScope scope(Netns::open(fabric_.netns_path("cloud")).fd());
    cloud_.listen_openapi(kOpenApiAddress, kHttps, true);
}

void admit(CloudServer& server, const Topology& topology) {
    server.with([&](Cloud& cloud) {
        if (!topology.keys.empty()) {
            cloud.keys() = Keys();
        }
        for (const auto& key : topology.keys) {
            cloud.keys().add(key);
        }
        for (const auto& role : topology.roles) {
            cloud.keys().add_role(role.name, role.instances);
        }
    });
}

}  // namespace terway::sim
