# shellcheck shell=bash
# shellcheck disable=SC2034 # the scripts that source this one use the variables
# A node to run a real container runtime on, for the scripts beside this one. Source it first:
#
#   source node.sh; enter_node "$@"; install_terway; start_terwayd; ...
#
# enter_node starts the script again inside mount, network, pid, ipc and uts namespaces of its own.
# /run, /var/lib, /dev/shm, /etc and /opt are private there: every file has its usual place and
# nothing reaches the machine. The script is process 1: when it ends, however it ends, the kernel
# ends the runtime, the daemon and the containers, and the namespaces with them. What can outlive it
# are empty cgroups; the next run removes them.
#
# The first argument of a script is the build directory; a second one, if given, is a shell command
# to run instead of the test, to look around in the node.
set -Eeuo pipefail

node_script=$0
node_etc=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../etc" && pwd)
readonly image=localhost/terway-test:1
readonly node_v4=192.0.2.1 outside_v4=192.0.2.2 node_v6=2001:db8::1 outside_v6=2001:db8::2
readonly pods_v4=172.20.1.0/24 pods_v6=fd00:20:1::/64
readonly log_dir=/run/log

ok() { echo "ok: $*"; }

# Fails the test: what is wrong, then the evidence.
fail() {
    echo "FAILED: $*"
    local file
    for file in "$log_dir"/*; do
        [[ -s $file ]] && { echo "--- the last lines of $file"; tail -n 25 "$file"; }
    done
    echo "--- links"; ip -br link || true
    echo "--- conflists"; cat /etc/cni/net.d/*.conflist || true
    exit 1
}

trap 'fail "${BASH_SOURCE[0]##*/}:$LINENO: \"$BASH_COMMAND\" ended with $?"' ERR

# expect WHAT COMMAND...: the command succeeds, and says so.
expect() {
    local what=$1 output
    shift
    output=$("$@" 2>&1) || fail "$what: \"$*\" ended with $?: $output"
    ok "$what"
}

# eventually WHAT COMMAND...: the command succeeds within 20 seconds.
eventually() {
    local what=$1 output deadline=$((SECONDS + 20))
    shift
    until output=$("$@" 2>&1); do
        ((SECONDS < deadline)) || fail "$what: not within 20 s: \"$*\" says: $output"
        sleep 0.05
    done
    ok "$what"
}

same() {
    [[ $2 == "$3" ]] || fail "$1: expected \"$3\", found \"$2\""
    ok "$1"
}

contains() {
    [[ $2 == *"$3"* ]] || fail "$1: expected \"$3\" in: $2"
    ok "$1"
}

