#include "state.hpp"

#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <utility>
#include <vector>

#include "loader.hpp"
#include "pins.hpp"

namespace terway::policy_bpf {
namespace {

bpf_prog_info info_of_program(int program) {
    bpf_prog_info info{};
    std::uint32_t size = sizeof info;
    if (::bpf_obj_get_info_by_fd(program, &info, &size) != 0) {
        throw system_error("ask about a BPF program", errno);
    }
    return info;
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
                        key + " in [module.policy-bpf], see its README, \"Sizes\"",
                    error);
    }
    throw system_error(doing + " the BPF map " + map, error);
}

State::State(const Options& options) : State(policy_bpf::load(options)) {
    auto& facts = settings();
    facts.listeners = 0;
    facts.pod_to_node = options.asks_for_node ? 0 : 1;
    facts.keeps = options.cuts_established ? 0 : 1;
}

State::State(Loaded parts)
    : other_sizes_(std::move(parts.other_sizes)),
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
      to_pod_(describe(to_fd_.get())) {
    if (parts.is_new) {
        settings().next_id = POLICY_FIRST_ID;
        settings().next_index = 1;
        settings().netns = netns_cookie();
    }
}

void State::purge(const Options& options) {
    remove_directory(pins_of_netns(options.bpffs));
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
