// The entries of the VPC's system route table as the API sees them. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "sim/cloud/settings.hpp"
#include "sim/model.hpp"

namespace terway::sim {

struct RouteRecord {
    std::string id;
    Prefix destination;
    std::string next_hop;
    std::string type = "Instance";     // or NetworkInterface
    std::string status = "Available";  // Pending, Deleting
    std::string description;
    std::optional<WallTime> due;
};

// Refuses by throwing Refusal. The model gets an entry when it is Available.
class Routes {
public:
    Routes(Model& model, const Settings& settings, Dice& dice);

    [[nodiscard]] std::string table() const { return "vtb-" + model_.vpc().id; }
    [[nodiscard]] const std::vector<RouteRecord>& list() const noexcept { return records_; }
    std::string create(RouteRecord wish, WallTime now);
    // By id, or by destination and next hop.
    void remove(const std::string& id, const std::optional<Prefix>& destination,
                const std::string& next_hop, WallTime now);
    void advance(WallTime now);
    [[nodiscard]] std::optional<WallTime> next_event() const;

private:
    void check_idle() const;

    Model& model_;
    const Settings& settings_;
    Dice& dice_;
    std::vector<RouteRecord> records_;
    std::uint64_t next_ = 1;
};

}  // namespace terway::sim
