#include "state.hpp"

#include <bpf/libbpf.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "pins.hpp"
#include "policy.skel.h"

namespace terway::policy_bpf {
namespace {

constexpr std::size_t kLogSize = 1U << 20U;

struct Destroy {
    void operator()(::policy_bpf* made) const noexcept { ::policy_bpf::destroy(made); }
};
using Skeleton = std::unique_ptr<::policy_bpf, Destroy>;

std::string layout_directory(const Options& options) {
    return pins_of_netns(options.bpffs) + "/policy-" + std::to_string(POLICY_LAYOUT);
}

// The last line that is about the program; statistics follow it.
std::string reason_of(const std::string& log) {
    std::string text = log.substr(0, std::min(log.find("\nprocessed "), log.find('\0')));
    while (!text.empty() && text.back() == '\n') {
        text.pop_back();
    }
    const auto begin = text.rfind('\n');
    text = begin == std::string::npos ? text : text.substr(begin + 1);
    return text.empty() ? "" : " (" + text + ")";
}

Fd duplicate(int fd) {
    Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!copy) {
        throw system_error("keep a BPF object", errno);
    }
    return copy;
}

bpf_map_info info_of(int map) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    if (::bpf_obj_get_info_by_fd(map, &info, &size) != 0) {
        throw system_error("ask about a BPF map", errno);
    }
    return info;
}

bpf_prog_info info_of_program(int program) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (::bpf_obj_get_info_by_fd(program, &info, &size) != 0) {
        throw system_error("ask about a BPF program", errno);
    }
    return info;
}

bool has_shape(const bpf_map* map, const bpf_map_info& info) {
    return info.type == bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
           info.value_size == bpf_map__value_size(map) && info.map_flags == bpf_map__map_flags(map);
}

// The programs' scratch paper is of their version only.
bool is_kept(const bpf_map* map) {
    return !bpf_map__is_internal(map) && std::string_view(bpf_map__name(map)) != "sights";
}

std::string pin_of(const std::string& directory, const bpf_map* map) {
    return directory + "/" + bpf_map__name(map);
}

void set_size(bpf_map* map, std::uint32_t elements) {
    if (const int error = bpf_map__set_max_entries(map, elements); error != 0) {
        throw system_error(std::string("size the BPF map ") + bpf_map__name(map), -error);
    }
}

// Takes over pinned maps. All of them or none: maps refer to one another.
bool reuse(const Skeleton& made, const std::string& directory) {
    std::vector<std::pair<bpf_map*, Fd>> found;
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, made->obj) {
        if (!is_kept(map)) {
            continue;
        }
        Fd pinned(::bpf_obj_get(pin_of(directory, map).c_str()));
        if (!pinned || !has_shape(map, info_of(pinned.get()))) {
            return false;
        }
        found.emplace_back(map, std::move(pinned));
    }
    for (const auto& [known, pinned] : found) {
        if (const int error = bpf_map__reuse_fd(known, pinned.get()); error != 0) {
            throw system_error(std::string("take over the BPF map ") + bpf_map__name(known),
                               -error);
        }
    }
    return true;
}

// Of another namespace that had this one's number before.
bool is_foreign(const std::string& directory, std::uint64_t cookie) {
    const Fd pinned(::bpf_obj_get((directory + "/settings").c_str()));
    const std::uint32_t first = 0;
    policy_settings settings{};
    return pinned && info_of(pinned.get()).value_size == sizeof settings &&
           ::bpf_map_lookup_elem(pinned.get(), &first, &settings) == 0 && settings.netns != cookie;
}

void pin(const Skeleton& made, const std::string& directory) {
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, made->obj) {
        if (!is_kept(map)) {
            continue;
        }
        const auto path = pin_of(directory, map);
        if (::bpf_obj_pin(bpf_map__fd(map), path.c_str()) != 0) {
            throw system_error("pin the BPF map " + path, errno);
        }
    }
}

Skeleton open_skeleton(const Options& options, std::string& log) {
    // What it would say on standard error is in the Error.
    ::libbpf_set_print(nullptr);
    bpf_object_open_opts how{};
    how.sz = sizeof how;
    how.kernel_log_buf = log.data();
    how.kernel_log_size = log.size();
    Skeleton made(::policy_bpf::open(&how));
    if (!made) {
        throw system_error("open the BPF programs", errno);
    }
    set_size(made->maps.connections, options.connections);
    set_size(made->maps.members, options.members);
    set_size(made->maps.blocks, options.blocks);
    set_size(made->maps.ports, options.rules);
    set_size(made->maps.lists, options.rules);
    set_size(made->maps.frontends, options.services);
    set_size(made->maps.backends, options.backends);
    set_size(made->maps.targets, options.backends);
    return made;
}

