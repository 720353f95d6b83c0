#include "daemon/policy_trace.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <ctime>
#include <exception>
#include <map>
#include <optional>

#include "policy/rule_set.hpp"
#include "terway/error.hpp"
#include "terway/types.hpp"

namespace terway::daemon {
namespace {

namespace json = boost::json;

constexpr int kMostTraces = 4;
constexpr std::chrono::hours kCallTime{24};  // then it is called again
constexpr std::chrono::seconds kFresh{1};
constexpr std::chrono::milliseconds kFreshEnough{100};

struct Question {
    bool denied_only = false;
    std::string pod;
};

Question question_of(const std::string& payload) {
    boost::system::error_code error;
    const auto raw = json::parse(payload, error);
    const auto* const object = error ? nullptr : raw.if_object();
    const auto* const verb = object == nullptr ? nullptr : object->if_contains("verb");
    if (verb == nullptr || *verb != "policy trace") {
        throw Error(Status::Invalid, "nothing but \"policy trace\" can be followed");
    }
    Question question;
    if (const auto* const denied = object->if_contains("denied")) {
        question.denied_only = denied->is_bool() && denied->as_bool();
    }
    if (const auto* const pod = object->if_contains("pod"); pod != nullptr && pod->is_string()) {
        question.pod = pod->as_string();
    }
    if (!question.pod.empty() && (question.pod.find('/') == std::string::npos ||
                                  question.pod.find(' ') != std::string::npos)) {
        throw Error(Status::Invalid,
                    "policy trace takes one NAMESPACE/POD at most, not \"" + question.pod + "\"");
    }
    return question;
}

std::string time_text(std::uint64_t nanoseconds) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    constexpr std::uint64_t kMillisecond = 1'000'000;
    const auto seconds = static_cast<std::time_t>(nanoseconds / kSecond);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> day{};
    (void)std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::array<char, 8> rest{};
    (void)std::snprintf(rest.data(), rest.size(), ".%03uZ",
                        static_cast<unsigned>(nanoseconds % kSecond / kMillisecond));
    return std::string(day.data()) + rest.data();
}

IpAddress address_of(std::uint8_t family, const std::uint8_t (&bytes)[16]) {
    twy_prefix raw{};
    raw.family = family;
    raw.length = family == 4 ? 32 : 128;
    std::copy(std::begin(bytes), std::end(bytes), std::begin(raw.bytes));
    return Prefix::from_abi(raw).address();
}

// Who is who. The endpoints are looked up again now and then, not for each packet.
class Names {
public:
    explicit Names(const PolicyTracer::Parts& parts) : parts_(parts) {}

    std::string endpoint(const twy_endpoint_key& raw) {
        const endpoint::EndpointKey key{std::string(sdk::view(raw.container_id)),
                                        std::string(sdk::view(raw.ifname))};
        refresh(kFresh);
        if (!endpoints_.contains(key)) {
            refresh(kFreshEnough);
        }
        const auto found = endpoints_.find(key);
        return found == endpoints_.end() ? std::string() : found->second;
    }
    [[nodiscard]] std::string pod(const IpAddress& address) const {
        if (parts_.policies == nullptr) {
            return {};
        }
        const auto found = parts_.policies->look(
            [&](const PolicyBook& book) { return book.index().pod_at(address); });
        return found ? found->text() : std::string();
    }

private:
    void refresh(std::chrono::milliseconds age) {
        if (made_ && Clock::now() < *made_ + age) {
            return;
        }
        endpoints_.clear();
        for (const auto& record : parts_.manager.records()) {
            if (!record.spec.pod_name.empty()) {
                endpoints_[record.key()] = record.spec.pod_namespace + "/" + record.spec.pod_name;
            }
        }
        made_ = Clock::now();
    }

    const PolicyTracer::Parts& parts_;
    std::optional<Deadline> made_;
    std::map<endpoint::EndpointKey, std::string> endpoints_;
};

json::value or_null(const std::string& text) {
    return text.empty() ? json::value() : json::value(text);
}

// What the module's sink leads to.
class Listener {
public:
    Listener(Question question, const Tell& tell, const PolicyTracer::Parts& parts)
        : question_(std::move(question)), tell_(tell), names_(parts) {}

