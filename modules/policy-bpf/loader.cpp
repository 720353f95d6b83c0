#include "loader.hpp"

#include <bpf/libbpf.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpf/layout.h"
#include "pins.hpp"
#include "policy.skel.h"
#include "terway/error.hpp"

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
bool reuse(const Skeleton& made, const std::string& directory, std::string& other_sizes) {
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
        const auto there = info_of(pinned.get()).max_entries;
        if (there != bpf_map__max_entries(map)) {
            other_sizes += (other_sizes.empty() ? "" : ", ") + std::string(bpf_map__name(map)) +
                           " " + std::to_string(there) + " instead of " +
                           std::to_string(bpf_map__max_entries(map));
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
    set_size(made->maps.rules, options.rules);
    set_size(made->maps.frontends, options.services);
    set_size(made->maps.backends, options.backends);
    set_size(made->maps.targets, options.backends);
    return made;
}

}  // namespace

bpf_map_info info_of(int map) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    if (::bpf_obj_get_info_by_fd(map, &info, &size) != 0) {
        throw system_error("ask about a BPF map", errno);
    }
    return info;
}

Loaded load(const Options& options) {
    const auto directory = layout_directory(options);
    make_directory(options.bpffs, directory);
    const auto cookie = netns_cookie();
    if (is_foreign(directory, cookie)) {
        remove_directory(directory);
        make_directory(options.bpffs, directory);
    }
    std::string log(kLogSize, '\0');
    auto made = open_skeleton(options, log);
    Loaded parts;
    parts.is_new = !reuse(made, directory, parts.other_sizes);
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

void try_kernel(const Options& options) {
    std::string log(kLogSize, '\0');
    const auto made = open_skeleton(options, log);
    if (const int error = ::policy_bpf::load(made.get()); error != 0) {
        const auto failure = system_error("load the BPF programs" + reason_of(log), -error);
        throw Error(Status::Unsupported, failure.what(), -error);
    }
}

}  // namespace terway::policy_bpf
