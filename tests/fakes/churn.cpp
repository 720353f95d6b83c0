#include "fakes/churn.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <functional>
#include <map>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "pool/eni_ledger.hpp"

namespace terway::fakes {
namespace {

using std::chrono::milliseconds;

constexpr WallTime kStart{std::chrono::seconds(1'700'000'000)};

// The ledger, a cloud that is nothing but delays and counters, and pods that come and go.
class World {
public:
    World(const pool::EniSettings& settings, const cloud::InstanceLimits& limits,
          const Delays& delays)
        : delays_(delays), ledger_(settings, [] { return std::uint64_t{0}; }) {
        ledger_.set_limits(limits);
    }

    void at(WallTime when, std::function<void()> what) {
        events_.push({when, next_event_++, std::move(what)});
    }
    void run_until(WallTime end) {
        if (events_.empty() || events_.top().when > now_) {
            plan();
        }
        while (!events_.empty() && events_.top().when <= end) {
            const auto event = events_.top();
            events_.pop();
            now_ = event.when;
            event.what();
            if (events_.empty() || events_.top().when > now_) {
                plan();
            }
        }
        now_ = end;
    }

    void add(const std::string& pod) {
        ++pods_;
        waiting_.push_back({pod, now_});
        serve();
    }
    void remove(const std::string& pod) {
        if (const auto lease = leases_.extract(pod)) {
            for (const auto& address : lease.mapped()) {
                taken_.erase(address);
            }
            ledger_.book().release(pod, now_);
        }
    }
    std::function<void(const std::string&)> on_served = [](const std::string&) {};

    [[nodiscard]] bool in_step() const {
        std::set<IpAddress> known;
        for (const auto& [address, slot] : ledger_.book().slots()) {
            known.insert(address);
        }
        std::set<IpAddress> real;
        for (const auto& [_, addresses] : cloud_) {
            real.insert(addresses.begin(), addresses.end());
        }
        return known == real;
    }
    [[nodiscard]] WallTime now() const { return now_; }
    [[nodiscard]] std::uint64_t pods() const { return pods_; }
    [[nodiscard]] std::uint64_t calls() const { return calls_; }
    [[nodiscard]] std::uint64_t doubles() const { return doubles_; }
    [[nodiscard]] std::uint64_t unserved() const { return waiting_.size(); }
    [[nodiscard]] milliseconds longest_wait() const { return longest_wait_; }
    [[nodiscard]] WallTime last_served() const { return last_served_; }

private:
    struct Event {
        WallTime when;
        std::uint64_t number;
        std::function<void()> what;
        bool operator<(const Event& other) const {
            return std::pair(when, number) > std::pair(other.when, other.number);
        }
    };
    struct Waiting {
        std::string pod;
        WallTime since;
    };

    void serve() {
        while (!waiting_.empty()) {
            const auto [pod, since] = waiting_.front();
            const auto grant = ledger_.lease({pod, {}}, now_);
            if (!grant) {
                return;
            }
            waiting_.pop_front();
            longest_wait_ = std::max(longest_wait_, now_ - since);
            last_served_ = now_;
            for (const auto& address : grant->addresses) {
                doubles_ += taken_.insert(address).second ? 0 : 1;
            }
            leases_[pod] = grant->addresses;
            on_served(pod);
        }
    }
    void plan() {
        ledger_.book().expire(now_);
        serve();
        for (const auto& order : ledger_.plan(waiting_.size(), now_)) {
            carry_out(order);
        }
        if (const auto next = ledger_.next_event(now_);
            next && (!looks_at_ || *next < *looks_at_)) {
            looks_at_ = *next;
            at(*next, [this] { looks_at_.reset(); });
        }
    }
    cloud::AddressSet make(const std::string& eni, const cloud::AddressWish& wish) {
        cloud::AddressSet out;
        const auto fill = [&](std::uint32_t count, const char* base, auto& to) {
            for (std::uint32_t i = 0; i < count; ++i) {
                to.push_back(IpAddress::parse(base).value().plus(next_address_++));
                cloud_[eni].insert(to.back());
            }
        };
        fill(wish.ipv4, "10.0.0.0", out.ipv4);
        fill(wish.ipv6, "fd00::", out.ipv6);
        return out;
    }
    void carry_out(const pool::Order& order) {
        switch (order.kind) {
            case pool::OrderKind::Create:
                calls_ += 2;
                at(now_ + delays_.create + delays_.attach, [this, order] {
                    pool::EniRecord record;
                    record.place.id = "eni-" + std::to_string(next_eni_++);
                    record.vswitch = order.vswitch;
                    auto wish = order.wish;
                    ++wish.ipv4;
                    record.addresses = make(record.place.id, wish);
                    record.primary = record.addresses.ipv4.front();
                    ledger_.created(order.id, record, now_);
                });
                break;
            case pool::OrderKind::Assign:
                calls_ += (order.wish.ipv4 != 0 ? 1U : 0U) + (order.wish.ipv6 != 0 ? 1U : 0U);
                at(now_ + delays_.assign, [this, order] {
                    ledger_.assigned(order.id, make(order.eni, order.wish), now_);
                    ledger_.done(order.id, now_);
                });
                break;
            case pool::OrderKind::Unassign:
                calls_ += (order.addresses.ipv4.empty() ? 0U : 1U) +
                          (order.addresses.ipv6.empty() ? 0U : 1U);
                at(now_ + delays_.assign, [this, order] {
                    for (const auto* list : {&order.addresses.ipv4, &order.addresses.ipv6}) {
                        for (const auto& address : *list) {
                            cloud_[order.eni].erase(address);
                        }
                    }
                    ledger_.done(order.id, now_);
                });
                break;
            case pool::OrderKind::Delete:
            case pool::OrderKind::Forget:
                calls_ += 2;
                at(now_ + delays_.remove, [this, order] {
                    cloud_.erase(order.eni);
                    ledger_.done(order.id, now_);
                });
                break;
            case pool::OrderKind::Prepare:
                ledger_.prepared(order.id, order.place.ifindex);
                break;
        }
    }

    Delays delays_;
    pool::EniLedger ledger_;
    WallTime now_ = kStart;
    std::priority_queue<Event> events_;
    std::uint64_t next_event_ = 0;
    std::optional<WallTime> looks_at_;
    std::deque<Waiting> waiting_;
    std::map<std::string, pool::Addresses> leases_;
    std::set<IpAddress> taken_;
    std::map<std::string, std::set<IpAddress>> cloud_;
    std::uint64_t next_address_ = 16;
    unsigned next_eni_ = 1;
    std::uint64_t pods_ = 0;
    std::uint64_t calls_ = 0;
    std::uint64_t doubles_ = 0;
    milliseconds longest_wait_{};
    WallTime last_served_ = kStart;
};

pool::EniSettings with_vswitch(pool::EniSettings settings) {
    if (settings.vswitches.empty()) {
        settings.vswitches = {"vsw-1"};
    }
    return settings;
}

}  // namespace

ChurnResult churn(const ChurnPlan& plan) {
    World world(with_vswitch(plan.settings), plan.limits, plan.delays);
    std::mt19937_64 random(plan.seed);
    const auto drawn = [&](double mean_ms) {
        const double part = (static_cast<double>(random() >> 11U) + 1) / 9007199254740993.0;
        return milliseconds(static_cast<std::int64_t>(-std::log(part) * mean_ms) + 1);
    };
    const auto end = kStart + plan.lasts;
    std::uint64_t number = 0;
    world.on_served = [&](const std::string& pod) {
        world.at(world.now() + drawn(static_cast<double>(plan.mean_life.count())),
                 [&world, pod] { world.remove(pod); });
    };
    std::function<void()> arrive = [&] {
        world.add("pod-" + std::to_string(number++));
        const auto next = world.now() + drawn(1000.0 / plan.pods_per_second);
        if (next < end) {
            world.at(next, arrive);
        }
    };
    world.at(kStart, arrive);
    world.run_until(end);
    ChurnResult out;
    out.pods = world.pods();
    out.calls = world.calls();
    out.calls_per_1000_pods = static_cast<double>(out.calls) * 1000 /
                              static_cast<double>(std::max<std::uint64_t>(1, out.pods));
    out.longest_wait = world.longest_wait();
    world.run_until(end + std::chrono::minutes(2));
    out.refused = world.unserved();
    out.in_step = world.in_step();
    out.doubles = world.doubles();
    return out;
}

BurstResult cold_burst(std::uint64_t pods, const cloud::InstanceLimits& limits,
                       const Delays& delays, milliseconds apart) {
    World world(with_vswitch({}), limits, delays);
    for (std::uint64_t i = 0; i < pods; ++i) {
        world.at(kStart + apart * i, [&world, i] { world.add("pod-" + std::to_string(i)); });
    }
    world.run_until(kStart + std::chrono::minutes(5));
    BurstResult out;
    out.calls = world.calls();
    const auto enis = (pods + limits.ipv4_per_eni - 1) / limits.ipv4_per_eni;
    out.fewest_calls = 2 * enis;
    out.last_served = world.last_served() - kStart;
    out.bound = delays.create + delays.attach + apart * (pods - 1);
    out.served = pods - world.unserved();
    return out;
}

}  // namespace terway::fakes