    // For the C contract: nothing leaves it.
    static std::int32_t hear(void* self, const twy_policy_verdict* verdict) noexcept {
        auto& listener = *static_cast<Listener*>(self);
        try {
            listener.is_wanted_ = listener.hear(verdict);
        } catch (...) {
            listener.failure_ = std::current_exception();
            listener.is_wanted_ = false;
        }
        return listener.is_wanted_ ? 0 : 1;
    }
    [[nodiscard]] bool is_wanted() const noexcept { return is_wanted_; }
    void rethrow() const {
        if (failure_) {
            std::rethrow_exception(failure_);
        }
    }

private:
    bool hear(const twy_policy_verdict* verdict) {
        if (!has_begun_) {
            has_begun_ = true;
            if (!tell_(json::serialize(json::object{{"listening", true}}))) {
                return false;
            }
        }
        if (verdict == nullptr) {
            return tell_({});
        }
        if (verdict->lost != 0 && !tell_(json::serialize(json::object{{"lost", verdict->lost}}))) {
            return false;
        }
        const bool allowed = verdict->verdict == TWY_ALLOW;
        const auto own = names_.endpoint(verdict->key);
        if ((question_.denied_only && allowed) ||
            (!question_.pod.empty() && own != question_.pod)) {
            return tell_({});
        }
        return tell_(json::serialize(describe(*verdict, own)));
    }

    json::object describe(const twy_policy_verdict& verdict, const std::string& own) {
        const auto from = address_of(verdict.family, verdict.source);
        const auto to = address_of(verdict.family, verdict.destination);
        const bool is_egress = verdict.direction == TWY_EGRESS;
        return {{"time", time_text(verdict.time_ns)},
                {"verdict", verdict.verdict == TWY_ALLOW ? "allowed" : "denied"},
                {"direction", is_egress ? "egress" : "ingress"},
                {"from", from.text()},
                {"from_port", verdict.source_port},
                {"from_pod", or_null(is_egress ? own : names_.pod(from))},
                {"to", to.text()},
                {"to_port", verdict.destination_port},
                {"to_pod", or_null(is_egress ? names_.pod(to) : own)},
                {"protocol", policy::protocol_text(verdict.protocol)}};
    }

    const Question question_;
    const Tell& tell_;
    Names names_;
    bool has_begun_ = false;
    bool is_wanted_ = true;
    std::exception_ptr failure_;
};

class Place {
public:
    explicit Place(std::atomic<int>& taken) : taken_(taken) {
        if (taken_.fetch_add(1) >= kMostTraces) {
            taken_.fetch_sub(1);
            throw Error(Status::Retry, std::to_string(kMostTraces) + " traces run already");
        }
    }
    ~Place() { taken_.fetch_sub(1); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

private:
    std::atomic<int>& taken_;
};

}  // namespace

const host::Module& PolicyTracer::module() const {
    const host::Module* found = nullptr;
    for (const auto& [id, module] : parts_.modules) {
        const auto* const verbs = module->policy();
        if (verbs == nullptr || !TWY_HAS(verbs, trace) || verbs->trace == nullptr) {
            continue;
        }
        if (found != nullptr) {
            throw Error(Status::Unsupported,
                        "both " + found->id() + " and " + id + " have policies to trace");
        }
        found = module.get();
    }
    if (found == nullptr) {
        throw Error(Status::Unsupported, "no module here can tell what its rules say");
    }
    return *found;
}

void PolicyTracer::follow(const std::string& payload, const Tell& tell) {
    Listener listener(question_of(payload), tell, parts_);
    const auto& of = module();
    const Place place(running_);
    while (listener.is_wanted()) {
        twy_call call(after(kCallTime), parts_.reaper);
        call.is_long = true;
        (void)parts_.gate.call(of, "policy.trace", "", call, [&](twy_error* reterr) {
            return of.policy()->trace(of.instance(), &call, &Listener::hear, &listener, reterr);
        });
        listener.rethrow();
    }
}

}  // namespace terway::daemon
