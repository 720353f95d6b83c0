#include "arena.hpp"

#include "interrupt.hpp"
#include "terway/error.hpp"
#include "veth/guard.hpp"

namespace terway::bench {
namespace {

// The same tables that the daemon's module makes on our node.
void prepare_floor(int node) {
    const NetnsScope scope(node);
    veth::Masquerade masquerade;
    masquerade.pods = {*Prefix::parse("172.20.0.0/18")};
    masquerade.cluster = {*Prefix::parse("172.20.0.0/16"), *Prefix::parse("10.0.0.0/8")};
    veth::load_ruleset(veth::ruleset(true, masquerade));
}

}  // namespace

void expect(const Outcome& outcome) {
    if (outcome.error != 0) {
        throw system_error(std::string("the floor: ") + outcome.step, outcome.error);
    }
}

Arena::Arena(const Programs& programs)
    : programs_(programs),
      ours_("terway", programs.bin + "/terway", ""),
      floor_("floor", programs.bin + "/terway-bench-floor", "{}"),
      ptp_("ptp", programs.peers + "/ptp", ptp_config(world_.scratch() + "/host-local")) {
    prepare_floor(floor_.node());
    {
        const NetnsScope scope(floor_.node());
        expect(open_lane(lane_));
    }
    daemon_ = std::make_unique<Daemon>(programs, world_.scratch() + "/terwayd", ours_.node(),
                                       vpc_route_profile("172.20.0.0/18"));
    ours_.configure(daemon_->network_config());
}

Arena::~Arena() {
    close_lane(lane_);
}

std::uint32_t Arena::next_pod() {
    if (++pods_ >= kFloorMax) {
        throw Error(Status::Invalid, "too many rounds: the address ranges are used up");
    }
    return pods_;
}

Sandbox Arena::new_sandbox() {
    check_interrupted();
    return Sandbox("pod" + std::to_string(++sandboxes_));
}

std::vector<Sandbox> Arena::new_sandboxes(std::size_t count) {
    std::vector<Sandbox> all;
    all.reserve(count);
    while (all.size() < count) {
        all.push_back(new_sandbox());
    }
    return all;
}

void Arena::clear_floor(const std::vector<std::uint32_t>& pods) const {
    for (const auto pod : pods) {
        expect(forget_pod(lane_, pod));
    }
    expect(delete_links(lane_));
}

}  // namespace terway::bench
