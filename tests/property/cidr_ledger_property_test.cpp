// The ledger beside a model that knows nothing but sets.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "pool/cidr_ledger.hpp"

namespace terway::pool {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCoolDown{100};

// Every address of 10.0.0.0/28 and fd00::/124 that may be given out, and what is true of it.
struct Model {
    struct Address {
        std::optional<Owner> owner;
        std::optional<Owner> last;  // whose release made it cool
        std::optional<std::int64_t> cools_until;
        int holds = 0;
    };
    std::map<IpAddress, Address> addresses;
    std::int64_t now = 1'000'000;

    explicit Model(const std::vector<Prefix>& cidrs) {
        for (const auto& cidr : cidrs) {
            for (std::uint64_t i = 1; i < (cidr.is_v4() ? 15U : 16U); ++i) {
                addresses[cidr.address().plus(i)] = {};
            }
        }
    }
    void settle() {
        for (auto& [_, each] : addresses) {
            if (each.cools_until && *each.cools_until <= now && each.holds == 0) {
                each.cools_until.reset();
                each.last.reset();
            }
        }
    }
    void set_clock(std::int64_t to) {
        for (auto& [_, each] : addresses) {
            if (to < now && each.cools_until) {
                each.cools_until = std::min(*each.cools_until, to + kCoolDown.count());
            }
        }
        now = to;
        settle();
    }
    [[nodiscard]] Addresses of(const Owner& owner) const {
        Addresses out;
        for (const auto& [address, each] : addresses) {
            if (each.owner == owner) {
                out.push_back(address);
            }
        }
        return out;
    }
    [[nodiscard]] std::uint64_t free(Family family) const {
        std::uint64_t count = 0;
        for (const auto& [address, each] : addresses) {
            count += address.family() == family && !each.owner && !each.cools_until ? 1U : 0U;
        }
        return count;
    }
    [[nodiscard]] std::optional<std::int64_t> next_event() const {
        std::optional<std::int64_t> earliest;
        for (const auto& [_, each] : addresses) {
            if (each.cools_until && each.holds == 0) {
                earliest = std::min(earliest.value_or(*each.cools_until), *each.cools_until);
            }
        }
        return earliest;
    }
};

class Trial {
public:
    explicit Trial(const std::vector<Prefix>& cidrs) : cidrs_(cidrs), model_(cidrs) {}

