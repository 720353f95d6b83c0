#!/bin/bash
# Podman, through its CNI backend, as a client of terway: see node.sh for the surroundings.
# shellcheck source=node.sh
source "$(dirname "$0")/node.sh"

configure_podman() {
    mkdir -p /etc/containers
    cat >/etc/containers/containers.conf <<'C'
[network]
network_backend = "cni"
cni_plugin_dirs = ["/opt/cni/bin", "/usr/lib/cni"]
network_config_dir = "/etc/cni/net.d"
default_network = "terway"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[containers]
log_driver = "k8s-file"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
C
    cat >/etc/containers/storage.conf <<'C'
[storage]
driver = "overlay"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
C
    podman load -q -i /run/image.tar >/dev/null
}

# start NAME [PODMAN OPTION]...: a container that echoes over TCP port 80.
start() {
    local name=$1
    shift
    podman run -d --cap-add NET_RAW --cgroup-parent "$cgroup" --name "$name" "$@" $image \
        nc -ll -p 80 -e /bin/cat >>"$log_dir/podman" 2>&1
}

remove() { podman rm -f -t 0 "$@" >>"$log_dir/podman" 2>&1; }

id_of() { podman inspect -f '{{.Id}}' "$1"; }

# The addresses of a container as terwayd knows them.
addresses_of() {
    endpoints ready | jq -r --arg id "$(id_of "$1")" 'select(.container_id == $id) | .addresses[]' |
        cut -d/ -f1
}

# address_of NAME 4|6
address_of() {
    if [[ $2 == 6 ]]; then addresses_of "$1" | grep :; else addresses_of "$1" | grep -v :; fi
}

host_link_of() {
    endpoints ready | jq -r --arg id "$(id_of "$1")" 'select(.container_id == $id) | .host_ifname'
}

pings() { ping -q -c 1 -W 2 "$1"; }
pings_from() { podman exec "$1" ping -q -c 1 -W 2 "$2"; }

gone_without_trace() {
    eventually "$1: terwayd knows no endpoint" no_endpoints
    eventually "$1: the node's links, routes, qdiscs and nftables rules are as before" \
        node_is_as_before
}

containers_talk() {
    use_conflist "$node_etc/10-terway.conflist"
    contains "podman accepts the shipped 10-terway.conflist" "$(podman network ls)" terway
    remember_node
    start one
    start two
    local one4 one6 two4 inside
    one4=$(address_of one 4) one6=$(address_of one 6) two4=$(address_of two 4)
    inside=$(podman exec one ip addr show eth0)
    contains "the container has on eth0 the IPv4 address of terwayd" "$inside" "$one4/32"
    contains "the container has on eth0 the IPv6 address of terwayd" "$inside" "$one6/128"
    same "podman inspect shows that address" "$one4" \
        "$(podman inspect -f '{{.NetworkSettings.Networks.terway.IPAddress}}' one)"
    expect "the node reaches the container over IPv4" pings "$one4"
    expect "the node reaches the container over IPv6" pings "$one6"
    expect "the container reaches the node over IPv4" pings_from one $node_v4
    expect "the container reaches the node over IPv6" pings_from one $node_v6
    expect "the container reaches a machine that has no route back, over IPv4" \
        pings_from one $outside_v4
    expect "the container reaches a machine that has no route back, over IPv6" \
        pings_from one $outside_v6
    expect "one container reaches the other" pings_from one "$two4"
    same "one container talks to the other over TCP" \
        "$(podman exec one sh -c "echo hello | nc -w 2 $two4 80")" hello
    expect "every endpoint is as it should be" ctl check
    remove one two
    gone_without_trace "after removal"
}

requests_are_honoured() {
    local asked=172.20.1.77 said
    start fixed --ip $asked
    same "podman run --ip gives that address" "$(address_of fixed 4)" $asked
    said=$(podman run --rm --cgroup-parent "$cgroup" --ip $asked $image true 2>&1) &&
        fail "podman run --ip gave an address twice"
    contains "the same address again is refused, and the error says why" "$said" $asked
    said=$(podman run --rm --cgroup-parent "$cgroup" --mac-address 02:00:00:00:00:01 $image true 2>&1) &&
        fail "podman run --mac-address succeeded"
    contains "podman run --mac-address is refused, and the error says why" "$said" \
        "this network gives out its own MACs"
    podman restart -t 0 fixed >/dev/null
    same "a restarted container has the address it asks for at once" "$(address_of fixed 4)" $asked
    remove fixed
    gone_without_trace "after refusals"
}

container_comes_back() {
    start phoenix
    local id
    id=$(id_of phoenix)
    podman restart -t 0 phoenix >/dev/null
    same "a restarted container keeps its id" "$(id_of phoenix)" "$id"
    same "a restarted container has one endpoint" "$(endpoints ready | jq -r .container_id)" "$id"
    eventually "a restarted container is reached" echo_over "$(address_of phoenix 4)" 80
    same "podman said ADD, DEL, ADD for it" "$(verbs "$id")" "ADD DEL ADD"
    podman kill phoenix >/dev/null
    eventually "a container that dies loses its endpoint" no_endpoints
    remove phoenix
    same "the DEL of a dead container is not repeated by its removal" "$(verbs "$id")" \
        "ADD DEL ADD DEL"
    gone_without_trace "after death"
}

