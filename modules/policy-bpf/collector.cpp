#include "collector.hpp"

#include "clock.hpp"

namespace terway::policy_bpf {
bool is_over(const policy_connection_key& key, const policy_connection& connection,
             std::uint64_t now) {
    const auto age = static_cast<std::int64_t>(now - connection.seen);
    return age > 0 && static_cast<std::uint64_t>(age) >=
                          policy_time_of(&connection, key.protocol) + POLICY_SECOND;
}

void collect(const State& state, const State::Living& living, const std::stop_token& stop) {
    constexpr std::uint32_t kBatch = 4'096;
    const auto& connections = state.connections();
    connections.each_batch(kBatch, [&](const auto& key, const auto& connection) {
        const bool is_orphan =
            key.endpoint < living.below && !living.serials.contains(key.endpoint);
        if (is_orphan || is_over(key, connection, monotonic_ns())) {
            // What was read may be of a while ago.
            const auto now = connections.find(key);
            const bool is_still = now && (is_orphan || is_over(key, *now, monotonic_ns()));
            if (is_still) {
                (void)connections.remove(key);
            }
        }
        return !stop.stop_requested();
    });
}

}  // namespace terway::policy_bpf