    void step() {
        const auto owner = std::to_string(*rc::gen::inRange(0, 20));
        const auto address = *rc::gen::elementOf(all());
        switch (*rc::gen::weightedElement<int>(
            {{8, 0}, {6, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {1, 6}, {1, 7}, {2, 8}, {3, 9}})) {
            case 0:
                return lease(owner, {});
            case 1:
                return release(owner);
            case 2:
                return give_back(owner);
            case 3:
                return hold(address);
            case 4:
                return unhold(address);
            case 5:
                return pass(*rc::gen::inRange<std::int64_t>(0, 80));
            case 6:
                return pass(-*rc::gen::inRange<std::int64_t>(1, 1000));
            case 7:
                return restore(address, *rc::gen::inRange<std::int64_t>(-50, 500));
            case 8:
                return lease(owner, {address});
            default:
                return lease(model_.addresses.at(address).last.value_or(owner), {address});
        }
    }

    void compare() const {
        const auto counts = ledger_.counts();
        for (std::size_t i = 0; i < cidrs_.size(); ++i) {
            const auto& count = counts[i];
            RC_ASSERT(count.used + count.cooling + count.free == count.total);
            RC_ASSERT(count.total == (cidrs_[i].is_v4() ? 14U : 15U));
            RC_ASSERT(count.free == model_.free(cidrs_[i].family()));
        }
        for (const auto& [address, each] : model_.addresses) {
            RC_ASSERT(ledger_.owner_of(address) == each.owner);
            RC_ASSERT(ledger_.cools_until(address).has_value() == each.cools_until.has_value());
        }
        const auto event = ledger_.next_event();
        RC_ASSERT((event ? std::optional(event->time_since_epoch().count()) : std::nullopt) ==
                  model_.next_event());
    }

private:
    [[nodiscard]] WallTime now() const { return WallTime(milliseconds(model_.now)); }
    [[nodiscard]] Addresses all() const {
        Addresses out;
        for (const auto& [address, _] : model_.addresses) {
            out.push_back(address);
        }
        return out;
    }

    void lease(const Owner& owner, const Addresses& wanted) {
        const auto known = model_.of(owner);
        const auto given = ledger_.lease(owner, now(), wanted);
        if (!known.empty()) {
            RC_ASSERT(given.has_value());
            RC_ASSERT(std::set(given->begin(), given->end()) ==
                      std::set(known.begin(), known.end()));
            return;
        }
        bool possible = true;
        for (const auto& cidr : cidrs_) {
            possible = possible && ((!wanted.empty() && cidr.contains(wanted[0])) ||
                                    model_.free(cidr.family()) > 0);
        }
        for (const auto& address : wanted) {
            const auto& state = model_.addresses.at(address);
            possible = possible && !state.owner &&
                       (!state.cools_until || (state.last == owner && state.holds == 0));
        }
        RC_ASSERT(given.has_value() == possible);
        if (!given) {
            return;
        }
        RC_ASSERT(given->size() == cidrs_.size());
        for (std::size_t i = 0; i < cidrs_.size(); ++i) {
            const auto& address = (*given)[i];
            RC_ASSERT(cidrs_[i].contains(address));
            auto& state = model_.addresses.at(address);
            RC_ASSERT(!state.owner);
            if (!wanted.empty() && wanted[0].family() == address.family()) {
                RC_ASSERT(address == wanted[0]);
            } else {
                RC_ASSERT(!state.cools_until);
            }
            state.cools_until.reset();
            state.last.reset();
            state.owner = owner;
        }
    }
    void release(const Owner& owner) {
        const auto known = model_.of(owner);
        RC_ASSERT(ledger_.release(owner, now()).size() == known.size());
        for (const auto& address : known) {
            auto& state = model_.addresses[address];
            state.owner.reset();
            state.last = owner;
            state.cools_until = model_.now + kCoolDown.count();
        }
    }
    void give_back(const Owner& owner) {
        ledger_.give_back(owner);
        for (const auto& address : model_.of(owner)) {
            auto& state = model_.addresses[address];
            state.owner.reset();
            if (state.holds > 0) {
                state.cools_until = kLongAgo;
            }
        }
    }
    void hold(const IpAddress& address) {
        ledger_.hold({address});
        auto& state = model_.addresses[address];
        ++state.holds;
        if (!state.owner && !state.cools_until) {
            state.cools_until = kLongAgo;
        }
    }
    void unhold(const IpAddress& address) {
        ledger_.unhold({address}, now());
        auto& state = model_.addresses[address];
        state.holds = std::max(0, state.holds - 1);
        model_.settle();
    }
    void pass(std::int64_t span) {
        model_.set_clock(model_.now + span);
        ledger_.expire(now());
    }
    void restore(const IpAddress& address, std::int64_t span) {
        ledger_.restore_cooling({address, now() + milliseconds(span), {}}, now());
        auto& state = model_.addresses[address];
        if (!state.owner) {
            const auto until = model_.now + std::min<std::int64_t>(span, kCoolDown.count());
            state.cools_until = std::max(state.cools_until.value_or(until), until);
            model_.settle();
        }
    }

    static constexpr std::int64_t kLongAgo = WallTime::min().time_since_epoch().count();

    std::vector<Prefix> cidrs_;
    CidrLedger ledger_{cidrs_, kCoolDown};
    Model model_;
};

std::vector<Prefix> cidrs(std::initializer_list<std::string_view> texts) {
    std::vector<Prefix> out;
    for (const auto text : texts) {
        out.push_back(Prefix::parse(text).value());
    }
    return out;
}

void run(const std::vector<Prefix>& cidrs) {
    Trial trial(cidrs);
    const int steps = *rc::gen::inRange(1, 300);
    for (int i = 0; i < steps; ++i) {
        trial.step();
        trial.compare();
    }
}

RC_GTEST_PROP(LedgerProperty, AgreesWithTheModelForOneCidr, ()) {
    run(cidrs({"10.0.0.0/28"}));
}

RC_GTEST_PROP(LedgerProperty, AgreesWithTheModelForBothFamilies, ()) {
    run(cidrs({"10.0.0.0/28", "fd00::/124"}));
}

// Reuse distance: with n addresses and none in use for long, an address comes again only after all
// the others have been given out.
RC_GTEST_PROP(LedgerProperty, AnAddressComesAgainOnlyAfterAllOthersThatAreFree, ()) {
    CidrLedger ledger(cidrs({"10.0.0.0/28"}), milliseconds(0));
    const auto kept = *rc::gen::inRange(0, 13);
    for (int i = 0; i < kept; ++i) {
        (void)ledger.lease("kept" + std::to_string(i), WallTime{});
    }
    const auto apart = static_cast<std::size_t>(14 - kept);
    std::vector<IpAddress> given;
    for (int i = 0; i < 60; ++i) {
        given.push_back(ledger.lease("passing", WallTime{}).value().at(0));
        ledger.release("passing", WallTime{});
        const auto recent = std::min(apart, given.size());
        RC_ASSERT(std::set(given.end() - static_cast<std::ptrdiff_t>(recent), given.end()).size() ==
                  recent);
    }
}

// What the store remembers of one ledger makes another like it.
RC_GTEST_PROP(LedgerProperty, ARestartForgetsNothing, ()) {
    const auto both = cidrs({"10.0.0.0/28", "fd00::/124"});
    CidrLedger before(both, kCoolDown);
    std::map<Owner, Addresses> records;
    const WallTime now{milliseconds(1'000'000)};
    const auto history = *rc::gen::container<std::vector<std::pair<int, bool>>>(
        rc::gen::pair(rc::gen::inRange(0, 12), rc::gen::arbitrary<bool>()));
    for (const auto& [number, take] : history) {
        const auto owner = std::to_string(number);
        if (!take) {
            before.release(owner, now);
            records.erase(owner);
        } else if (const auto given = before.lease(owner, now)) {
            records[owner] = *given;
        }
    }
    CidrLedger afterwards(both, kCoolDown);
    for (const auto& each : before.cooling()) {
        afterwards.restore_cooling(each, now);
    }
    for (const auto& [owner, addresses] : records) {
        afterwards.claim(owner, addresses);
    }
    RC_ASSERT(afterwards.counts() == before.counts());
    RC_ASSERT(afterwards.cooling() == before.cooling());
    for (const auto& [owner, addresses] : records) {
        RC_ASSERT(afterwards.lease(owner, now) == addresses);
    }
}

}  // namespace
}  // namespace terway::pool
