// The layout of every struct of terway ABI 0.8 on 64-bit Linux, as it was released. This file is
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
static_assert(TWY_SET_PODS == 1 && TWY_SET_BLOCKS == 2 && TWY_SET_NAMED == 3);
static_assert(TWY_PRIORITY_NONE == 0 && TWY_PRIORITY_GUARANTEED == 1 &&
              TWY_PRIORITY_BURSTABLE == 2 && TWY_PRIORITY_BEST_EFFORT == 3);
static_assert(TWY_NONE == 0 && TWY_BOOL == 1 && TWY_INT == 2 && TWY_STRING == 3 && TWY_TABLE == 4 &&
              TWY_ARRAY == 5 && TWY_OTHER == 6);
static_assert(TWY_LOG_DEBUG == 1 && TWY_LOG_INFO == 2 && TWY_LOG_WARNING == 3 &&
              TWY_LOG_ERROR == 4);
static_assert(TWY_RETIRED_LINK_GROUP == 0x54575259);
static_assert(TWY_BACKEND_READY == 1 && TWY_BACKEND_DRAINING == 2);
static_assert(TWY_REFUSE == 1 && TWY_DROP == 2);

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

SIZE(twy_endpoint, 240);
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
LAYOUT(twy_endpoint, priority, 232);
LAYOUT(twy_endpoint, reserved2, 236);

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

SIZE(twy_id, 16);
LAYOUT(twy_id, high, 0);
LAYOUT(twy_id, low, 8);

SIZE(twy_member, 36);
LAYOUT(twy_member, family, 0);
LAYOUT(twy_member, reserved, 1);
LAYOUT(twy_member, port, 2);
LAYOUT(twy_member, first, 4);
LAYOUT(twy_member, last, 20);

SIZE(twy_set_change, 56);
LAYOUT(twy_set_change, size, 0);
LAYOUT(twy_set_change, kind, 4);
LAYOUT(twy_set_change, protocol, 5);
LAYOUT(twy_set_change, is_new, 6);
LAYOUT(twy_set_change, reserved, 7);
LAYOUT(twy_set_change, id, 8);
LAYOUT(twy_set_change, added, 24);
LAYOUT(twy_set_change, added_count, 32);
LAYOUT(twy_set_change, removed, 40);
LAYOUT(twy_set_change, removed_count, 48);

SIZE(twy_match, 24);
LAYOUT(twy_match, size, 0);
LAYOUT(twy_match, action, 4);
LAYOUT(twy_match, any, 5);
LAYOUT(twy_match, reserved, 6);
LAYOUT(twy_match, sets, 8);
LAYOUT(twy_match, set_count, 16);

SIZE(twy_port_class, 32);
LAYOUT(twy_port_class, size, 0);
LAYOUT(twy_port_class, protocol, 4);
LAYOUT(twy_port_class, reserved, 5);
LAYOUT(twy_port_class, first, 6);
LAYOUT(twy_port_class, last, 8);
LAYOUT(twy_port_class, reserved2, 10);
LAYOUT(twy_port_class, reserved3, 12);
LAYOUT(twy_port_class, matches, 16);
LAYOUT(twy_port_class, match_count, 24);

SIZE(twy_tier, 56);
LAYOUT(twy_tier, size, 0);
LAYOUT(twy_tier, otherwise, 4);
LAYOUT(twy_tier, reserved, 5);
LAYOUT(twy_tier, named, 8);
LAYOUT(twy_tier, named_count, 16);
LAYOUT(twy_tier, classes, 24);
LAYOUT(twy_tier, class_count, 32);
LAYOUT(twy_tier, others, 40);
LAYOUT(twy_tier, other_count, 48);

SIZE(twy_rule_set, 40);
LAYOUT(twy_rule_set, size, 0);
LAYOUT(twy_rule_set, reserved, 4);
LAYOUT(twy_rule_set, id, 8);
LAYOUT(twy_rule_set, tiers, 24);
LAYOUT(twy_rule_set, tier_count, 32);

SIZE(twy_endpoint_key, 32);
LAYOUT(twy_endpoint_key, container_id, 0);
LAYOUT(twy_endpoint_key, ifname, 16);

