// The ENI ledger beside a cloud and pods that do anything at any time: one owner an address, no
// address lost, no quota exceeded, whatever the order.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>

#include "pool/eni_ledger.hpp"

namespace terway::pool {
namespace {

using std::chrono::milliseconds;

constexpr unsigned kEnis = 3;
constexpr unsigned kPerEni = 6;

EniSettings settings_of(Families families) {
    EniSettings out;
    out.families = families;
    out.min_idle = 2;
    out.max_idle = 4;
    out.vswitches = {"vsw-1", "vsw-2"};
    out.instance = "i-1";
    out.cool_down = milliseconds(500);
    out.sticky_for = milliseconds(900);
    out.reclaim_after = milliseconds(3000);
    return out;
}

// Ends with an exception that names the broken law.
struct Broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

void law(bool holds, const char* name) {
    if (!holds) {
        throw Broken(name);
    }
}

class Trial {
public:
    explicit Trial(Families families)
        : settings_(settings_of(families)), ledger_(settings_, [] { return std::uint64_t{1}; }) {
        ledger_.set_limits({"ecs.test", kEnis + 1, kPerEni, kPerEni, kEnis + 1, false});
    }

    // What happens is told by the number alone, so that a failing run can be repeated and shrunk.
    void step(std::uint32_t what) {
        const auto owner = "pod-" + std::to_string((what >> 8U) % 24);
        const std::string sticky = (what >> 16U) % 5 == 0 ? owner : "";
        switch (what % 16) {
            case 0:
            case 1:
            case 2:
            case 3:
            case 4:
                return lease(owner, sticky);
            case 5:
            case 6:
            case 7:
                return release(owner);
            case 8:
                return give_back(owner);
            case 9:
                return hold(what >> 8U);
            case 10:
                return unhold(what >> 8U);
            case 11:
                now_ += milliseconds((what >> 8U) % 400);
                return;
            case 12:
                return plan((what >> 8U) % 12);
            case 13:
            case 14:
                return answer(what >> 8U);
            default:
                return read();
        }
    }

    void check() const {
        std::map<std::string, std::pair<unsigned, unsigned>> per_eni;
        for (const auto& [address, slot] : ledger_.book().slots()) {
            auto& count = per_eni[slot.eni];
            ++(address.is_v4() ? count.first : count.second);
            law(cloud_.contains(slot.eni) && cloud_.at(slot.eni).contains(address),
                "an address is in the books that the cloud does not have");
            const auto owner = owners_.find(address);
            law((slot.state == SlotState::Used) == (owner != owners_.end()),
                "the books and the pods disagree on use");
            law(owner == owners_.end() || slot.owner == owner->second, "an address changed hands");
        }
        for (const auto& [id, count] : per_eni) {
            law(count.first <= kPerEni && count.second <= kPerEni, "an ENI has too many addresses");
        }
        law(ledger_.book().enis().size() <= kEnis, "there are too many ENIs");
        for (const auto& [id, eni] : ledger_.book().enis()) {
            for (const auto& shelves : eni.shelves) {
                std::size_t size = 0;
                std::size_t idle = 0;
                const bool four = &shelves == &eni.shelves[0];
                for (const auto& [address, slot] : ledger_.book().slots()) {
                    if (slot.eni == id && address.is_v4() == four) {
                        ++size;
                        idle += slot.state == SlotState::Idle ? 1 : 0;
                    }
                }
                law(shelves.front().size == size, "a shelf is miscounted");
                law(shelves.front().idle.size() == idle, "an idle address is lost");
            }
        }
    }

