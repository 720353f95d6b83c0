// The cloud's OpenAPI without a network: calls in, answers out, over a VPC model.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sim/cloud/call.hpp"
#include "sim/cloud/call_log.hpp"
#include "sim/cloud/eni_book.hpp"
#include "sim/cloud/faults.hpp"
#include "sim/cloud/keys.hpp"
#include "sim/cloud/routes.hpp"
#include "sim/cloud/settings.hpp"
#include "sim/cloud/throttle.hpp"

namespace terway::sim {

// Pure: no threads, no I/O, no clock but the times it is given, which must not decrease; no
// randomness but the seed's. Not movable; one thread at a time.
class Cloud {
public:
    explicit Cloud(Model model, const Settings& settings = {},
                   InstanceTypes types = known_instance_types(), std::uint64_t seed = 1);
    Cloud(const Cloud&) = delete;
    Cloud& operator=(const Cloud&) = delete;

    // Never throws what a client could cause.
    [[nodiscard]] Answer handle(const ApiCall& call);
    // A call refused before it got here (signature, key): logged like the others.
    [[nodiscard]] Answer refuse(const ApiCall& call, const Refusal& refusal);

    void advance(WallTime now);
    // When something changes by itself next; the metadata's lag is not counted.
    [[nodiscard]] std::optional<WallTime> next_event() const;

    [[nodiscard]] Settings& settings() noexcept { return settings_; }
    [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
    [[nodiscard]] Faults& faults() noexcept { return faults_; }
    [[nodiscard]] CallLog& calls() noexcept { return calls_; }
    [[nodiscard]] EniBook& enis() noexcept { return enis_; }
    [[nodiscard]] Routes& routes() noexcept { return routes_; }
    [[nodiscard]] Keys& keys() noexcept { return keys_; }
    [[nodiscard]] Buckets& buckets() noexcept { return buckets_; }
    [[nodiscard]] Dice& dice() noexcept { return dice_; }
    [[nodiscard]] const Model& model() const noexcept { return enis_.model(); }

private:
    struct Remembered {
        std::string fingerprint;
        Answer answer;
        WallTime at;
    };

    [[nodiscard]] Answer perform(const ApiCall& call);
    [[nodiscard]] Answer dispatch(const ApiCall& call);
    [[nodiscard]] Answer error(const ApiCall& call, const Refusal& refusal);
    void check_permission(const ApiCall& call) const;
    void check_throttle(const ApiCall& call);
    void log(const ApiCall& call, const std::string& outcome);

    Settings settings_;
    Dice dice_;
    EniBook enis_;
    Routes routes_;
    Keys keys_;
    Faults faults_;
    CallLog calls_;
    Buckets buckets_;
    std::map<std::string, Remembered> tokens_;  // of successful calls, 24 h
};

}  // namespace terway::sim
