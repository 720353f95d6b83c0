#include "netlink/qdisc_options.hpp"

#include <linux/pkt_sched.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <tuple>

#include "netlink/parse.hpp"

namespace terway::netlink {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::uint32_t kHtbVersion = 3;
constexpr std::uint32_t kCodelRoundingUs = 2;
constexpr std::uint32_t kCodelTargetUs = 5'000;
constexpr std::uint32_t kCodelIntervalUs = 100'000;
constexpr std::uint32_t kCodelMemory = 32U << 20U;

bool near(std::uint64_t one, std::uint64_t other, std::uint64_t tolerance) {
    return one > other ? one - other <= tolerance : other - one <= tolerance;
}

std::uint32_t or_default(std::uint32_t value, std::uint32_t fallback) {
    return value != 0 ? value : fallback;
}

void put_tbf(Message& message, const Tbf& tbf) {
    tc_tbf_qopt parameters{};
    parameters.rate.rate = low_rate(tbf.rate);
    parameters.rate.linklayer = TC_LINKLAYER_ETHERNET;
    parameters.limit = tbf.limit;
    parameters.buffer = ticks_of(tbf.burst, tbf.rate);
    message.put(TCA_TBF_PARMS, &parameters, sizeof parameters);
    message.u32(TCA_TBF_BURST, tbf.burst);
    if (tbf.rate > parameters.rate.rate) {
        message.put(TCA_TBF_RATE64, &tbf.rate, sizeof tbf.rate);
    }
}

void put_codel(Message& message, const FqCodel& codel) {
    message.u32(TCA_FQ_CODEL_TARGET, or_default(codel.target_us, kCodelTargetUs));
    message.u32(TCA_FQ_CODEL_INTERVAL, or_default(codel.interval_us, kCodelIntervalUs));
    message.u32(TCA_FQ_CODEL_MEMORY_LIMIT, or_default(codel.memory_limit, kCodelMemory));
}

void put_fq(Message& message, const Fq& fq) {
    if (fq.packets != 0) {
        message.u32(TCA_FQ_PLIMIT, fq.packets);
        message.u32(TCA_FQ_FLOW_PLIMIT, fq.packets);
    }
    if (fq.horizon_us != 0) {
        message.u32(TCA_FQ_HORIZON, fq.horizon_us);
    }
}

Tbf read_tbf(nlattr* options) {
    const auto given = parse_nest<TCA_TBF_MAX + 1>(options);
    const auto parameters = struct_of<tc_tbf_qopt>(given[TCA_TBF_PARMS]);
    Tbf tbf;
    tbf.rate = given[TCA_TBF_RATE64] != nullptr ? nla_get_u64(given[TCA_TBF_RATE64])
                                                : parameters.rate.rate;
    tbf.limit = parameters.limit;
    tbf.burst = static_cast<std::uint32_t>(std::min<std::uint64_t>(
        bytes_of(parameters.buffer, tbf.rate), std::numeric_limits<std::uint32_t>::max()));
    return tbf;
}

Htb read_htb(nlattr* options) {
    const auto given = parse_nest<TCA_HTB_MAX + 1>(options);
    return {struct_of<tc_htb_glob>(given[TCA_HTB_INIT]).defcls};
}

FqCodel read_codel(nlattr* options) {
    const auto given = parse_nest<TCA_FQ_CODEL_MAX + 1>(options);
    return {u32_or(given[TCA_FQ_CODEL_TARGET], 0), u32_or(given[TCA_FQ_CODEL_INTERVAL], 0),
            u32_or(given[TCA_FQ_CODEL_MEMORY_LIMIT], 0)};
}

Fq read_fq(nlattr* options) {
    const auto given = parse_nest<TCA_FQ_MAX + 1>(options);
    const auto packets = u32_or(given[TCA_FQ_PLIMIT], 0);
    // One number for both; a smaller one for a flow is another one.
    return {std::min(packets, u32_or(given[TCA_FQ_FLOW_PLIMIT], packets)),
            u32_or(given[TCA_FQ_HORIZON], 0)};
}

Prio read_prio(nlattr* options) {
    const auto parameters = struct_of<tc_prio_qopt>(options);
    static_assert(std::tuple_size_v<decltype(Prio::band_of)> == sizeof parameters.priomap);
    Prio prio;
    prio.bands = static_cast<std::uint32_t>(parameters.bands);
    std::copy(std::begin(parameters.priomap), std::end(parameters.priomap), prio.band_of.begin());
    return prio;
}

}  // namespace

std::uint32_t ticks_of(std::uint64_t bytes, std::uint64_t rate) {
    const Wide ns =
        static_cast<Wide>(bytes) * kNanosecondsPerSecond / std::max<std::uint64_t>(rate, 1);
    return static_cast<std::uint32_t>(
        std::min<Wide>(ns / kNanosecondsPerTick, std::numeric_limits<std::uint32_t>::max()));
}

