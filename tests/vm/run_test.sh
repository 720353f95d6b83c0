#!/usr/bin/env bash
# run_test.sh RUN: holds the runner to its manual. Each case boots a machine or must not.
set -uo pipefail
readonly run=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work # where the runner makes its folders
failures=0

check() { # WHAT EXPECTED SEEN
    if [ "$2" = "$3" ]; then
        printf 'ok: %s\n' "$1"
    else
        printf 'FAILED: %s: expected "%s", saw "%s"\n' "$1" "$2" "$3"
        [ ! -s "$work/err" ] || tail -n 20 "$work/err"
        failures=$((failures + 1))
    fi
}

# vm ARGUMENT...: leaves output in $work/out and $work/err and the status in $status.
vm() {
    "$run" "$@" > "$work/out" 2> "$work/err"
    status=$?
}

leftovers() { find "$work" -maxdepth 1 -name 'terway-vm.*' | wc -l; }

# The machines of this test only: their arguments name its folder.
machines() { pgrep -c -f "qemu-system.*$work"; }

await() { # WHAT CONDITION...
    local what=$1 deadline=$((SECONDS + 60))
    shift
    until "$@"; do
        if [ $SECONDS -gt $deadline ]; then
            check "$what" "within a minute" "never"
            return 1
        fi
        sleep 0.1
    done
    check "$what" yes yes
}
gone() { [ "$(machines)" = 0 ]; }
running() { ! gone; }

# shellcheck disable=SC2016 # for the shell inside
readonly inside='
    uname -r
    echo "$GREETING" >&2
    seq 200000
    echo lost > "$0/lost"
    echo kept > "$0/written/kept"
    sleep 1000 &
    exit 7'
vm --nics 2 6.12 bash -c 'ls -d /sys/class/net/eth*/device | wc -l; cat /sys/class/net/eth1/address'
check "NICs are there when asked for" "2 52:54:00:00:00:01" "$(paste -sd" " "$work/out")"
mkdir "$work/written"
vm --env GREETING=hello --write "$work/written" 6.12 bash -c "$inside" "$work"
check "the exit status is the command's" 7 "$status"
check "the kernel is the one asked for" 6.12 "$(head -n 1 "$work/out" | cut -d. -f1-2)"
check "standard error comes apart from standard output" hello "$(cat "$work/err")"
check "output is complete and unchanged" "$(seq 200000 | cksum)" "$(tail -n +2 "$work/out" | cksum)"
check "a folder named is written to" kept "$(cat "$work/written/kept")"
check "nothing else reaches the host" no "$([ -e "$work/lost" ] && echo yes || echo no)"
check "nothing is left behind" "0 0" "$(leftovers) $(machines)"

vm 6.12 /no/such/program
check "a command that is not there is told as by a shell" 127 "$status"

vm --append "init=/none rdinit=/none" 6.12 true
check "a machine that does not boot is an error" 125 "$status"
check "and its last words are told" yes "$(grep -q 'Kernel panic' "$work/err" && echo yes || echo no)"

vm 6.12 bash -c 'echo c > /proc/sysrq-trigger; sleep 60'
check "a machine that dies is an error" 125 "$status"

vm --limit 1 6.12 sleep 60
check "the time limit has a status of its own" 124 "$status"

vm 5.1 true
check "a kernel that is not there is an error" 125 "$status"
vm 6.12
check "no command is an error" 125 "$status"

for signal in INT TERM; do
    # A shell makes its background jobs deaf to INT; env does not.
    env --default-signal=INT "$run" 6.12 sleep 300 > "$work/out" 2> "$work/err" &
    runner=$!
    await "a machine runs" running
    kill -s $signal $runner
    wait $runner
    status=$?
    check "$signal has the status of $signal" $((128 + $(kill -l $signal))) $status
    check "$signal leaves nothing behind" "0 0" "$(leftovers) $(machines)"
done
"$run" 6.12 sleep 300 > "$work/out" 2> "$work/err" &
runner=$!
await "a machine runs" running
kill -KILL $runner
wait $runner 2> /dev/null
await "even KILL ends the machine" gone

[ $failures = 0 ]