std::string tag_of(const bpf_prog_info& info) {
    std::string tag;
    for (const auto byte : info.tag) {
        std::array<char, 3> digits{};
        (void)std::snprintf(digits.data(), digits.size(), "%02x", byte);
        tag += digits.data();
    }
    return tag;
}

State::Program describe(int program) {
    const auto info = info_of_program(program);
    return {program, info.id, tag_of(info), info.verified_insns};
}

template <class Value>
std::vector<Value> per_processor(int map, std::uint32_t key) {
    std::vector<Value> values(static_cast<std::size_t>(std::max(1, ::libbpf_num_possible_cpus())));
    if (::bpf_map_lookup_elem(map, &key, values.data()) != 0) {
        throw_map_error("read", "counters", errno);
    }
    return values;
}

}  // namespace

void throw_map_error(const std::string& doing, const std::string& map, int error) {
    if (error == E2BIG || error == ENOSPC) {
        const std::string key = map == "members"                        ? "max_addresses"
                                : map == "blocks"                       ? "max_blocks"
                                : map == "frontends"                    ? "max_services"
                                : map == "backends" || map == "targets" ? "max_backends"
                                                                        : "max_rules";
        throw Error(Status::Internal,
                    "the BPF map " + map + " is full; what was in force stays; remedy: a larger " +
                        key +
                        " in [module.policy-bpf], and a restart of the node's pods' rules "
                        "(README, \"Sizes\")",
                    error);
    }
    throw system_error(doing + " the BPF map " + map, error);
}

struct State::Parts {
    bool is_new = false;
    std::uint32_t endpoints_id = 0;
    Fd settings, endpoints, rules, ports, lists, members, blocks, connections;
    Fd neighbours, frontends, backends, targets, counters, reasons, verdicts;
    Fd from_pod, to_pod;
};

State::Parts State::load(const Options& options) {
    const auto directory = layout_directory(options);
    make_directory(options.bpffs, directory);
    const auto cookie = netns_cookie();
    if (is_foreign(directory, cookie)) {
        remove_directory(directory);
        make_directory(options.bpffs, directory);
    }
    std::string log(kLogSize, '\0');
    auto made = open_skeleton(options, log);
    Parts parts;
    parts.is_new = !reuse(made, directory);
    if (const int error = ::policy_bpf::load(made.get()); error != 0) {
        throw system_error("load the BPF programs" + reason_of(log), -error);
    }
    if (parts.is_new) {
        remove_directory(directory);
        make_directory(options.bpffs, directory);
        pin(made, directory);
    }
    const auto keep = [](const bpf_map* map) { return duplicate(bpf_map__fd(map)); };
    parts.settings = keep(made->maps.settings);
    parts.endpoints = keep(made->maps.endpoints);
    parts.rules = keep(made->maps.rules);
    parts.ports = keep(made->maps.ports);
    parts.lists = keep(made->maps.lists);
    parts.members = keep(made->maps.members);
    parts.blocks = keep(made->maps.blocks);
    parts.connections = keep(made->maps.connections);
    parts.neighbours = keep(made->maps.neighbours);
    parts.frontends = keep(made->maps.frontends);
    parts.backends = keep(made->maps.backends);
    parts.targets = keep(made->maps.targets);
    parts.counters = keep(made->maps.counters);
    parts.reasons = keep(made->maps.reasons);
    parts.verdicts = keep(made->maps.verdicts);
    parts.from_pod = duplicate(bpf_program__fd(made->progs.from_pod));
    parts.to_pod = duplicate(bpf_program__fd(made->progs.to_pod));
    parts.endpoints_id = info_of(parts.endpoints.get()).id;
    return parts;
}

State::State(const Options& options) : State(load(options)) {
    auto& facts = settings();
    if (is_new_) {
        facts.next_id = POLICY_FIRST_ID;
        facts.next_index = 1;
        facts.netns = netns_cookie();
    }
    facts.listeners = 0;
    facts.pod_to_node = options.asks_for_node ? 0 : 1;
    facts.keeps = options.cuts_established ? 0 : 1;
}

