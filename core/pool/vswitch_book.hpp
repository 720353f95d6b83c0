// Which vSwitch the next ENI goes to. Remembers the exhausted ones. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "cloud/eni.hpp"
#include "pool/eni_settings.hpp"

namespace terway::pool {

class VSwitchBook {
public:
    using Dice = std::function<std::uint64_t()>;

    explicit VSwitchBook(const EniSettings& settings, Dice dice);

    // What the cloud says of the candidates; those it does not know, and those of
    // other zones than the instance's, are dropped.
    void know(const std::vector<cloud::VSwitch>& vswitches);
    void exhausted(const std::string& id, WallTime until);
    // Something is wrong with it that may be put right.
    void dropped(const std::string& id, const std::string& reason, WallTime until);
    // Addresses of ours went back there.
    void freed(const std::string& id);

    [[nodiscard]] std::optional<std::string> choose(WallTime now) const;
    [[nodiscard]] bool is_exhausted(const std::string& id, WallTime now) const;
    // When one can be chosen again; nothing if one can be now or none ever will.
    [[nodiscard]] std::optional<WallTime> next_chance(WallTime now) const;
    // One line for each that cannot be chosen.
    [[nodiscard]] std::vector<std::string> troubles(WallTime now) const;
    // Nothing if `know` was not told of it.
    [[nodiscard]] std::optional<cloud::VSwitch> facts(const std::string& id) const;

private:
    struct Candidate {
        std::string id;
        std::optional<cloud::VSwitch> facts;
        WallTime full_until{};
        std::string dropped;  // why
        WallTime dropped_until = WallTime::max();

        [[nodiscard]] bool is_dropped(WallTime now) const {
            return !dropped.empty() && dropped_until > now;
        }
    };

    [[nodiscard]] Candidate* find(const std::string& id);

    std::vector<Candidate> candidates_;
    std::string zone_;
    VSwitchChoice choice_;
    Dice dice_;
};

}  // namespace terway::pool
