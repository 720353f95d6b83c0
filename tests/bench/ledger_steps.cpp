#include "ledger_steps.hpp"

#include <unistd.h>

#include <chrono>
#include <deque>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "pool/eni_ledger.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

using pool::OrderKind;
using std::chrono::milliseconds;

constexpr std::size_t kOwners = 400;
constexpr std::size_t kMostOrders = 8;
constexpr unsigned kMostWaiting = 12;
constexpr unsigned kMostMilliseconds = 800;
constexpr std::uint64_t kBetweenChecks = 1000;

double resident_kib() {
    const auto text = read_file("/proc/self/statm");
    const auto pages = std::stod(text.substr(text.find(' ') + 1));
    return pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

void law(bool holds, const char* what) {
    if (!holds) {
        throw Error(Status::Internal, std::string("the ledger and the model disagree: ") + what);
    }
}

pool::EniSettings settings() {
    pool::EniSettings out;
    out.vswitches = {"vsw-1", "vsw-2"};
    out.reclaim_after = std::chrono::minutes(1);
    return out;
}

class Steps {
public:
    Steps() : ledger_(settings(), [] { return std::uint64_t{1}; }) {
        ledger_.set_limits({"ecs.bench", 8, 30, 30, 8, false});
        for (std::size_t i = 0; i < kOwners; ++i) {
            owners_.push_back("pod-" + std::to_string(i));
        }
    }

    LedgerTimes run(std::uint64_t steps) {
        LedgerTimes out;
        out.steps = steps;
        double rss = resident_kib();
        const auto begin = Clock::now();
        for (std::uint64_t i = 0; i < steps; ++i) {
            step(static_cast<std::uint32_t>(random_()));
            if (i % kBetweenChecks == 0) {
                check();
            }
            if (i == steps / 10) {
                rss = resident_kib();
            }
        }
        check();
        out.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
        out.growth_kib = std::max(0.0, resident_kib() - rss);
        out.ns_per_step = std::chrono::duration<double, std::nano>(spent_).count() /
                          static_cast<double>(std::max<std::uint64_t>(1, steps));
        return out;
    }

private:
    template <class Call>
    auto timed(Call call) {
        struct Stop {
            ~Stop() { sum += Clock::now() - begin; }
            Clock::duration& sum;
            Clock::time_point begin = Clock::now();
        };
        const Stop stop{spent_};
        return call();
    }

    void step(std::uint32_t what) {
        const auto& owner = owners_[(what >> 8U) % kOwners];
        switch (what % 16) {
            case 0:
            case 1:
            case 2:
            case 3:
            case 4:
            case 5:
                return lease(owner);
            case 6:
            case 7:
            case 8:
            case 9:
            case 10:
                return release(owner);
            case 11:
            case 12:
                now_ += milliseconds((what >> 8U) % kMostMilliseconds);
                return;
            case 13:
                return plan((what >> 8U) % kMostWaiting);
            default:
                return answer(what % 64 == 14);
        }
    }

    void lease(const std::string& owner) {
        const auto grant = timed([&] { return ledger_.lease({owner, {}}, now_); });
        const auto known = leases_.find(owner);
        if (known != leases_.end()) {
            law(grant && grant->addresses.front() == known->second, "an owner's address changed");
        } else if (grant) {
            law(grant->addresses.size() == 1, "a lease is not one address");
            law(taken_.emplace(grant->addresses.front().text(), owner).second,
                "an address has two owners");
            leases_.emplace(owner, grant->addresses.front());
        }
    }
    void release(const std::string& owner) {
        timed([&] { ledger_.book().release(owner, now_); });
        if (const auto known = leases_.find(owner); known != leases_.end()) {
            taken_.erase(known->second.text());
            leases_.erase(known);
        }
    }
    void plan(std::size_t waiting) {
        if (orders_.size() < kMostOrders) {
            for (auto& order : timed([&] { return ledger_.plan(waiting, now_); })) {
                orders_.push_back(std::move(order));
            }
        }
    }
    void answer(bool badly) {
        if (orders_.empty()) {
            return;
        }
        const auto order = std::move(orders_.front());
        orders_.pop_front();
        if (badly) {
            return timed([&] {
                ledger_.failed(order.id, {cloud::Reaction::Throttled, "throttled", {}, {}}, now_);
            });
        }
        if (order.kind == OrderKind::Create) {
            pool::EniRecord record;
            record.place.id = "eni-" + std::to_string(next_eni_++);
            record.vswitch = order.vswitch;
            record.addresses = fresh(order.wish.ipv4 + 1);
            record.primary = record.addresses.ipv4.front();
            return timed([&] { ledger_.created(order.id, record, now_); });
        }
        if (order.kind == OrderKind::Assign) {
            const auto addresses = fresh(order.wish.ipv4);
            timed([&] { ledger_.assigned(order.id, addresses, now_); });
        }
        timed([&] { ledger_.done(order.id, now_); });
    }
    // None ever comes again, so that one that should be gone is noticed.
    cloud::AddressSet fresh(std::uint32_t count) {
        cloud::AddressSet out;
        for (std::uint32_t i = 0; i < count; ++i) {
            out.ipv4.push_back(first_.plus(next_address_++));
        }
        return out;
    }
    void check() {
        law(ledger_.book().used() == leases_.size(), "the number of leases");
        for (const auto& [address, slot] : ledger_.book().slots()) {
            const auto owner = taken_.find(address.text());
            law((slot.state == pool::SlotState::Used) == (owner != taken_.end()), "what is used");
            law(owner == taken_.end() || slot.owner == owner->second, "who uses an address");
        }
    }

    pool::EniLedger ledger_;
    std::vector<std::string> owners_;
    std::mt19937 random_{1};
    WallTime now_{std::chrono::seconds(1'700'000'000)};
    std::unordered_map<std::string, IpAddress> leases_;
    std::unordered_map<std::string, std::string> taken_;
    std::deque<pool::Order> orders_;
    IpAddress first_ = IpAddress::parse("10.0.0.0").value();
    std::uint64_t next_address_ = 0;
    unsigned next_eni_ = 1;
    Clock::duration spent_{};
};

}  // namespace

LedgerTimes run_ledger(std::uint64_t steps) {
    return Steps().run(steps);
}

}  // namespace terway::bench