    // Everything under way ends well; then the books and the cloud must be the same.
    void finish() {
        for (int i = 0; i < 200 && !orders_.empty(); ++i) {
            answer(0);
        }
        check();
        std::set<IpAddress> real;
        for (const auto& [id, addresses] : cloud_) {
            law(ledger_.book().enis().contains(id), "an ENI leaked");
            real.insert(addresses.begin(), addresses.end());
        }
        std::set<IpAddress> known;
        for (const auto& [address, _] : ledger_.book().slots()) {
            known.insert(address);
        }
        if (settings_.families != Families::V6) {
            law(known == real, "an address is lost");
        }
    }
    [[nodiscard]] std::size_t memory() const { return ledger_.book().slots().size(); }

private:
    void lease(const Owner& owner, const std::string& sticky) {
        const auto grant = ledger_.lease({owner, sticky}, now_);
        const auto known = leases_.find(owner);
        if (known != leases_.end()) {
            law(!grant || grant->addresses == known->second, "an owner's addresses changed");
            return;
        }
        if (!grant) {
            return;
        }
        std::string eni;
        for (const auto& address : grant->addresses) {
            law(owners_.emplace(address, owner).second, "an address has two owners");
            law(held_[address] == 0, "a held address is given out");
            law(cloud_[grant->eni->id].contains(address), "an address is not on its ENI");
            const auto resting = rests_.find(address);
            law(resting == rests_.end() || resting->second.first <= now_ ||
                    resting->second.second == owner,
                "an address has not cooled down");
            rests_.erase(address);
        }
        law(grant->addresses.size() == (settings_.families == Families::Dual ? 2U : 1U),
            "an endpoint lacks a family");
        leases_[owner] = grant->addresses;
        stickies_[owner] = sticky;
    }
    void end(const Owner& owner, bool cools) {
        const auto lease = leases_.extract(owner);
        if (lease.empty()) {
            return;
        }
        for (const auto& address : lease.mapped()) {
            owners_.erase(address);
            if (cools) {
                rests_[address] = {now_ + ledger_.book().rest_of(stickies_[owner]),
                                   stickies_[owner]};
            }
        }
    }
    void release(const Owner& owner) {
        ledger_.book().release(owner, now_);
        end(owner, true);
    }
    void give_back(const Owner& owner) {
        ledger_.book().give_back(owner);
        end(owner, false);
    }
    [[nodiscard]] std::optional<IpAddress> some_address(std::uint32_t which) const {
        const auto& slots = ledger_.book().slots();
        if (slots.empty()) {
            return std::nullopt;
        }
        return std::next(slots.begin(), which % static_cast<std::uint32_t>(slots.size()))->first;
    }
    void hold(std::uint32_t which) {
        if (const auto address = some_address(which); address && held_[*address] < 2) {
            ++held_[*address];
            ledger_.book().hold({*address});
        }
    }
    void unhold(std::uint32_t which) {
        const auto held = std::count_if(held_.begin(), held_.end(),
                                        [](const auto& each) { return each.second > 0; });
        if (held == 0) {
            return;
        }
        auto nth = which % static_cast<std::uint32_t>(held);
        for (auto& [address, count] : held_) {
            if (count > 0 && nth-- == 0) {
                --count;
                return ledger_.book().unhold({address}, now_);
            }
        }
    }
    void plan(std::size_t waiting) {
        for (const auto& order : ledger_.plan(waiting, now_)) {
            law(order.kind == OrderKind::Create || !order.eni.empty(), "an order names no ENI");
            law(std::none_of(orders_.begin(), orders_.end(),
                             [&](const auto& other) {
                                 return !order.eni.empty() && other.eni == order.eni;
                             }),
                "an ENI has two orders at a time");
            if (order.kind == OrderKind::Create) {
                law(order.wish.ipv4 + 1 <= kPerEni && order.wish.ipv6 <= kPerEni,
                    "a new ENI asks for too much");
            }
            if (order.kind == OrderKind::Assign) {
                const auto& have = cloud_[order.eni];
                const auto four = static_cast<std::size_t>(std::count_if(
                    have.begin(), have.end(), [](const auto& each) { return each.is_v4(); }));
                law(four + order.wish.ipv4 <= kPerEni &&
                        have.size() - four + order.wish.ipv6 <= kPerEni,
                    "an assign asks for too much");
            }
            for (const auto& address : order.addresses.ipv4) {
                law(!owners_.contains(address), "an address in use is given back");
            }
            if (order.kind == OrderKind::Delete) {
                for (const auto& address : cloud_[order.eni]) {
                    law(!owners_.contains(address), "an ENI in use is deleted");
                    law(held_[address] == 0, "an ENI with a held address is deleted");
                }
            }
            orders_.push_back(order);
        }
        const auto creates = std::count_if(orders_.begin(), orders_.end(), [](const auto& order) {
            return order.kind == OrderKind::Create;
        });
        law(ledger_.book().enis().size() + static_cast<std::size_t>(creates) <= kEnis,
            "too many ENIs are ordered");
    }
    cloud::AddressSet make(const std::string& eni, std::uint32_t ipv4, std::uint32_t ipv6) {
        cloud::AddressSet out;
        for (std::uint32_t i = 0; i < ipv4; ++i) {
            out.ipv4.push_back(IpAddress::parse("10.0.0.0").value().plus(next_++));
            cloud_[eni].insert(out.ipv4.back());
        }
        for (std::uint32_t i = 0; i < ipv6; ++i) {
            out.ipv6.push_back(IpAddress::parse("fd00::").value().plus(next_++));
            cloud_[eni].insert(out.ipv6.back());
        }
        return out;
    }
    void answer(std::uint32_t how) {
        if (orders_.empty()) {
            return;
        }
        const auto which = (how >> 4U) % static_cast<std::uint32_t>(orders_.size());
        const auto order = orders_[which];
        orders_.erase(orders_.begin() + static_cast<std::ptrdiff_t>(which));
        if (how % 8 == 1) {
            constexpr cloud::Reaction kReactions[] = {
                cloud::Reaction::Throttled, cloud::Reaction::VSwitchFull, cloud::Reaction::Conflict,
                cloud::Reaction::EniLimit, cloud::Reaction::AccountLimit};
            return ledger_.failed(order.id, {kReactions[(how >> 12U) % 5], "no", {}, {}}, now_);
        }
        switch (order.kind) {
            case OrderKind::Create: {
                EniRecord record;
                record.place.id = "eni-" + std::to_string(next_++);
                record.vswitch = order.vswitch;
                record.addresses = make(record.place.id, order.wish.ipv4 + 1, order.wish.ipv6);
                record.primary = record.addresses.ipv4.front();
                if (settings_.families == Families::V6) {
                    cloud_[record.place.id].erase(record.primary);
                }
                return ledger_.created(order.id, record, now_);
            }
            case OrderKind::Assign:
                ledger_.assigned(order.id, make(order.eni, order.wish.ipv4, order.wish.ipv6), now_);
                return ledger_.done(order.id, now_);
            case OrderKind::Unassign:
                for (const auto* list : {&order.addresses.ipv4, &order.addresses.ipv6}) {
                    for (const auto& address : *list) {
                        cloud_[order.eni].erase(address);
                    }
                }
                return ledger_.done(order.id, now_);
            case OrderKind::Delete:
            case OrderKind::Forget:
                cloud_.erase(order.eni);
                return ledger_.done(order.id, now_);
            case OrderKind::Prepare:
                return ledger_.prepared(order.id, order.place.ifindex);
        }
    }
    // A truthful read changes nothing.
    void read() {
        Reading reading;
        reading.began = ledger_.book().changes();
        for (const auto& [id, addresses] : cloud_) {
            EniRead read;
            read.api.id = id;
            read.api.instance = "i-1";
            read.api.status = cloud::EniStatus::InUse;
            for (const auto& address : addresses) {
                (address.is_v4() ? read.api.ipv4 : read.api.ipv6).push_back(address);
            }
            if (!read.api.ipv4.empty()) {
                read.api.primary = read.api.ipv4.front();
            }
            read.nic.emplace();
            read.nic->ipv4 = read.api.ipv4;
            read.nic->ipv6 = read.api.ipv6;
            reading.enis.push_back(read);
        }
        const auto findings = ledger_.compare(reading, now_);
        law(findings.lost.empty() && findings.lost_in_use.empty() && findings.turned_up.empty() &&
                findings.lost_enis.empty(),
            "a truthful read changed the books");
    }

