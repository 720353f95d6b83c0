#!/bin/bash
# Pods of a (simulated) Kubernetes API, run by containerd on terway: kubectl says what is wanted, a
# kubelet's requests start the sandbox, terwayd looks the pod up. See node.sh for the surroundings.
# shellcheck source=node.sh
source "$(dirname "$0")/node.sh"
# shellcheck source=containerd.sh
source "$(dirname "$0")/containerd.sh"

readonly kubernetes_name=runtime-test

start_kubernetes() {
    cat >/run/topology.toml <<'T'
[vpc]
cidr = "10.0.0.0/8"
[[vswitch]]
id = "vsw-a"
cidr = "10.0.0.0/24"
[kube]
T
    "$build/bin/terway-sim" run --name $kubernetes_name /run/topology.toml >"$log_dir/terway-sim" 2>&1 &
    kubernetes=$!
    eventually "the API server is there" sim kubeconfig --path
    KUBECONFIG=$(sim kubeconfig --path)
    export KUBECONFIG
    eventually "kubectl reaches it" kubectl get namespaces
    kubectl apply -f - >/dev/null <<Y
apiVersion: v1
kind: Node
metadata: {name: node-a}
spec: {podCIDR: $pods_v4, podCIDRs: [$pods_v4, "$pods_v6"]}
Y
}

# The verbs of terway-sim take the name after themselves.
sim() {
    local verb=$1
    shift
    "$build/bin/terway-sim" "$verb" --name $kubernetes_name "$@"
}

# The ranges come from the node's object, so the profile has none.
use_kubernetes() {
    sed -i '/^\[node\]/,/^pod_cidrs/d' /etc/terway/profile.toml
    cat >>/etc/terway/profile.toml <<P
[kube]
mode = "kubeconfig"
kubeconfig = "$KUBECONFIG"
node = "node-a"
P
}

# create_pod NAME [ANNOTATION...]: a pod of the node with a host port; prints its UID.
create_pod() {
    local name=$1
    shift
    {
        cat <<Y
apiVersion: v1
kind: Pod
metadata:
  name: $name
  annotations:
    made-by: test
$(printf '    %s\n' "$@")
spec:
  nodeName: node-a
  containers:
  - {name: server, image: $image, ports: [{containerPort: 80, hostPort: 18080}]}
Y
    } | kubectl apply -f - >/dev/null
    kubectl get pod "$name" -o 'jsonpath={.metadata.uid}'
}

# delete_pod NAME: as a kubelet does when the sandbox is gone.
delete_pod() { kubectl delete pod "$1" --grace-period=0 --force >/dev/null 2>&1; }

# fact SANDBOX MEMBER
fact() {
    endpoints ready | jq -r --arg id "$1" --arg member "$2" 'select(.container_id == $id) | .[$member]'
}

annotation_is() {
    [[ $(kubectl get pod "$1" -o "jsonpath={.metadata.annotations['k8s\.aliyun\.com/pod-ips']}") == "$2" ]]
}

# has_event POD REASON TEXT
has_event() {
    kubectl get events --field-selector "involvedObject.name=$1,reason=$2" \
        -o 'jsonpath={.items[*].message}' | grep -F -- "$3"
}

# check SANDBOX: CNI CHECK as libcni makes it, with the result containerd cached; containerd itself never
# does. Only terway's: portmap looks for IPv4's rules in IPv6's table.
check() {
    local cached=/var/lib/cni/results/terway-$1-eth0
    [[ -r $cached ]] || fail "containerd has cached no result for $1: $(ls /var/lib/cni/results)"
    jq -c '.result as $result | (.config | @base64d | fromjson) as $list
        | ($list.plugins[0] | del(.capabilities))
            + {name: $list.name, cniVersion: $list.cniVersion, prevResult: $result}' "$cached" |
        CNI_COMMAND=CHECK CNI_CONTAINERID=$1 CNI_NETNS=$(fact "$1" netns) CNI_IFNAME=eth0 \
            CNI_PATH=/opt/cni/bin /opt/cni/bin/terway
}

