#include "policy_programs.hpp"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <ostream>

#include "compile.hpp"
#include "terway/error.hpp"

namespace terway::test {
namespace {

constexpr std::uint32_t kLost = 77;  // the small program went on with nothing

constexpr bpf_insn instruction(std::uint8_t code, std::uint8_t to, std::uint8_t from,
                               std::int16_t offset, std::int32_t value) {
    return {code, static_cast<std::uint8_t>(to & 15U), static_cast<std::uint8_t>(from & 15U),
            offset, value};
}

// The class is in the mark, and the number of the program in the priority: both may be given to a
// test run.
Fd load_entry(int programs) {
    constexpr std::uint8_t kMove = BPF_ALU64 | BPF_MOV | BPF_X;
    constexpr std::uint8_t kSet = BPF_ALU64 | BPF_MOV | BPF_K;
    constexpr std::uint8_t kLoad = BPF_LDX | BPF_MEM | BPF_W;
    constexpr std::uint8_t kStore = BPF_STX | BPF_MEM | BPF_W;
    const std::array code{instruction(kMove, 6, 1, 0, 0),
                          instruction(kLoad, 2, 6, offsetof(__sk_buff, mark), 0),
                          instruction(kStore, 6, 2, offsetof(__sk_buff, tc_classid), 0),
                          instruction(kLoad, 3, 6, offsetof(__sk_buff, priority), 0),
                          instruction(kMove, 1, 6, 0, 0),
                          instruction(BPF_LD | BPF_DW | BPF_IMM, 2, BPF_PSEUDO_MAP_FD, 0, programs),
                          instruction(0, 0, 0, 0, 0),
                          instruction(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call),
                          instruction(kSet, 0, 0, 0, kLost),
                          instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)};
    Fd loaded(::bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "entry", "Apache-2.0", code.data(),
                              code.size(), nullptr));
    if (!loaded) {
        throw system_error("load the program that sets the class", errno);
    }
    return loaded;
}

Fd make_jumps(const State& state) {
    Fd made(::bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "jumps", sizeof(std::uint32_t),
                             sizeof(std::uint32_t), 2, nullptr));
    for (const auto& [key, fd] : {std::pair<std::uint32_t, int>{POLICY_INGRESS, state.to_pod().fd},
                                  {POLICY_EGRESS, state.from_pod().fd}}) {
        if (!made || ::bpf_map_update_elem(made.get(), &key, &fd, BPF_ANY) != 0) {
            throw system_error("fill the array of programs", errno);
        }
    }
    return made;
}

}  // namespace

void PrintTo(const Ruling& ruling, std::ostream* out) {
    static constexpr std::array kNames{"by the rules", "no endpoint", "malformed",
                                       "not IP",       "late",        "lost fragment",
                                       "no room",      "no backend",  "not writable"};
    *out << (ruling.passed ? "passed" : "dropped");
    if (ruling.reason) {
        *out << ", " << kNames.at(*ruling.reason);
    }
}

PolicyPrograms::PolicyPrograms(const policy_bpf::Options& options)
    : options_(options),
      state_(std::make_unique<State>(options)),
      store_(std::make_unique<policy_bpf::RuleStore>(*state_)),
      programs_(make_jumps(*state_)),
      entry_(load_entry(programs_.get())),
      ring_(::ring_buffer__new(
          state_->verdicts_fd(),
          [](void* self, void* data, std::size_t) {
              static_cast<PolicyPrograms*>(self)->heard_.push_back(
                  *static_cast<const policy_verdict*>(data));
              return 0;
          },
          this, nullptr)) {}

PolicyPrograms::~PolicyPrograms() {
    State::purge(options_);
}

std::uint32_t PolicyPrograms::add_endpoint(const std::vector<IpAddress>& addresses) {
    const auto index = static_cast<std::uint32_t>(settings().next_index++);
    auto& made = endpoint(index);
    made = policy_endpoint{};
    made.serial = state_->take_id();
    for (const auto& address : addresses) {
        (address.is_v4() ? made.v4 : made.v6) = policy_bpf::address_of(address);
    }
    made.flags = POLICY_IN_USE;
    return index;
}

std::vector<std::uint64_t> PolicyPrograms::reasons() const {
    std::vector<std::uint64_t> out;
    for (std::uint32_t which = 0; which < POLICY_REASONS; ++which) {
        out.push_back(state_->reason(which));
    }
    return out;
}

Ruling PolicyPrograms::run(Way way, std::uint32_t index, const Bytes& frame, Side side) const {
    __sk_buff context{};
    context.mark = POLICY_CLASS | (side == Side::Pod ? POLICY_INSIDE : 0U) | index;
    context.priority = static_cast<std::uint32_t>(way);
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = frame.data();
    options.data_size_in = static_cast<std::uint32_t>(frame.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
    const auto before = reasons();
    if (const int error = ::bpf_prog_test_run_opts(entry_.get(), &options); error != 0) {
        throw system_error("run the program", -error);
    }
    if (options.retval != static_cast<std::uint32_t>(TC_ACT_UNSPEC) &&
        options.retval != TC_ACT_SHOT) {
        throw Error(Status::Internal, "the program answered " + std::to_string(options.retval));
    }
    Ruling ruling{options.retval != TC_ACT_SHOT, std::nullopt};
    const auto after = reasons();
    for (unsigned which = 0; which < POLICY_REASONS; ++which) {
        if (after[which] != before[which]) {
            if (ruling.reason || after[which] != before[which] + 1) {
                throw Error(Status::Internal, "one packet was counted more than once");
            }
            ruling.reason = which;
        }
    }
    return ruling;
}

std::vector<policy_verdict> PolicyPrograms::verdicts() {
    if (const int error = ::ring_buffer__consume(ring_.get()); error < 0) {
        throw system_error("read verdicts", -error);
    }
    return std::exchange(heard_, {});
}

}  // namespace terway::test