    EniSettings settings_;
    EniLedger ledger_;
    WallTime now_{std::chrono::seconds(1'700'000'000)};
    std::uint64_t next_ = 1;
    std::map<std::string, std::set<IpAddress>> cloud_;
    std::map<Owner, Addresses> leases_;
    std::map<Owner, std::string> stickies_;
    std::map<IpAddress, Owner> owners_;
    std::map<IpAddress, std::pair<WallTime, std::string>> rests_;
    std::map<IpAddress, unsigned> held_;
    std::deque<Order> orders_;
};

Families any_families() {
    return *rc::gen::element(Families::V4, Families::V6, Families::Dual);
}

RC_GTEST_PROP(EniLedgerProperty, KeepsItsLawsWhateverHappens, ()) {
    Trial trial(any_families());
    for (const auto what :
         *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::arbitrary<std::uint32_t>())) {
        trial.step(what);
        trial.check();
    }
    trial.finish();
}

class EniLedgerLongRun : public testing::TestWithParam<Families> {};

TEST_P(EniLedgerLongRun, KeepsItsLawsForHundredsOfThousandsOfStepsInFlatMemory) {
    Trial trial(GetParam());
    std::mt19937 random(7);
    std::size_t most = 0;
    for (unsigned i = 0; i < 340'000; ++i) {
        trial.step(static_cast<std::uint32_t>(random()));
        if (i % 64 == 0) {
            trial.check();
            most = std::max(most, trial.memory());
        }
    }
    trial.finish();
    EXPECT_GT(most, kPerEni);
    EXPECT_LE(most, std::size_t{2} * kEnis * kPerEni);
}

INSTANTIATE_TEST_SUITE_P(Families, EniLedgerLongRun,
                         testing::Values(Families::V4, Families::V6, Families::Dual));

// DEL and ADD of one container interleave in every order, several lives of it, beside another pod.
TEST(EniLedgerRaces, ADelThatRacesAnAddOfTheSameContainerNeitherLosesNorDoublesAnAddress) {
    std::mt19937 random(11);
    for (unsigned schedule = 0; schedule < 100'000; ++schedule) {
        EniBook book(settings_of(Families::V4));
        EniRecord record;
        record.place.id = "eni-1";
        const auto base = IpAddress::parse("10.0.0.1").value();
        record.primary = base;
        record.addresses.ipv4 = {base, base.plus(1)};
        book.add_eni(record);
        WallTime now{};
        std::map<Owner, Addresses> has;
        for (unsigned i = 0; i < 10; ++i) {
            const auto owner = std::string(random() % 3 == 0 ? "other" : "pod");
            switch (random() % 5) {
                case 0:
                case 1:
                    if (const auto grant = book.lease({owner, {}}, now, {})) {
                        has[owner] = grant->addresses;
                    }
                    break;
                case 2:
                    book.release(owner, now);
                    has.erase(owner);
                    break;
                case 3:
                    book.give_back(owner);
                    has.erase(owner);
                    break;
                default:
                    now += milliseconds(300);
                    book.expire(now);
            }
            ASSERT_TRUE(!has.contains("pod") || !has.contains("other") ||
                        has["pod"] != has["other"]);
        }
        book.release("pod", now);
        book.release("other", now);
        book.expire(now + milliseconds(500));
        ASSERT_EQ(book.idle(), 2U) << "schedule " << schedule;
    }
}

}  // namespace
}  // namespace terway::pool
