#include "endpoint/abi_view.hpp"

#include <algorithm>
#include <cstring>

#include "terway/error.hpp"
#include "terway/types.hpp"

namespace terway::endpoint {
std::vector<twy_prefix> to_abi(const std::vector<Prefix>& prefixes) {
    std::vector<twy_prefix> all;
    all.reserve(prefixes.size());
    for (const auto& prefix : prefixes) {
        all.push_back(prefix.to_abi());
    }
    return all;
}

AbiEndpoint::AbiEndpoint(const EndpointSpec& spec, int netns_fd)
    : addresses_(to_abi(spec.addresses)),
      gateways_(to_abi(spec.gateways)),
      subnets_(to_abi(spec.subnets)),
      raw_(sdk::sized<twy_endpoint>()) {
    raw_.netns_fd = netns_fd;
    raw_.container_id = sdk::str(spec.key.container_id);
    raw_.ifname = sdk::str(spec.key.ifname);
    raw_.host_ifname = sdk::str(spec.host_ifname);
    raw_.pod_namespace = sdk::str(spec.pod_namespace);
    raw_.pod_name = sdk::str(spec.pod_name);
    raw_.pod_uid = sdk::str(spec.pod_uid);
    raw_.addresses = addresses_.data();
    raw_.address_count = addresses_.size();
    raw_.gateways = gateways_.data();
    raw_.gateway_count = gateways_.size();
    raw_.eni_ifindex = spec.eni_ifindex;
    std::copy(spec.eni_mac.bytes.begin(), spec.eni_mac.bytes.end(), raw_.eni_mac);
    raw_.eni_id = sdk::str(spec.eni);
    raw_.subnets = subnets_.data();
    raw_.subnet_count = subnets_.size();
    raw_.mtu = spec.mtu;
    raw_.ingress_bps = spec.ingress_bps;
    raw_.egress_bps = spec.egress_bps;
    raw_.ingress_burst = spec.ingress_burst;
    raw_.egress_burst = spec.egress_burst;
    raw_.priority = static_cast<std::uint32_t>(spec.priority);
}

const twy_endpoint& AbiEndpoint::with_state(const std::string& state) {
    raw_.state = sdk::str(state);
    return raw_;
}

twy_attachment to_abi(const Attachment& attachment) {
    auto raw = sdk::sized<twy_attachment>();
    raw.host_ifindex = attachment.host_ifindex;
    raw.pod_ifindex = attachment.pod_ifindex;
    raw.side_ifindex = attachment.side_ifindex;
    raw.mtu = attachment.mtu;
    std::copy(attachment.pod_mac.bytes.begin(), attachment.pod_mac.bytes.end(), raw.pod_mac);
    std::copy(attachment.host_mac.bytes.begin(), attachment.host_mac.bytes.end(), raw.host_mac);
    attachment.host_ifname.copy(raw.host_ifname, sizeof raw.host_ifname - 1);
    for (const auto& gateway : attachment.gateways) {
        if (raw.gateway_count == std::size(raw.gateways)) {
            break;
        }
        raw.gateways[raw.gateway_count++] = gateway.to_abi();
    }
    return raw;
}

Attachment from_abi(const twy_attachment& raw) {
    if (raw.pod_ifindex == 0 || raw.gateway_count > std::size(raw.gateways)) {
        throw Error(Status::Internal, "the module returned no valid attachment");
    }
    Attachment made;
    made.host_ifindex = raw.host_ifindex;
    made.pod_ifindex = raw.pod_ifindex;
    made.side_ifindex = raw.side_ifindex;
    made.mtu = raw.mtu;
    std::copy(std::begin(raw.pod_mac), std::end(raw.pod_mac), made.pod_mac.bytes.begin());
    std::copy(std::begin(raw.host_mac), std::end(raw.host_mac), made.host_mac.bytes.begin());
    made.host_ifname.assign(raw.host_ifname, strnlen(raw.host_ifname, sizeof raw.host_ifname));
    for (std::size_t i = 0; i < raw.gateway_count; ++i) {
        made.gateways.push_back(Prefix::from_abi(raw.gateways[i]));
    }
    return made;
}

}  // namespace terway::endpoint