pod_has_what_its_object_says() {
    local uid pod link
    remember_node
    uid=$(create_pod web 'k8s.aliyun.com/ingress-bandwidth: 1M' 'k8s.aliyun.com/egress-bandwidth: 2M')
    pod=$(run_pod web "uid=$uid" port=18080:80)
    serve "$pod"
    same "the endpoint is of the pod with that UID" "$(fact "$pod" pod_uid)" "$uid"
    same "the annotation, which only the API server has, is its rate towards the pod" \
        "$(fact "$pod" ingress_bps)" 8388608
    same "and from the pod" "$(fact "$pod" egress_bps)" 16777216
    same "PodSandboxStatus tells the addresses of terwayd" "$(cri addresses "$pod")" \
        "$(addresses_of "$pod")"
    eventually "the pod's object tells its addresses" annotation_is web \
        "$(addresses_of "$pod" | paste -sd ,)"
    eventually "an event names an address" has_event web AllocIPSucceed \
        "$(addresses_of "$pod" | head -n 1)"
    eventually "the host port leads from another machine to the pod" \
        echo_from_outside $node_v4 18080
    expect "the network stays ready" network_is true
    expect "CHECK finds nothing wrong" check "$pod"
    link=$(host_link_of "$pod")
    ip link del "$link"
    check "$pod" >/run/check 2>&1 && fail "CHECK is content with a pod whose link is gone"
    contains "CHECK names what is missing" "$(</run/check)" "$link"
    remove_pods "$pod"
    delete_pod web
    gone_without_trace "after removal of a pod of Kubernetes"
}

nonsense_is_told_where_people_look() {
    local uid pod said
    uid=$(create_pod wrong 'k8s.aliyun.com/ingress-bandwidth: ten')
    said=$(run_pod wrong "uid=$uid" 2>&1) && fail "a pod with a wrong annotation started"
    contains "the runtime's error names the annotation" "$said" k8s.aliyun.com/ingress-bandwidth
    eventually "so does an event" has_event wrong AllocIPFailed k8s.aliyun.com/ingress-bandwidth
    kubectl annotate pod wrong --overwrite k8s.aliyun.com/ingress-bandwidth=10M >/dev/null
    eventually "the pod put right starts" start_wrong "$uid"
    pod=$(endpoints ready | jq -r .container_id)
    same "with the rate it asks for now" "$(fact "$pod" ingress_bps)" 83886080
    remove_pods "$pod"
    delete_pod wrong
    gone_without_trace "after a pod that had to be put right"
}
start_wrong() { run_pod wrong "uid=$1"; }

the_api_server_may_be_away() {
    local uid pod
    uid=$(create_pod known 'k8s.aliyun.com/egress-bandwidth: 1M')
    eventually "terwayd watches" watches_pods
    sim kube connections refuse >/dev/null
    pod=$(run_pod known "uid=$uid")
    same "a pod terwayd has seen starts by its annotations" "$(fact "$pod" egress_bps)" 8388608
    stop_terwayd KILL
    start_terwayd
    same "a terwayd that starts meanwhile keeps it, with the node's ranges of the last time" \
        "$(fact "$pod" pod_uid)" "$uid"
    sim kube connections accept >/dev/null
    remove_pods "$pod"
    delete_pod known
    gone_without_trace "after an outage of the API server"
}
watches_pods() { kubectl get --raw /api/v1/pods >/dev/null && ctl -o json status; }

need kubectl kubernetes-client
need_containerd
enter_node "$@"
[[ -x $build/bin/terway-sim ]] || fail "$build/bin/terway-sim is missing; build it first"
install_terway
start_kubernetes
use_kubernetes
start_terwayd
bring_up_containerd
use_conflist "$node_etc/10-terway-portmap.conflist"
eventually "the network is ready" network_is true
look_around
remove_pods "$(run_pod first port=18080:80)" # portmap's own top-level chains stay for ever
eventually "no endpoint is left" no_endpoints
pod_has_what_its_object_says
nonsense_is_told_where_people_look
the_api_server_may_be_away
end "$containerd" TERM
stop_terwayd TERM
end "$kubernetes" TERM
echo "containerd with Kubernetes: all is well"
