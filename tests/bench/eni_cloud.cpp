#include "eni_cloud.hpp"

namespace terway::bench {

sim::Topology eni_topology(const std::string& timing, std::uint64_t seed) {
    const auto node = [](const std::string& name, const std::string& address) {
        return "[[node]]\nname = \"" + name + "\"\nvswitch = \"vsw-a\"\ntype = \"" + kInstanceType +
               "\"\naddress = \"" + address + "\"\n";
    };
    return sim::parse_whole_topology(
        "[vpc]\ncidr = \"10.0.0.0/8\"\ninternet = false\n"
        "[[vswitch]]\nid = \"vsw-a\"\ncidr = \"10.0.0.0/16\"\n" +
            node(kPoolNode, "10.0.0.10") + node(kRouteNode, "10.0.0.11") +
            "[[route]]\ndestination = \"" + kRouteCidr + "\"\nnode = \"" + kRouteNode +
            "\"\n[[role]]\nname = \"terway\"\n[cloud]\nprofile = \"" + timing +
            "\"\nseed = " + std::to_string(seed) + "\n",
        "benchmark");
}

std::string secondary_ip_profile(const std::string& pool) {
    return "profile = \"secondary-ip\"\n"
           "[chain]\ndataplane = \"veth\"\n"
           "[pool]\nsource = \"eni\"\n" +
           pool +
           "[cloud]\ncredentials = \"role\"\n"
           "ecs_endpoint = \"http://100.100.0.1\"\nvpc_endpoint = \"http://100.100.0.1\"\n"
           "[module.veth]\nmode = \"secondary-ip\"\n";
}

}  // namespace terway::bench
