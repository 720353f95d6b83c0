#include "candidate.hpp"

#include <algorithm>

#include "daemon.hpp"
#include "host/kernel_trial.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr double kVethGoal = 1.15;
constexpr double kIpvlanGoal = 1.05;
constexpr double kExclusiveGoal = 1.02;

constexpr const char* kCloud =
    "[cloud]\ncredentials = \"role\"\n"
    "ecs_endpoint = \"http://100.100.0.1\"\nvpc_endpoint = \"http://100.100.0.1\"\n";

std::string eni_profile(const std::string& dataplane, const std::string& pool,
                        const std::string& options) {
    return "profile = \"" + dataplane + "\"\n[chain]\ndataplane = \"" + dataplane + "\"\n[pool]\n" +
           pool + kCloud + "[module." + dataplane + "]\n" + options;
}

std::string plugin_config(const std::string& options) {
    return R"({"cniVersion":"1.0.0","name":"bench",)" + options +
           R"("ipam":{"type":"host-local","dataDir":"DATA","ranges":[[{"subnet":"CIDR"}]],)"
           R"("routes":[{"dst":"0.0.0.0/0"}]}})";
}

bool kernel_has_ipvlan() {
    return !host::KernelTrial().netdev("ipvlan");
}

std::vector<Candidate> everything() {
    const std::string services = std::string("service_cidrs = [\"") + kServiceCidr + "\"]\n";
    const std::string shared = "source = \"eni\"\nmin_idle = 3\nmax_idle = 10\n";
    return {
        {.name = "vpc_route",
         .profile = vpc_route_profile("CIDR"),
         .pod_cidrs = true,
         .goal = kVethGoal},
        // What ptp does and no more.
        {.name = "vpc_route_plain",
         .profile = vpc_route_profile("CIDR") + "source_guard = false\nmasquerade = false\n",
         .pod_cidrs = true,
         .goal = kVethGoal},
        {.name = "secondary_ip",
         .profile = eni_profile("veth", shared, "mode = \"secondary-ip\"\n"),
         .goal = kVethGoal},
        {.name = "ipvlan", .profile = eni_profile("ipvlan", shared, services), .goal = kIpvlanGoal},
        {.name = "eni_exclusive",
         .profile = eni_profile(
             "eni-exclusive",
             "source = \"exclusive-eni\"\n[pool.exclusive]\nmin_idle = 2\nmax_idle = 3\n",
             services),
         .leaves_node = true,
         .goal = kExclusiveGoal},
        {.name = "ptp",
         .ours = false,
         .config = plugin_config(R"("type":"ptp","ipMasq":false,)"),
         .pod_cidrs = true},
        {.name = "bridge",
         .ours = false,
         .config = plugin_config(R"("type":"bridge","bridge":"br0","isGateway":true,)"),
         .pod_cidrs = true},
        {.name = "macvlan",
         .ours = false,
         .config = plugin_config(R"("type":"macvlan","master":"eth0","mode":"bridge",)"),
         .only_same_node = true},
    };
}

}  // namespace

const char* name_of(Path path) {
    switch (path) {
        case Path::SameNode:
            return "same_node";
        case Path::AcrossNodes:
            return "across_nodes";
        case Path::Service:
            return "service";
    }
    return "";
}

std::vector<Candidate> candidates(const std::vector<std::string>& only) {
    auto all = everything();
    if (only.empty()) {
        if (!kernel_has_ipvlan()) {
            std::erase_if(all, [](const auto& each) { return each.name == "ipvlan"; });
        }
        return all;
    }
    std::vector<Candidate> chosen;
    for (const auto& name : only) {
        const auto found = std::find_if(all.begin(), all.end(),
                                        [&](const auto& each) { return each.name == name; });
        if (found == all.end()) {
            std::string known;
            for (const auto& each : all) {
                known += (known.empty() ? "" : ", ") + each.name;
            }
            throw Error(Status::Invalid, "\"" + name + "\" is no dataplane; there are " + known);
        }
        chosen.push_back(*found);
    }
    return chosen;
}

}  // namespace terway::bench