SIZE(twy_endpoint_rules, 72);
LAYOUT(twy_endpoint_rules, size, 0);
LAYOUT(twy_endpoint_rules, reserved, 4);
LAYOUT(twy_endpoint_rules, key, 8);
LAYOUT(twy_endpoint_rules, ingress, 40);
LAYOUT(twy_endpoint_rules, egress, 48);
LAYOUT(twy_endpoint_rules, policies, 56);
LAYOUT(twy_endpoint_rules, policy_count, 64);

SIZE(twy_policy_update, 80);
LAYOUT(twy_policy_update, size, 0);
LAYOUT(twy_policy_update, is_full, 4);
LAYOUT(twy_policy_update, revision, 8);
LAYOUT(twy_policy_update, sets, 16);
LAYOUT(twy_policy_update, set_count, 24);
LAYOUT(twy_policy_update, endpoints, 32);
LAYOUT(twy_policy_update, endpoint_count, 40);
LAYOUT(twy_policy_update, gone_endpoints, 48);
LAYOUT(twy_policy_update, gone_endpoint_count, 56);
LAYOUT(twy_policy_update, gone_sets, 64);
LAYOUT(twy_policy_update, gone_set_count, 72);

SIZE(twy_verdicts, 32);
LAYOUT(twy_verdicts, allowed, 0);
LAYOUT(twy_verdicts, denied, 8);
LAYOUT(twy_verdicts, reserved, 16);

SIZE(twy_policy_counters, 72);
LAYOUT(twy_policy_counters, size, 0);
LAYOUT(twy_policy_counters, reserved, 4);
LAYOUT(twy_policy_counters, ingress, 8);
LAYOUT(twy_policy_counters, egress, 40);

SIZE(twy_policy_verdict, 96);
LAYOUT(twy_policy_verdict, size, 0);
LAYOUT(twy_policy_verdict, direction, 4);
LAYOUT(twy_policy_verdict, verdict, 5);
LAYOUT(twy_policy_verdict, protocol, 6);
LAYOUT(twy_policy_verdict, family, 7);
LAYOUT(twy_policy_verdict, time_ns, 8);
LAYOUT(twy_policy_verdict, key, 16);
LAYOUT(twy_policy_verdict, source, 48);
LAYOUT(twy_policy_verdict, destination, 64);
LAYOUT(twy_policy_verdict, source_port, 80);
LAYOUT(twy_policy_verdict, destination_port, 82);
LAYOUT(twy_policy_verdict, reserved, 84);
LAYOUT(twy_policy_verdict, lost, 88);

SIZE(twy_policy, 64);
LAYOUT(twy_policy, size, 0);
LAYOUT(twy_policy, reserved, 4);
LAYOUT(twy_policy, attach, 8);
LAYOUT(twy_policy, detach, 16);
LAYOUT(twy_policy, check, 24);
LAYOUT(twy_policy, adopt, 32);
LAYOUT(twy_policy, apply, 40);
LAYOUT(twy_policy, observe, 48);
LAYOUT(twy_policy, trace, 56);

SIZE(twy_backend, 20);
LAYOUT(twy_backend, state, 0);
LAYOUT(twy_backend, reserved, 1);
LAYOUT(twy_backend, port, 2);
LAYOUT(twy_backend, address, 4);

SIZE(twy_frontend_key, 20);
LAYOUT(twy_frontend_key, family, 0);
LAYOUT(twy_frontend_key, protocol, 1);
LAYOUT(twy_frontend_key, port, 2);
LAYOUT(twy_frontend_key, address, 4);

SIZE(twy_frontend, 64);
LAYOUT(twy_frontend, size, 0);
LAYOUT(twy_frontend, without_backends, 4);
LAYOUT(twy_frontend, reserved, 5);
LAYOUT(twy_frontend, key, 8);
LAYOUT(twy_frontend, affinity_seconds, 28);
LAYOUT(twy_frontend, backends, 32);
LAYOUT(twy_frontend, backend_count, 40);
LAYOUT(twy_frontend, service, 48);

SIZE(twy_service_update, 48);
LAYOUT(twy_service_update, size, 0);
LAYOUT(twy_service_update, is_full, 4);
LAYOUT(twy_service_update, revision, 8);
LAYOUT(twy_service_update, frontends, 16);
LAYOUT(twy_service_update, frontend_count, 24);
LAYOUT(twy_service_update, gone, 32);
LAYOUT(twy_service_update, gone_count, 40);

SIZE(twy_service, 16);
LAYOUT(twy_service, size, 0);
LAYOUT(twy_service, reserved, 4);
LAYOUT(twy_service, apply, 8);

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