# need PROGRAM PACKAGE [PROGRAM PACKAGE]...
need() {
    local missing=()
    while (($# > 0)); do
        command -v "$1" >/dev/null || missing+=("$2")
        shift 2
    done
    ((${#missing[@]} == 0)) && return
    echo "FAILED: this test needs more programs: apt-get install ${missing[*]}"
    exit 1
}

# remove_cgroups ID: those of the run ID, as far as they are empty.
remove_cgroups() {
    find /sys/fs/cgroup -depth -type d -path "*/terway-runtime-$1*" -exec rmdir {} + 2>/dev/null || true
}

remove_stale_cgroups() {
    local id
    find /sys/fs/cgroup -maxdepth 2 -name 'terway-runtime-*' -printf '%f\n' | sort -u |
        while read -r id; do
            id=${id##*-}
            [[ -d /proc/$id ]] || remove_cgroups "$id"
        done
}

make_private() {
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /var/lib
    mount -t tmpfs tmpfs /dev/shm
    local place
    for place in etc opt; do
        mkdir -p /run/"$place"/{upper,work}
        mount -t overlay overlay -o \
            "lowerdir=/$place,upperdir=/run/$place/upper,workdir=/run/$place/work" "/$place"
    done
    mkdir -p "$log_dir" /run/tmp /run/lock /etc/cni/net.d /opt/cni/bin /etc/terway /var/lib/cni
    rm -rf /etc/cni/net.d/* /opt/cni/bin/*
    export TMPDIR=/run/tmp
}

# The network namespace "outside" is another machine on the node's segment. It has no route to pods.
make_network() {
    ip link set lo up
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    ip netns add outside
    ip link add uplink type veth peer name uplink netns outside
    ip link set uplink addrgenmode none
    ip addr add $node_v4/24 dev uplink
    ip addr add $node_v6/64 dev uplink nodad
    ip link set uplink up
    ip -n outside link set lo up
    ip -n outside addr add $outside_v4/24 dev uplink
    ip -n outside addr add $outside_v6/64 dev uplink nodad
    ip -n outside link set uplink up
    ip route add default via $outside_v4
    ip -6 route add default via $outside_v6
}

enter_node() {
    if [[ -z ${TERWAY_NODE:-} ]]; then
        need unshare util-linux ip iproute2 sysctl procps busybox busybox-static jq jq nft nftables \
            iptables iptables runc runc
        (($# > 0)) || { echo "usage: $0 BUILD_DIRECTORY [COMMAND]"; exit 2; }
        ((EUID == 0)) || { echo "FAILED: this test makes namespaces; run it as root"; exit 1; }
        remove_stale_cgroups
        exec env -i "PATH=$PATH" HOME=/root LANG=C TERWAY_NODE=$$ ${ASAN_OPTIONS+"ASAN_OPTIONS=$ASAN_OPTIONS"} \
            unshare --mount --net --pid --ipc --uts --fork --kill-child --mount-proc \
            bash "$node_script" "$@"
    fi
    trap 'exit 130' INT TERM
    build=$(cd "$1" && pwd)
    cgroup=/terway-runtime-$TERWAY_NODE
    trap 'remove_cgroups "$TERWAY_NODE"' EXIT
    make_private
    make_network
    if (($# > 1)); then
        inspection=$2
    fi
}

# look_around: where a script is ready for its first check, for the second argument.
look_around() {
    [[ -z ${inspection:-} ]] || { eval "$inspection"; exit; }
}

install_terway() {
    local file
    for file in bin/terwayd bin/terwayctl bin/terway modules/veth.so; do
        [[ -e $build/$file ]] || fail "$build/$file is missing; build it first"
    done
    cp "$build/bin/terway" /opt/cni/bin/
    mkdir -p /opt/terway/modules
    cp "$build/modules/veth.so" /opt/terway/modules/
    cat >/etc/terway/profile.toml <<P
profile = "vpc-route"
[chain]
dataplane = "veth"
[node]
pod_cidrs = ["$pods_v4", "$pods_v6"]
[daemon]
module_dirs = ["/opt/terway/modules"]
[module.veth]
cluster_cidrs = ["172.20.0.0/16", "fd00:20::/32"]
P
}

start_terwayd() {
    "$build/bin/terwayd" >>"$log_dir/terwayd" 2>&1 &
    terwayd=$!
    eventually "terwayd is ready" ctl status
}

# stop_terwayd SIGNAL
stop_terwayd() {
    local status=0
    kill "-$1" "$terwayd"
    wait "$terwayd" 2>/dev/null || status=$?
    [[ $1 == KILL || $status == 0 ]] || fail "terwayd ended with $status"
}

ctl() { "$build/bin/terwayctl" "$@"; }

# The endpoints in one state, as JSON lines.
endpoints() { ctl -o json endpoints | jq -c ".[] | select(.state == \"$1\")"; }
no_endpoints() { [[ $(ctl -o json endpoints) == "[]" ]]; }
no_tickets() { [[ -z $(ls -A /var/lib/terway/queue 2>/dev/null) ]]; }
some_tickets() { ! no_tickets; }

# use_conflist FILE: makes it the only network of the node, in one step. containerd overlooks a file
# that is renamed into the directory from elsewhere; it notices a rename within.
use_conflist() {
    cp "$1" /etc/cni/net.d/.terway.new
    mv /etc/cni/net.d/.terway.new /etc/cni/net.d/10-terway.conflist
}

# All that networking leaves in the node's kernel: compare before and after.
node_state() {
    ip -o link | sed 's/^[0-9]*: //; s/@if[0-9]*//'
    ip -o addr | sed 's/^[0-9]*: //'
    ip route show table all
    ip -6 route show table all
    ip rule
    ip neigh show nud permanent
    tc qdisc | grep -v noqueue || true
    nft -s list ruleset 2>/dev/null # it says what it thinks of the rules of iptables
    ls /run/netns
}

remember_node() { node_state >/run/node-state; }

node_is_as_before() { diff /run/node-state <(node_state); }

# An image with busybox and nothing else, as "docker save" would write it.
make_image() {
    local root=/run/image/root archive=/run/image/archive applet digest
    mkdir -p $root/{bin,proc,sys,dev,etc,tmp} $archive
    cp "$(command -v busybox)" $root/bin/busybox
    for applet in sh ip ping nc sleep cat true; do
        ln -s busybox "$root/bin/$applet"
    done
    tar --owner=0 --group=0 -C $root -cf $archive/layer.tar .
    digest=$(sha256sum <$archive/layer.tar)
    jq -n --arg arch "$(dpkg --print-architecture)" --arg digest "sha256:${digest%% *}" '
        {architecture: $arch, os: "linux", rootfs: {type: "layers", diff_ids: [$digest]},
         config: {Cmd: ["/bin/sleep", "1000000"], Env: ["PATH=/bin"]}}' >$archive/config.json
    jq -n --arg image $image '[{Config: "config.json", RepoTags: [$image], Layers: ["layer.tar"]}]' \
        >$archive/manifest.json
    tar -C $archive -cf /run/image.tar manifest.json config.json layer.tar
}

# echo_over HOST PORT: a word goes to a TCP echo service and comes back.
echo_over() {
    # shellcheck disable=SC2016 # for the inner shell to expand
    timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1" && echo word >&3 && read -r -t 4 word <&3 &&
        [[ $word == word ]]' "$1" "$2"
}

echo_from_outside() { ip netns exec outside bash -c "$(declare -f echo_over); echo_over $1 $2"; }

# Records every call of a CNI plugin, then lets it happen: /run/calls/NNN.json
record_calls() {
    mkdir -p /run/calls /opt/cni/real
    mv /opt/cni/bin/terway /opt/cni/real/terway
    cat >/opt/cni/bin/terway <<'R'
#!/bin/bash
input=$(</dev/stdin)
exec {lock}>/run/calls/.lock
/usr/bin/flock "$lock"
entries=(/run/calls/*.json)
printf '{"verb":"%s","id":"%s","netns":"%s","ifname":"%s","args":"%s","path":"%s","config":%s}\n' \
    "$CNI_COMMAND" "$CNI_CONTAINERID" "$CNI_NETNS" "$CNI_IFNAME" "$CNI_ARGS" "${PATH-unset}" \
    "${input:-null}" >"/run/calls/$(printf %04d ${#entries[@]}).json"
exec {lock}>&-
exec /opt/cni/real/terway <<<"$input"
R
    chmod +x /opt/cni/bin/terway
    : >/run/calls/0000.json
}

# calls ID: the recorded calls for a container in their order, as JSON lines.
calls() { jq -c --arg id "$1" 'select(.id == $id)' /run/calls/*.json; }
verbs() { calls "$1" | jq -r .verb | paste -sd ' '; }