State::State(Parts parts)
    : is_new_(parts.is_new),
      endpoints_id_(parts.endpoints_id),
      settings_(parts.settings, 1),
      endpoints_(parts.endpoints, POLICY_ENDPOINTS),
      rules_(std::move(parts.rules), "rules"),
      ports_(std::move(parts.ports), "ports"),
      lists_(std::move(parts.lists), "lists"),
      members_(std::move(parts.members), "members"),
      blocks_(std::move(parts.blocks), "blocks"),
      connections_(std::move(parts.connections), "connections"),
      neighbours_(std::move(parts.neighbours), "neighbours"),
      frontends_(std::move(parts.frontends), "frontends"),
      backends_(std::move(parts.backends), "backends"),
      targets_(std::move(parts.targets), "targets"),
      counters_(std::move(parts.counters)),
      reasons_(std::move(parts.reasons)),
      verdicts_(std::move(parts.verdicts)),
      from_fd_(std::move(parts.from_pod)),
      to_fd_(std::move(parts.to_pod)),
      from_pod_(describe(from_fd_.get())),
      to_pod_(describe(to_fd_.get())) {}

void State::purge(const Options& options) {
    remove_directory(pins_of_netns(options.bpffs));
}

void State::try_kernel(const Options& options) {
    std::string log(kLogSize, '\0');
    const auto made = open_skeleton(options, log);
    if (const int error = ::policy_bpf::load(made.get()); error != 0) {
        const auto failure = system_error("load the BPF programs" + reason_of(log), -error);
        throw Error(Status::Unsupported, failure.what(), -error);
    }
}

State::Living State::living() const {
    Living out;
    out.below = static_cast<std::uint32_t>(settings().next_id);
    for (std::uint32_t index = 1; index < POLICY_ENDPOINTS; ++index) {
        if ((endpoint(index).flags & POLICY_IN_USE) != 0) {
            out.serials.insert(endpoint(index).serial);
        }
    }
    return out;
}

std::uint32_t State::take_id() const {
    auto& next = settings().next_id;
    if (next >= UINT32_MAX) {
        throw Error(Status::Internal,
                    "identifiers in BPF maps are used up; remedy: remove the pins, "
                    "see README, \"What it makes\"");
    }
    return static_cast<std::uint32_t>(next++);
}

policy_counter State::counter(std::uint32_t index) const {
    policy_counter sum{};
    for (const auto& one : per_processor<policy_counter>(counters_.get(), index)) {
        for (const int direction : {POLICY_INGRESS, POLICY_EGRESS}) {
            sum.allowed[direction] += one.allowed[direction];
            sum.denied[direction] += one.denied[direction];
        }
    }
    return sum;
}

void State::clear_counter(std::uint32_t index) const {
    const std::vector<policy_counter> zeros(
        static_cast<std::size_t>(std::max(1, ::libbpf_num_possible_cpus())));
    if (::bpf_map_update_elem(counters_.get(), &index, zeros.data(), BPF_ANY) != 0) {
        throw_map_error("write to", "counters", errno);
    }
}

std::uint64_t State::reason(std::uint32_t which) const {
    const auto all = per_processor<std::uint64_t>(reasons_.get(), which);
    return std::accumulate(all.begin(), all.end(), std::uint64_t{0});
}

State::Kinship State::compare(std::uint32_t program_id, const Program& ours) const {
    const Fd program(::bpf_prog_get_fd_by_id(program_id));
    if (!program) {
        return Kinship::Stranger;
    }
    std::array<std::uint32_t, 32> maps{};
    bpf_prog_info info{};
    info.nr_map_ids = static_cast<std::uint32_t>(maps.size());
    info.map_ids = reinterpret_cast<std::uintptr_t>(maps.data());
    std::uint32_t size = sizeof info;
    if (::bpf_obj_get_info_by_fd(program.get(), &info, &size) != 0) {
        throw system_error("ask about a BPF program", errno);
    }
    const auto end = maps.begin() + std::min<std::size_t>(info.nr_map_ids, maps.size());
    if (std::find(maps.begin(), end, endpoints_id_) == end) {
        return Kinship::Stranger;
    }
    return tag_of(info) == ours.tag ? Kinship::Same : Kinship::Cousin;
}

}  // namespace terway::policy_bpf
