#include "churn.hpp"

#include <iostream>
#include <memory>
#include <set>
#include <string>

#include "base/log.hpp"
#include "churn_node.hpp"
#include "churn_pods.hpp"
#include "interrupt.hpp"
#include "terway/error.hpp"

namespace terway::bench {
namespace {

constexpr std::chrono::milliseconds kLook{1000};  // how often the refill loop looks by itself

template <class T>
std::uint64_t differences(const std::set<T>& one, const std::set<T>& other) {
    std::uint64_t count = 0;
    for (const auto& each : one) {
        count += other.contains(each) ? 0 : 1;
    }
    for (const auto& each : other) {
        count += one.contains(each) ? 0 : 1;
    }
    return count;
}

class Churn {
public:
    explicit Churn(std::chrono::hours lasts)
        : time_(wall_now()),
          node_(time_, [this](auto span) { sleep(span); }),
          pods_(node_.pool(), time_, {}, 1),
          end_(time_.now() + lasts) {}

    ChurnOutcome run() {
        log::set_level(log::Level::Warning);
        look();
        hour();
        pods_.come_until(end_);
        time_.pass_until(end_, [this] { go_on(); });
        pods_.settle();
        ChurnOutcome out;
        out.pods = pods_.count();
        out.waited = pods_.waited();
        out.refused = pods_.refused();
        out.longest_wait = pods_.longest_wait();
        out.changing_calls = node_.changing_calls();
        out.calls = node_.calls();
        out.drift = drift();
        return out;
    }

private:
    // The worker waits: life goes on around it, other work does not begin.
    void sleep(std::chrono::milliseconds span) {
        time_.pass_until(time_.now() + span, [this] { pods_.settle(); });
    }
    void go_on() {
        pods_.settle();
        if (!working_) {
            working_ = true;
            node_.work();
            working_ = false;
            pods_.settle();
        }
    }
    void look() {
        time_.at(time_.now() + kLook, [this] { look(); });
    }
    void hour() {
        check_interrupted();
        std::cerr << "churn: " << pods_.count() << " pods\n";
        time_.at(time_.now() + std::chrono::hours(1), [this] { hour(); });
    }

    [[nodiscard]] std::uint64_t drift() {
        std::set<IpAddress> known;
        std::set<std::pair<IpAddress, std::string>> used;
        std::set<std::string> enis;
        for (const auto& eni : node_.pool().picture().enis) {
            enis.insert(eni.place.id);
            for (const auto& each : eni.addresses) {
                known.insert(each.address);
                if (each.state == "used") {
                    used.emplace(each.address, each.owner);
                }
            }
        }
        if (known.empty() || used.empty()) {
            throw Error(Status::Internal, "the churn left nothing to compare");
        }
        const std::set<std::pair<IpAddress, std::string>> routes(pods_.routes().begin(),
                                                                 pods_.routes().end());
        return differences(known, node_.cloud_addresses()) + differences(used, routes) +
               differences(enis, node_.cloud_enis()) + differences(enis, node_.prepared()) +
               pods_.doubles();
    }

    VirtualTime time_;
    ChurnNode node_;
    ChurnPods pods_;
    WallTime end_;
    bool working_ = false;
};

}  // namespace

ChurnOutcome run_churn(std::chrono::hours lasts) {
    return std::make_unique<Churn>(lasts)->run();
}

}  // namespace terway::bench
