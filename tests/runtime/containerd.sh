# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared variables
# containerd on the node of node.sh, and a kubelet's requests to it (cri_client.cpp). Source it after
# node.sh.

configure_containerd() {
    mkdir -p /etc/containerd
    cat >/etc/containerd/config.toml <<C
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$image"
  disable_apparmor = true
  disable_hugetlb_controller = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
C
    cp /usr/lib/cni/{loopback,portmap,bandwidth} /opt/cni/bin/
}

start_containerd() {
    containerd -l warn >>"$log_dir/containerd" 2>&1 &
    containerd=$!
    eventually "containerd answers" cri status
}

# end PROCESS SIGNAL
end() {
    kill "-$2" "$1"
    wait "$1" 2>/dev/null || true
}

cri() { "$build/bin/cri_client" /run/containerd/containerd.sock "$@"; }

# run_pod NAME [OPTION...]: prints the id of the sandbox.
run_pod() {
    local name=$1
    shift
    cri run "$name" "$cgroup/$name" "$@"
}

remove_pods() {
    local id
    for id in "$@"; do
        cri stop "$id"
        cri remove "$id"
    done
}

network_is() { cri status | grep "^NetworkReady $1 "; }
# chain_is PLUGINS: of the network in use
chain_is() {
    cri network | jq -e --arg plugins "$1" '.Networks[].Config | select(.Name == "terway")
        | [.Plugins[].Network.type] | join(" ") == $plugins'
}
no_pods() { [[ -z $(cri list) ]]; }
pings() { ping -q -c 1 -W 2 "$1"; }

addresses_of() {
    endpoints ready | jq -r --arg id "$1" 'select(.container_id == $id) | .addresses[]' |
        cut -d/ -f1
}

host_link_of() {
    endpoints ready | jq -r --arg id "$1" 'select(.container_id == $id) | .host_ifname'
}

gone_without_trace() {
    expect "$1: containerd knows no pod" no_pods
    eventually "$1: terwayd knows no endpoint" no_endpoints
    eventually "$1: the node's links, routes, qdiscs and nftables rules are as before" \
        node_is_as_before
}

# serve POD: a container that echoes over TCP port 80
serve() { cri start "$1" server "$image" /bin/nc -ll -p 80 -e /bin/cat >/dev/null; }

need_containerd() {
    need containerd containerd ping iputils-ping /usr/lib/cni/loopback containernetworking-plugins
}

bring_up_containerd() {
    [[ -x $build/bin/cri_client ]] || fail "$build/bin/cri_client is missing; build it first"
    make_image
    configure_containerd
    start_containerd
    ctr -n k8s.io images import /run/image.tar >>"$log_dir/ctr" 2>&1
}
