// The layout of every struct of terway ABI 0.5 on 64-bit Linux, as it was released. This file is
// never edited after a release; a new minor version gets a file of its own that lists what was
// appended.
#include <terway/abi.h>

#include <cstddef>

#define LAYOUT(type, member, offset) \
    static_assert(offsetof(type, member) == (offset), #type "." #member " has moved")
#define SIZE(type, size) static_assert(sizeof(type) == (size), #type " has another size")

static_assert(sizeof(void*) == 8 && sizeof(size_t) == 8, "the layout is that of 64-bit Linux");
static_assert(TWY_MAGIC == 0x59575254 && TWY_NOTE_TYPE == 1);
static_assert(TWY_OK == 0 && TWY_INVALID == 1 && TWY_RETRY == 2 && TWY_UNSUPPORTED == 3 &&
              TWY_GONE == 4 && TWY_INTERNAL == 5);
static_assert(TWY_ALLOW == 1 && TWY_DENY == 2 && TWY_PASS == 3);
static_assert(TWY_NONE == 0 && TWY_BOOL == 1 && TWY_INT == 2 && TWY_STRING == 3 && TWY_TABLE == 4 &&
              TWY_ARRAY == 5 && TWY_OTHER == 6);
static_assert(TWY_LOG_DEBUG == 1 && TWY_LOG_INFO == 2 && TWY_LOG_WARNING == 3 &&
              TWY_LOG_ERROR == 4);
static_assert(TWY_RETIRED_LINK_GROUP == 0x54575259);

SIZE(twy_str, 16);
LAYOUT(twy_str, data, 0);
LAYOUT(twy_str, size, 8);

SIZE(twy_prefix, 20);
LAYOUT(twy_prefix, family, 0);
LAYOUT(twy_prefix, length, 1);
LAYOUT(twy_prefix, reserved, 2);
LAYOUT(twy_prefix, bytes, 4);

SIZE(twy_error, 512);
LAYOUT(twy_error, size, 0);
LAYOUT(twy_error, sys_errno, 4);
LAYOUT(twy_error, message, 8);

SIZE(twy_endpoint, 232);
LAYOUT(twy_endpoint, size, 0);
LAYOUT(twy_endpoint, netns_fd, 4);
LAYOUT(twy_endpoint, container_id, 8);
LAYOUT(twy_endpoint, ifname, 24);
LAYOUT(twy_endpoint, host_ifname, 40);
LAYOUT(twy_endpoint, pod_namespace, 56);
LAYOUT(twy_endpoint, pod_name, 72);
LAYOUT(twy_endpoint, pod_uid, 88);
LAYOUT(twy_endpoint, addresses, 104);
LAYOUT(twy_endpoint, address_count, 112);
LAYOUT(twy_endpoint, gateways, 120);
LAYOUT(twy_endpoint, gateway_count, 128);
LAYOUT(twy_endpoint, eni_ifindex, 136);
LAYOUT(twy_endpoint, mtu, 140);
LAYOUT(twy_endpoint, ingress_bps, 144);
LAYOUT(twy_endpoint, egress_bps, 152);
LAYOUT(twy_endpoint, state, 160);
LAYOUT(twy_endpoint, eni_mac, 176);
LAYOUT(twy_endpoint, reserved, 182);
LAYOUT(twy_endpoint, eni_id, 184);
LAYOUT(twy_endpoint, subnets, 200);
LAYOUT(twy_endpoint, subnet_count, 208);
LAYOUT(twy_endpoint, ingress_burst, 216);
LAYOUT(twy_endpoint, egress_burst, 224);

SIZE(twy_attachment, 92);
LAYOUT(twy_attachment, size, 0);
LAYOUT(twy_attachment, host_ifindex, 4);
LAYOUT(twy_attachment, pod_ifindex, 8);
LAYOUT(twy_attachment, mtu, 12);
LAYOUT(twy_attachment, pod_mac, 16);
LAYOUT(twy_attachment, host_mac, 22);
LAYOUT(twy_attachment, host_ifname, 28);
LAYOUT(twy_attachment, gateway_count, 44);
LAYOUT(twy_attachment, side_ifindex, 48);
LAYOUT(twy_attachment, gateways, 52);

SIZE(twy_node, 40);
LAYOUT(twy_node, size, 0);
LAYOUT(twy_node, reserved, 4);
LAYOUT(twy_node, pod_cidrs, 8);
LAYOUT(twy_node, pod_cidr_count, 16);
LAYOUT(twy_node, addresses, 24);
LAYOUT(twy_node, address_count, 32);

SIZE(twy_eni, 80);
LAYOUT(twy_eni, size, 0);
LAYOUT(twy_eni, ifindex, 4);
LAYOUT(twy_eni, mac, 8);
LAYOUT(twy_eni, reserved, 14);
LAYOUT(twy_eni, id, 16);
LAYOUT(twy_eni, subnets, 32);
LAYOUT(twy_eni, subnet_count, 40);
LAYOUT(twy_eni, gateways, 48);
LAYOUT(twy_eni, gateway_count, 56);
LAYOUT(twy_eni, others, 64);
LAYOUT(twy_eni, other_count, 72);

SIZE(twy_eni_verbs, 32);
LAYOUT(twy_eni_verbs, size, 0);
LAYOUT(twy_eni_verbs, reserved, 4);
LAYOUT(twy_eni_verbs, prepare, 8);
LAYOUT(twy_eni_verbs, check, 16);
LAYOUT(twy_eni_verbs, forget, 24);

SIZE(twy_dataplane, 48);
LAYOUT(twy_dataplane, size, 0);
LAYOUT(twy_dataplane, reserved, 4);
LAYOUT(twy_dataplane, attach, 8);
LAYOUT(twy_dataplane, activate, 16);
LAYOUT(twy_dataplane, detach, 24);
LAYOUT(twy_dataplane, check, 32);
LAYOUT(twy_dataplane, adopt, 40);

SIZE(twy_limit, 72);
LAYOUT(twy_limit, rate_bps, 0);
LAYOUT(twy_limit, bytes, 8);
LAYOUT(twy_limit, packets, 16);
LAYOUT(twy_limit, drops, 24);
LAYOUT(twy_limit, backlog, 32);
LAYOUT(twy_limit, reserved, 40);
LAYOUT(twy_limit, mode, 56);

SIZE(twy_limits, 152);
LAYOUT(twy_limits, size, 0);
LAYOUT(twy_limits, reserved, 4);
LAYOUT(twy_limits, ingress, 8);
LAYOUT(twy_limits, egress, 80);

SIZE(twy_qos, 48);
LAYOUT(twy_qos, size, 0);
LAYOUT(twy_qos, reserved, 4);
LAYOUT(twy_qos, attach, 8);
LAYOUT(twy_qos, detach, 16);
LAYOUT(twy_qos, check, 24);
LAYOUT(twy_qos, adopt, 32);
LAYOUT(twy_qos, observe, 40);

SIZE(twy_address_set, 56);
LAYOUT(twy_address_set, size, 0);
LAYOUT(twy_address_set, reserved, 4);
LAYOUT(twy_address_set, id, 8);
LAYOUT(twy_address_set, include, 24);
LAYOUT(twy_address_set, include_count, 32);
LAYOUT(twy_address_set, except, 40);
LAYOUT(twy_address_set, except_count, 48);

SIZE(twy_port_range, 4);
LAYOUT(twy_port_range, first, 0);
LAYOUT(twy_port_range, last, 2);

SIZE(twy_rule, 64);
LAYOUT(twy_rule, size, 0);
LAYOUT(twy_rule, action, 4);
LAYOUT(twy_rule, protocol, 5);
LAYOUT(twy_rule, reserved, 6);
LAYOUT(twy_rule, ports, 8);
LAYOUT(twy_rule, port_count, 16);
LAYOUT(twy_rule, peers, 24);
LAYOUT(twy_rule, peer_count, 32);
LAYOUT(twy_rule, any_peer, 40);
LAYOUT(twy_rule, reserved2, 44);
LAYOUT(twy_rule, origin, 48);

SIZE(twy_endpoint_rules, 72);
LAYOUT(twy_endpoint_rules, size, 0);
LAYOUT(twy_endpoint_rules, isolated, 4);
LAYOUT(twy_endpoint_rules, container_id, 8);
LAYOUT(twy_endpoint_rules, ifname, 24);
LAYOUT(twy_endpoint_rules, ingress, 40);
LAYOUT(twy_endpoint_rules, ingress_count, 48);
LAYOUT(twy_endpoint_rules, egress, 56);
LAYOUT(twy_endpoint_rules, egress_count, 64);

SIZE(twy_policy_set, 48);
LAYOUT(twy_policy_set, size, 0);
LAYOUT(twy_policy_set, reserved, 4);
LAYOUT(twy_policy_set, revision, 8);
LAYOUT(twy_policy_set, sets, 16);
LAYOUT(twy_policy_set, set_count, 24);
LAYOUT(twy_policy_set, endpoints, 32);
LAYOUT(twy_policy_set, endpoint_count, 40);

SIZE(twy_policy, 48);
LAYOUT(twy_policy, size, 0);
LAYOUT(twy_policy, reserved, 4);
LAYOUT(twy_policy, attach, 8);
LAYOUT(twy_policy, detach, 16);
LAYOUT(twy_policy, check, 24);
LAYOUT(twy_policy, adopt, 32);
LAYOUT(twy_policy, apply, 40);

SIZE(twy_value, 48);
LAYOUT(twy_value, size, 0);
LAYOUT(twy_value, kind, 4);
LAYOUT(twy_value, line, 8);
LAYOUT(twy_value, column, 12);
LAYOUT(twy_value, integer, 16);
LAYOUT(twy_value, string, 24);
LAYOUT(twy_value, table, 40);

SIZE(twy_host, 72);
LAYOUT(twy_host, size, 0);
LAYOUT(twy_host, abi_major, 4);
LAYOUT(twy_host, abi_minor, 6);
LAYOUT(twy_host, log, 8);
LAYOUT(twy_host, config_get, 16);
LAYOUT(twy_host, config_at, 24);
LAYOUT(twy_host, config_error, 32);
LAYOUT(twy_host, put_state, 40);
LAYOUT(twy_host, deadline_ms, 48);
LAYOUT(twy_host, retire_link, 56);
LAYOUT(twy_host, await_retired, 64);

SIZE(twy_module, 96);
LAYOUT(twy_module, magic, 0);
LAYOUT(twy_module, abi_major, 4);
LAYOUT(twy_module, abi_minor, 6);
LAYOUT(twy_module, size, 8);
LAYOUT(twy_module, reserved, 12);
LAYOUT(twy_module, id, 16);
LAYOUT(twy_module, version, 24);
LAYOUT(twy_module, requirements, 32);
LAYOUT(twy_module, create, 40);
LAYOUT(twy_module, destroy, 48);
LAYOUT(twy_module, configure, 56);
LAYOUT(twy_module, preflight, 64);
LAYOUT(twy_module, start, 72);
LAYOUT(twy_module, purge, 80);
LAYOUT(twy_module, interface, 88);
