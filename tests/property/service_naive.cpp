#include "service_naive.hpp"

#include <optional>
#include <set>
#include <sstream>
#include <tuple>

namespace terway::service_test {
namespace {

using kube::EndpointSlice;
using kube::Service;
using kube::ServicePort;
using kube::SliceEndpoint;

std::set<std::string> split(const kube::Word& names) {
    std::set<std::string> all;
    std::istringstream in(names.text());
    for (std::string name; std::getline(in, name, ',');) {
        all.insert(name);
    }
    return all;
}

// One address and port, with everything that any slice says of it.
struct Place {
    bool ready = false;
    bool serving = false;
    bool terminating = false;
    bool here = false;
    std::set<std::string> zones;
    std::set<std::string> nodes;
    int goodness = -1;
};
using Places = std::map<std::pair<IpAddress, int>, Place>;

int goodness_of(const SliceEndpoint& endpoint) {
    if (endpoint.is_ready) {
        return 4;
    }
    if (endpoint.is_serving) {
        return endpoint.is_terminating ? 3 : 2;
    }
    return endpoint.is_terminating ? 1 : 0;
}

Places places_of(const Cluster& cluster, const Service& service, const ServicePort& port,
                 Family family) {
    Places places;
    // In the order of their names, which is that of the map within a namespace.
    for (const auto& [_, slice] : cluster.slices) {
        if (!(slice.meta.space == service.meta.space) || !(slice.service == service.meta.name) ||
            slice.family != family) {
            continue;
        }
        for (const auto& offered : slice.ports) {
            if (!(offered.name == port.name) || offered.protocol != port.protocol) {
                continue;
            }
            for (const auto& endpoint : slice.endpoints) {
                auto& place = places[{endpoint.address, offered.number}];
                place.here = place.here ||
                             (!endpoint.node.empty() && endpoint.node.text() == cluster.node.name);
                if (goodness_of(endpoint) > place.goodness) {
                    place.goodness = goodness_of(endpoint);
                    place.ready = endpoint.is_ready;
                    place.serving = endpoint.is_serving;
                    place.terminating = endpoint.is_terminating;
                    place.zones = split(endpoint.zones);
                    place.nodes = split(endpoint.nodes);
                }
            }
        }
    }
    return places;
}

// The hints that count: of all who are ready, if each has some and one of them is ours.
bool counts(const Places& places, std::set<std::string> Place::*hints, const std::string& own) {
    bool all = true;
    bool ours = false;
    for (const auto& [_, place] : places) {
        if (place.ready) {
            all = all && !(place.*hints).empty();
            ours = ours || (place.*hints).contains(own);
        }
    }
    return all && ours;
}

bool is_wanted(const Places& places, const Place& place, const service::NodeFacts& node) {
    if (counts(places, &Place::nodes, node.name)) {
        return place.nodes.contains(node.name);
    }
    return !counts(places, &Place::zones, node.zone) || place.zones.contains(node.zone);
}

std::string value_of(const Cluster& cluster, const Service& service, const ServicePort& port,
                     Family family, bool local) {
    const auto all = places_of(cluster, service, port, family);
    Places mine;
    bool anywhere = false;
    for (const auto& [where, place] : all) {
        anywhere = anywhere || place.ready || (place.serving && place.terminating);
        if (!local || place.here) {
            mine.insert({where, place});
        }
    }
    bool somebody_ready = false;
    for (const auto& [_, place] : mine) {
        somebody_ready = somebody_ready || place.ready;
    }
    std::string text;
    for (const auto& [where, place] : mine) {
        const bool gets_new = somebody_ready
                                  ? place.ready && (local || is_wanted(mine, place, cluster.node))
                                  : place.serving && place.terminating;
        const bool keeps_old = port.protocol != kube::Protocol::Udp || place.serving ||
                               place.terminating || place.ready;
        if (gets_new || keeps_old) {
            text += " " + where.first.text() + ":" + std::to_string(where.second) +
                    (gets_new ? "" : "-");
        }
    }
    return text + (local && anywhere ? " drop" : "");
}

struct Claim {
    std::tuple<int, std::string, std::string, std::string> rank;
    std::string value;
};

}  // namespace

Picture naive_picture(const Cluster& cluster) {
    std::map<std::string, Claim> claims;
    for (const auto& each : cluster.services) {
        const auto& name = each.first;
        const auto& service = each.second;
        if (service.is_headless || !service.proxy.empty() ||
            service.type == kube::ServiceType::ExternalName) {
            continue;
        }
        for (const auto& port : service.ports) {
            const auto claim = [&](int origin, const IpAddress& address, int number, bool local) {
                bool has_family = false;
                for (const auto& own : service.cluster_ips) {
                    has_family = has_family || own.is_v4() == address.is_v4();
                }
                if (number == 0 || !has_family) {
                    return;
                }
                const auto key = address.text() + " " + std::to_string(number) + " " +
                                 std::to_string(static_cast<int>(port.protocol));
                Claim made{{origin, service.created.text(), service.meta.space.text(),
                            service.meta.name.text()},
                           name + ":" + port.name.text() + " " +
                               std::to_string(service.affinity_seconds) +
                               value_of(cluster, service, port, address.family(), local)};
                const auto found = claims.find(key);
                if (found == claims.end() || made.rank < found->second.rank) {
                    claims[key] = made;
                }
            };
            for (const auto& address : service.cluster_ips) {
                claim(0, address, port.number, service.is_local);
            }
            for (const auto& address : cluster.node.addresses) {
                claim(1, address, port.node_port, false);
            }
            for (const auto& address : service.balancer_ips) {
                claim(2, address, port.number, false);
            }
            for (const auto& address : service.external_ips) {
                claim(3, address, port.number, false);
            }
        }
    }
    Picture picture;
    for (const auto& [key, claim] : claims) {
        picture[key] = claim.value;
    }
    return picture;
}

}  // namespace terway::service_test
