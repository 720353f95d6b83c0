#!/bin/bash
# containerd's Kubernetes side as a client of terway: see node.sh for the surroundings. Requests go
# through the Container Runtime Interface, as a kubelet's would (cri_client.cpp).
# shellcheck source=node.sh
source "$(dirname "$0")/node.sh"
# shellcheck source=containerd.sh
source "$(dirname "$0")/containerd.sh"

network_becomes_ready() {
    expect "without a conflist the network is not ready" network_is false
    use_conflist "$node_etc/10-terway.conflist"
    eventually "the shipped 10-terway.conflist makes the network ready" network_is true
    expect "the network of the node is ours" chain_is "terway"
}

pod_has_its_network() {
    remember_node
    local pod container inside
    pod=$(run_pod plain)
    same "PodSandboxStatus tells the addresses of terwayd" "$(cri addresses "$pod")" \
        "$(addresses_of "$pod")"
    same "terwayd knows the pod by name" default/plain \
        "$(endpoints ready | jq -r '.pod_namespace + "/" + .pod_name')"
    container=$(cri start "$pod" shell $image /bin/sleep 1000)
    inside=$(cri exec "$container" /bin/ip addr show eth0)
    local address
    for address in $(addresses_of "$pod"); do
        contains "a container of the pod has $address on eth0" "$inside" "$address/"
        expect "the node reaches $address" pings "$address"
    done
    expect "the pod reaches the node" cri exec "$container" /bin/ping -c 1 -W 2 $node_v4
    expect "the pod reaches a machine that has no route back" \
        cri exec "$container" /bin/ping -c 1 -W 2 $outside_v4
    expect "the endpoint is as it should be" ctl check
    cri stop "$pod"
    cri stop "$pod"
    cri remove "$pod"
    same "one ADD, then a DEL for every stop and for the removal" "$(verbs "$pod")" \
        "ADD DEL DEL DEL"
    same "only the first DEL names a network namespace" "true false false" \
        "$(calls "$pod" | jq -r 'select(.verb == "DEL") | .netns != ""' | paste -sd ' ')"
    gone_without_trace "after removal"
}

write_chain_with_bandwidth() {
    jq 'del(.plugins[0].capabilities.bandwidth)
        | .plugins += [{type: "bandwidth", capabilities: {bandwidth: true}}]' \
        "$node_etc/10-terway-portmap.conflist" >/run/chain.conflist
    use_conflist /run/chain.conflist
}

wishes_are_granted() {
    write_chain_with_bandwidth
    eventually "a changed conflist is taken up" chain_is "terway portmap bandwidth"
    expect "the network stays ready meanwhile" network_is true
    remove_pods "$(run_pod first port=18080:80)" # portmap's own top-level chains stay for ever
    eventually "no endpoint is left" no_endpoints
    remember_node
    local pod link
    pod=$(run_pod web port=18080:80 annotation=kubernetes.io/ingress-bandwidth=10M \
        annotation=kubernetes.io/egress-bandwidth=20M)
    serve "$pod"
    eventually "the host port leads from another machine to the pod" \
        echo_from_outside $node_v4 18080
    expect "so it does over IPv6" echo_from_outside $node_v6 18080
    expect "the host port leads from the node to the pod" echo_over $node_v4 18080
    link=$(host_link_of "$pod")
    contains "the ingress annotation shapes our host link" "$(tc qdisc show dev "$link")" \
        "rate 10Mbit"
    contains "the egress annotation redirects what our host link receives" \
        "$(tc filter show dev "$link" parent ffff:)" "mirred (Egress Redirect to device"
    expect "the endpoint of a chain is as it should be" ctl check
    remove_pods "$pod"
    gone_without_trace "after removal from a chain"
}

bandwidth_reaches_terway() {
    use_conflist "$node_etc/10-terway-portmap.conflist"
    eventually "the shipped 10-terway-portmap.conflist is taken up" chain_is "terway portmap"
    local pod
    pod=$(run_pod limited annotation=kubernetes.io/ingress-bandwidth=10M)
    same "containerd hands the annotation to terway, key in upper case" \
        "$(calls "$pod" | jq -r 'select(.verb == "ADD") | .config.runtimeConfig.bandwidth.IngressRate')" \
        10000000
    remove_pods "$pod"
    gone_without_trace "after removal of a limited pod"
}

ten_at_once() {
    local i ids=() addresses
    for i in {1..10}; do
        run_pod "many-$i" >"/run/tmp/many-$i" &
        ids+=($!)
    done
    wait "${ids[@]}"
    mapfile -t ids < <(cat /run/tmp/many-*)
    same "ten pods start at once" "$(endpoints ready | wc -l)" 10
    addresses=$(endpoints ready | jq -r '.addresses[]' | cut -d/ -f1)
    same "they have twenty different addresses" "$(sort -u <<<"$addresses" | wc -l)" 20
    for i in $addresses; do
        pings "$i" >/dev/null || fail "$i does not answer"
    done
    ok "every address answers"
    expect "all endpoints are as they should be" ctl check
    local removals=()
    for i in "${ids[@]}"; do
        remove_pods "$i" &
        removals+=($!)
    done
    wait "${removals[@]}"
    gone_without_trace "after ten removals at once"
}

add_needs_the_daemon() {
    stop_terwayd TERM
    local said
    said=$(run_pod early 2>&1) && fail "a pod started without terwayd"
    contains "without terwayd no pod starts, and the error says why" "$said" \
        "the terway daemon gives no answer"
    start_terwayd
    eventually "the failed start leaves no ticket" no_tickets
    gone_without_trace "after a start without terwayd"
}

removal_needs_no_daemon() {
    local pod
    pod=$(run_pod orphan port=18080:80)
    stop_terwayd TERM
    expect "a pod is removed while terwayd is away" remove_pods "$pod"
    expect "its DEL waits in the queue" some_tickets
    start_terwayd
    eventually "terwayd works the queue off" no_tickets
    gone_without_trace "after a removal without terwayd"
}

daemons_may_die() {
    local pod addresses connection word
    pod=$(run_pod lasting)
    serve "$pod"
    addresses=$(addresses_of "$pod")
    eventually "the pod is reached" echo_over "$(head -n 1 <<<"$addresses")" 80
    exec {connection}<>"/dev/tcp/$(head -n 1 <<<"$addresses")/80"
    stop_terwayd KILL
    end "$containerd" KILL
    echo during >&"$connection"
    read -r -t 5 -u "$connection" word
    same "a connection goes on while terwayd and containerd are dead" "$word" during
    start_terwayd
    start_containerd
    echo after >&"$connection"
    read -r -t 5 -u "$connection" word
    same "a connection goes on when both are back" "$word" after
    exec {connection}>&-
    same "both know the pod again" "$(cri addresses "$pod")" "$(addresses_of "$pod")"
    same "with the addresses it had" "$(addresses_of "$pod")" "$addresses"
    expect "its endpoint is as it should be" ctl check
    remove_pods "$pod"
    gone_without_trace "after removal by later daemons"
}

need_containerd
enter_node "$@"
install_terway
start_terwayd
bring_up_containerd
look_around
record_calls
network_becomes_ready
pod_has_its_network
wishes_are_granted
bandwidth_reaches_terway
ten_at_once
add_needs_the_daemon
removal_needs_no_daemon
daemons_may_die
end "$containerd" TERM
stop_terwayd TERM
echo "containerd: all is well"