network_is_attached_anew() {
    start moving
    local id addresses
    id=$(id_of moving)
    addresses=$(addresses_of moving)
    podman network reload moving >/dev/null
    same "podman network reload says DEL and ADD for the same sandbox" "$(verbs "$id")" \
        "ADD DEL ADD"
    same "a reloaded network has the addresses it had" "$(addresses_of moving)" "$addresses"
    eventually "a container with a reloaded network is reached" \
        echo_over "$(address_of moving 4)" 80
    podman network disconnect terway moving
    eventually "a disconnected container has no endpoint" no_endpoints
    podman network connect terway moving
    eventually "a connected container is reached" echo_over "$(address_of moving 4)" 80
    expect "its endpoint is as it should be" ctl check
    remove moving
    gone_without_trace "after reconnection"
}

write_chain_with_bandwidth() {
    jq '.plugins += [{type: "bandwidth", ingressRate: 8000000, ingressBurst: 800000,
                      egressRate: 4000000, egressBurst: 400000}]' \
        "$node_etc/10-terway-portmap.conflist" >/run/chain.conflist
    use_conflist /run/chain.conflist
}

no_port_mapped() {
    ! iptables-save -t nat | grep -E -e '-A CNI-HOSTPORT-DNAT|CNI-DN-' &&
        ! ip6tables-save -t nat | grep -E -e '-A CNI-HOSTPORT-DNAT|CNI-DN-'
}

ports_are_mapped() {
    use_conflist "$node_etc/10-terway-portmap.conflist"
    contains "podman accepts the shipped 10-terway-portmap.conflist" "$(podman network ls)" terway
    start first -p 8080:80 # portmap's own top-level chains stay for ever
    remove first
    eventually "no endpoint is left" no_endpoints
    write_chain_with_bandwidth
    remember_node
    start mapped -p 8080:80
    local link
    link=$(host_link_of mapped)
    eventually "the host port leads from another machine to the container" \
        echo_from_outside $node_v4 8080
    expect "so it does over IPv6" echo_from_outside $node_v6 8080
    expect "the host port leads from the node to the container" echo_over $node_v4 8080
    expect "the host port of 127.0.0.1 leads to the container" echo_over 127.0.0.1 8080
    same "the container reaches itself through the host port" \
        "$(podman exec mapped sh -c "echo hello | nc -w 2 $node_v4 8080")" hello
    contains "the bandwidth plugin shapes our host link" "$(tc qdisc show dev "$link")" \
        "tbf 1: root"
    contains "the bandwidth plugin redirects what our host link receives" \
        "$(tc filter show dev "$link" parent ffff:)" "mirred (Egress Redirect to device"
    expect "the endpoint of a chain is as it should be" ctl check
    remove mapped
    expect "no port is mapped after removal" no_port_mapped
    gone_without_trace "after removal from a chain"
}

add_needs_the_daemon() {
    stop_terwayd TERM
    local said
    said=$(podman run --rm --cgroup-parent "$cgroup" $image true 2>&1) &&
        fail "a container started without terwayd"
    contains "without terwayd no container starts, and the error says why" "$said" \
        "the terway daemon gives no answer"
    start_terwayd
    eventually "the failed start leaves no ticket" no_tickets
    gone_without_trace "after a start without terwayd"
}

removal_needs_no_daemon() {
    start orphan -p 8080:80
    stop_terwayd TERM
    expect "a container is removed while terwayd is away" remove orphan
    expect "its DEL waits in the queue" some_tickets
    start_terwayd
    eventually "terwayd works the queue off" no_tickets
    gone_without_trace "after a removal without terwayd"
}

connection_survives_the_daemon() {
    start lasting
    local address connection word
    address=$(address_of lasting 4)
    eventually "the container is reached" echo_over "$address" 80
    exec {connection}<>"/dev/tcp/$address/80"
    stop_terwayd KILL
    echo during >&"$connection"
    read -r -t 5 -u "$connection" word
    same "a connection goes on while terwayd is dead" "$word" during
    start_terwayd
    echo after >&"$connection"
    read -r -t 5 -u "$connection" word
    same "a connection goes on when terwayd is back" "$word" after
    exec {connection}>&-
    same "terwayd knows the container again" "$(address_of lasting 4)" "$address"
    expect "its endpoint is as it should be" ctl check
    remove lasting
    gone_without_trace "after removal by a later terwayd"
}

need podman podman conmon conmon ping iputils-ping /usr/lib/cni/portmap containernetworking-plugins
enter_node "$@"
install_terway
start_terwayd
make_image
configure_podman
look_around
record_calls
containers_talk
requests_are_honoured
container_comes_back
network_is_attached_anew
ports_are_mapped
add_needs_the_daemon
removal_needs_no_daemon
connection_survives_the_daemon
stop_terwayd TERM
echo "podman: all is well"
