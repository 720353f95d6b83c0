#include "edt_plan.hpp"

#include <algorithm>

namespace terway::bandwidth_tc {
namespace {

__extension__ using Wide = unsigned __int128;

// Less than fq's horizon, which would lose what the program has let pass.
constexpr std::uint64_t kLongestQueue = 3'600 * EDT_SECOND;

// A 32-bit number of bytes takes less than 2^62 ns at one byte a second.
std::uint64_t time_of(std::uint32_t bytes, std::uint64_t rate) {
    return bytes * EDT_SECOND / rate;
}

}  // namespace

edt_limits limits_of(const Shape& shape) {
    edt_limits limits{};
    limits.rate = shape.rate;
    limits.burst = time_of(shape.burst, shape.rate);
    limits.queue = std::min<std::uint64_t>(time_of(shape.limit, shape.rate), kLongestQueue);
    limits.version = EDT_VERSION;
    limits.tells_clock = shape.means.tells_clock ? 1 : 0;
    return limits;
}

bool same_limits(const edt_limits& one, const edt_limits& other) {
    return one.rate == other.rate && one.burst == other.burst && one.queue == other.queue &&
           one.version == other.version && one.tells_clock == other.tells_clock;
}

edt_state taken_over(const edt_state& former, const edt_limits& limits, std::uint64_t now) {
    auto state = former;
    state.departure = std::min<std::uint64_t>(former.departure, now + limits.queue);
    state.rest = 0;
    return state;
}

std::uint64_t waiting(const edt_state& state, const edt_limits& limits, std::uint64_t now) {
    if (state.departure <= now) {
        return 0;
    }
    return static_cast<std::uint64_t>(static_cast<Wide>(state.departure - now) * limits.rate /
                                      EDT_SECOND);
}

}  // namespace terway::bandwidth_tc