std::uint64_t bytes_of(std::uint64_t ticks, std::uint64_t rate) {
    return static_cast<std::uint64_t>(static_cast<Wide>(ticks) * kNanosecondsPerTick * rate /
                                      kNanosecondsPerSecond);
}

bool same_burst(std::uint64_t one, std::uint64_t other, std::uint64_t rate) {
    constexpr std::uint64_t kTicks = 4;
    return near(one, other, one / 1000 + bytes_of(kTicks, rate) + 1);
}

std::uint32_t low_rate(std::uint64_t rate) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(rate, std::numeric_limits<std::uint32_t>::max()));
}

bool Tbf::same_as(const Tbf& other) const {
    return rate == other.rate && limit == other.limit && same_burst(burst, other.burst, rate);
}

bool FqCodel::same_as(const FqCodel& other) const {
    const auto same = [](std::uint32_t one, std::uint32_t two, std::uint32_t fallback,
                         std::uint32_t rounding) {
        return near(or_default(one, fallback), or_default(two, fallback), rounding);
    };
    return same(target_us, other.target_us, kCodelTargetUs, kCodelRoundingUs) &&
           same(interval_us, other.interval_us, kCodelIntervalUs, kCodelRoundingUs) &&
           same(memory_limit, other.memory_limit, kCodelMemory, 0);
}

bool Fq::same_as(const Fq& other) const {
    const auto same = [](std::uint32_t one, std::uint32_t two) {
        return one == 0 || two == 0 || one == two;
    };
    return same(packets, other.packets) && same(horizon_us, other.horizon_us);
}

std::string kind_of(const QdiscOptions& options) {
    static constexpr std::array<const char*, std::variant_size_v<QdiscOptions>> kKinds{
        "", "tbf", "htb", "fq_codel", "fq", "bfifo", "prio", "mq"};
    return kKinds.at(options.index());
}

bool same_options(const QdiscOptions& one, const QdiscOptions& other) {
    if (one.index() != other.index()) {
        return false;
    }
    if (const auto* tbf = std::get_if<Tbf>(&one)) {
        return tbf->same_as(std::get<Tbf>(other));
    }
    if (const auto* codel = std::get_if<FqCodel>(&one)) {
        return codel->same_as(std::get<FqCodel>(other));
    }
    if (const auto* fq = std::get_if<Fq>(&one)) {
        return fq->same_as(std::get<Fq>(other));
    }
    if (const auto* htb = std::get_if<Htb>(&one)) {
        return htb->default_class == std::get<Htb>(other).default_class;
    }
    if (const auto* fifo = std::get_if<Bfifo>(&one)) {
        return fifo->limit == std::get<Bfifo>(other).limit;
    }
    if (const auto* prio = std::get_if<Prio>(&one)) {
        return *prio == std::get<Prio>(other);
    }
    return true;
}

void put_options(Message& message, const QdiscOptions& options) {
    if (const auto* tbf = std::get_if<Tbf>(&options)) {
        message.nest(TCA_OPTIONS, [&] { put_tbf(message, *tbf); });
    } else if (const auto* htb = std::get_if<Htb>(&options)) {
        message.nest(TCA_OPTIONS, [&] {
            tc_htb_glob parameters{};
            parameters.version = kHtbVersion;
            parameters.rate2quantum = 10;
            parameters.defcls = htb->default_class;
            message.put(TCA_HTB_INIT, &parameters, sizeof parameters);
        });
    } else if (const auto* codel = std::get_if<FqCodel>(&options)) {
        message.nest(TCA_OPTIONS, [&] { put_codel(message, *codel); });
    } else if (const auto* fq = std::get_if<Fq>(&options)) {
        message.nest(TCA_OPTIONS, [&] { put_fq(message, *fq); });
    } else if (const auto* fifo = std::get_if<Bfifo>(&options)) {
        tc_fifo_qopt parameters{};
        parameters.limit = fifo->limit;
        message.put(TCA_OPTIONS, &parameters, sizeof parameters);
    } else if (const auto* prio = std::get_if<Prio>(&options)) {
        tc_prio_qopt parameters{};
        parameters.bands = static_cast<int>(prio->bands);
        std::copy(prio->band_of.begin(), prio->band_of.end(), parameters.priomap);
        message.put(TCA_OPTIONS, &parameters, sizeof parameters);
    }
}

QdiscOptions read_options(std::string_view kind, nlattr* options) {
    if (kind == "tbf") {
        return read_tbf(options);
    }
    if (kind == "htb") {
        return read_htb(options);
    }
    if (kind == "fq_codel") {
        return read_codel(options);
    }
    if (kind == "fq") {
        return read_fq(options);
    }
    if (kind == "bfifo") {
        return Bfifo{struct_of<tc_fifo_qopt>(options).limit};
    }
    if (kind == "prio") {
        return read_prio(options);
    }
    if (kind == "mq") {
        return Mq{};
    }
    return {};
}

}  // namespace terway::netlink
