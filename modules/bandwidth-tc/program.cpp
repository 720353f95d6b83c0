#include "program.hpp"

#include <bpf/bpf.h>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>

#include "edt.skel.h"
#include "terway/error.hpp"

namespace terway::bandwidth_tc {
namespace {

constexpr std::size_t kLogSize = 64U << 10U;
constexpr std::uint32_t kFirst = 0;
constexpr std::string_view kLanes = "lanes";
constexpr std::string_view kLimits = ".rodata";

struct Destroy {
    void operator()(edt_bpf* made) const noexcept { edt_bpf::destroy(made); }
};

std::string last_line(std::string_view log) {
    log = log.substr(0, log.find('\0'));
    while (!log.empty() && log.back() == '\n') {
        log.remove_suffix(1);
    }
    const auto begin = log.rfind('\n');
    return std::string(begin == std::string_view::npos ? log : log.substr(begin + 1));
}

// The log ends with statistics; what is wrong stands before them.
std::string reason_of(const std::string& log) {
    const auto statistics = log.find("\nprocessed ");
    const auto text = last_line(std::string_view(log).substr(0, statistics));
    return text.empty() ? "" : " (" + text + ")";
}

bool is_absent(int error) {
    return error == ENOENT || error == EINVAL;
}

bpf_map_info map_info(const Fd& map) {
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    if (::bpf_obj_get_info_by_fd(map.get(), &info, &size) != 0) {
        throw system_error("ask about a map of a program", errno);
    }
    return info;
}

// Its element, if the map is of that name and size.
template <class Value>
bool read(const Fd& map, const bpf_map_info& info, std::string_view name, Value& value,
          std::uint64_t flags) {
    if (!std::string_view(static_cast<const char*>(info.name)).ends_with(name) ||
        info.value_size != sizeof value) {
        return false;
    }
    if (::bpf_map_lookup_elem_flags(map.get(), &kFirst, &value, flags) != 0) {
        throw system_error("read a map of a program", errno);
    }
    return true;
}

}  // namespace

bool kernel_tells_clock() {
    return ::libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_skb_set_tstamp, nullptr) ==
           1;
}

Fd load_program(const edt_limits& limits, const edt_state& begin) {
    // What it would say on standard error is in the Error.
    ::libbpf_set_print(nullptr);
    std::string log(kLogSize, '\0');
    bpf_object_open_opts options{};
    options.sz = sizeof options;
    options.kernel_log_buf = log.data();
    options.kernel_log_size = log.size();
    const std::unique_ptr<edt_bpf, Destroy> made(edt_bpf::open(&options));
    if (!made) {
        throw system_error("open the BPF program", errno);
    }
    made->rodata->limits = limits;
    if (const int error = edt_bpf::load(made.get()); error != 0) {
        throw system_error("load the BPF program" + reason_of(log), -error);
    }
    edt_lane lane{};
    lane.state = begin;
    if (::bpf_map_update_elem(bpf_map__fd(made->maps.lanes), &kFirst, &lane, BPF_ANY) != 0) {
        throw system_error("set what the BPF program begins with", errno);
    }
    Fd program(::fcntl(bpf_program__fd(made->progs.edt), F_DUPFD_CLOEXEC, 0));
    if (!program) {
        throw system_error("keep the BPF program", errno);
    }
    return program;
}

std::optional<LoadedProgram> read_program(std::uint32_t id) {
    const Fd program(::bpf_prog_get_fd_by_id(id));
    if (!program) {
        if (is_absent(errno)) {
            return std::nullopt;
        }
        throw system_error("open BPF program " + std::to_string(id), errno);
    }
    return read_program(program);
}

std::optional<LoadedProgram> read_program(const Fd& program) {
    constexpr std::uint32_t kMaps = 8;
    std::array<std::uint32_t, kMaps> maps{};
    bpf_prog_info info{};
    info.nr_map_ids = kMaps;
    info.map_ids = reinterpret_cast<std::uintptr_t>(maps.data());
    std::uint32_t size = sizeof info;
    if (::bpf_obj_get_info_by_fd(program.get(), &info, &size) != 0) {
        throw system_error("ask about a BPF program", errno);
    }
    LoadedProgram found;
    edt_lane lane{};
    bool has_limits = false;
    bool has_lane = false;
    for (std::uint32_t i = 0; i < std::min(info.nr_map_ids, kMaps); ++i) {
        const Fd map(::bpf_map_get_fd_by_id(maps.at(i)));
        if (!map) {
            throw system_error("open BPF map " + std::to_string(maps.at(i)), errno);
        }
        const auto facts = map_info(map);
        has_limits = has_limits || read(map, facts, kLimits, found.limits, 0);
        has_lane = has_lane || read(map, facts, kLanes, lane, BPF_F_LOCK);
    }
    found.state = lane.state;
    return has_limits && has_lane ? std::optional(found) : std::nullopt;
}

}  // namespace terway::bandwidth_tc
