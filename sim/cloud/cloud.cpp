#include "sim/cloud/cloud.hpp"

#include <boost/json.hpp>

#include "sim/cloud/actions.hpp"
#include "terway/error.hpp"

namespace terway::sim {
namespace {

namespace json = boost::json;
constexpr auto kTokenLife = std::chrono::hours(24);

std::string fingerprint(const ApiCall& call) {
    std::string all = call.caller;
    for (const auto& [name, value] : call.parameters) {
        all += "\n" + name + "=" + value;
    }
    return all;
}

std::string parameter(const ApiCall& call, const char* name) {
    const auto found = call.parameters.find(name);
    return found == call.parameters.end() ? "" : found->second;
}

Answer bad_gateway() {
    Answer answer;
    answer.status = 502;
    answer.content_type = "text/html";
    answer.body = "<html><body><h1>502 Bad Gateway</h1></body></html>\n";
    answer.code = "html";
    return answer;
}

}  // namespace

Cloud::Cloud(Model model, const Settings& settings, InstanceTypes types, std::uint64_t seed)
    : settings_(settings),
      dice_(seed),
      enis_(std::move(model), std::move(types), settings_, dice_),
      routes_(enis_.model(), settings_, dice_) {
    for (const auto& [id, instance] : enis_.model().instances()) {
        (void)enis_.type_of(id);
    }
}

Answer Cloud::handle(const ApiCall& call) {
    advance(call.now);
    const auto fault = faults_.strike(call, dice_);
    Answer answer;
    std::string outcome;
    using Kind = FaultRule::Kind;
    if (!fault || fault->kind == Kind::Lost || fault->kind == Kind::Slow) {
        answer = perform(call);
    } else if (fault->kind == Kind::Error) {
        answer = error(call, {fault->status,
                              fault->code,
                              fault->message.empty() ? "Injected by a fault rule." : fault->message,
                              {}});
    } else if (fault->kind == Kind::Html) {
        answer = bad_gateway();
    } else {
        answer.delivery = fault->kind == Kind::Hang ? Delivery::Hang : Delivery::Cut;
        outcome = FaultRule::name_of(fault->kind);
    }
    if (fault && fault->kind == Kind::Lost) {
        answer.delivery = Delivery::Cut;
        outcome = "lost";
    }
    answer.delay += dice_.within(settings_.latency) + (fault ? fault->delay : Milliseconds(0));
    log(call, outcome.empty() ? (answer.code.empty() ? "OK" : answer.code) : outcome);
    return answer;
}

Answer Cloud::refuse(const ApiCall& call, const Refusal& refusal) {
    advance(call.now);
    Answer answer = error(call, refusal);
    answer.delay = dice_.within(settings_.latency);
    log(call, answer.code);
    return answer;
}

Answer Cloud::perform(const ApiCall& call) {
    try {
        check_throttle(call);
        check_parameters(call);
        check_permission(call);
        const std::string token = parameter(call, "ClientToken");
        if (token.empty()) {
            return dispatch(call);
        }
        constexpr std::size_t kLongest = 64;
        if (token.size() > kLongest) {
            refuse_call(400, "InvalidParameter", "ClientToken is longer than 64 characters.");
        }
        std::erase_if(tokens_,
                      [&](const auto& entry) { return entry.second.at + kTokenLife <= call.now; });
        const std::string key = call.action + " " + token;
        if (const auto found = tokens_.find(key); found != tokens_.end()) {
            if (found->second.fingerprint != fingerprint(call)) {
                refuse_call(400, "IdempotentParameterMismatch",
                            "The request uses the same client token as a previous, but "
                            "non-identical request.");
            }
            return found->second.answer;
        }
        const Answer answer = dispatch(call);
        tokens_.insert_or_assign(key, Remembered{fingerprint(call), answer, call.now});
        return answer;
    } catch (const Refusal& refusal) {
        return error(call, refusal);
    } catch (const Error& surprise) {
        return error(call, {400, "InvalidParameter", surprise.what(), {}});
    }
}

Answer Cloud::dispatch(const ApiCall& call) {
    const Request request(call);
    json::object members;
    if (call.product == "vpc") {
        members = run_vpc(*this, request);
    } else if (call.product == "sts") {
        members = run_sts(*this, request);
    } else {
        members = is_mutating(call.action) ? run_ecs_change(*this, request)
                                           : run_ecs_read(*this, request);
    }
    members["RequestId"] = dice_.uuid();
    Answer answer;
    answer.body = json::serialize(members);
    return answer;
}

Answer Cloud::error(const ApiCall& call, const Refusal& refusal) {
    json::object members{{"RequestId", dice_.uuid()},
                         {"HostId", call.product + "." + settings_.region + ".aliyuncs.com"},
                         {"Code", refusal.code},
                         {"Message", refusal.message}};
    if (refusal.code == "Forbidden.RAM") {
        members["AccessDeniedDetail"] = {{"AuthAction", call.product + ":" + call.action},
                                         {"AuthPrincipalType", "SubUser"},
                                         {"AuthPrincipalOwnerId", settings_.account},
                                         {"NoPermissionType", "ImplicitDeny"},
                                         {"PolicyType", "AccountLevelIdentityBasedPolicy"}};
    }
    Answer answer;
    answer.status = refusal.status;
    answer.headers = refusal.headers;
    answer.code = refusal.code;
    answer.body = json::serialize(members);
    return answer;
}

void Cloud::check_permission(const ApiCall& call) const {
    for (const auto& pattern : settings_.denied) {
        if (glob_matches(pattern, call.action)) {
            refuse_call(403, "Forbidden.RAM",
                        "User not authorized to operate on the specified resource, or this API "
                        "doesn't support RAM.");
        }
    }
}

void Cloud::check_throttle(const ApiCall& call) {
    auto limit = settings_.throttles.find(call.action);
    if (limit == settings_.throttles.end()) {
        limit = settings_.throttles.find("*");
    }
    if (limit == settings_.throttles.end()) {
        return;
    }
    const auto wait = buckets_.take(call.caller + " " + call.action, limit->second, call.now);
    if (!wait) {
        return;
    }
    Refusal refusal{400, "Throttling.User", "Request was denied due to user flow control.", {}};
    if (settings_.retry_after) {
        refusal.headers.emplace_back("x-acs-retry-after", std::to_string(wait->count()));
    }
    throw refusal;
}

void Cloud::log(const ApiCall& call, const std::string& outcome) {
    std::string resource = parameter(call, "NetworkInterfaceId");
    if (resource.empty()) {
        resource = parameter(call, "InstanceId");
    }
    calls_.add({call.now, call.product, call.action, call.caller, parameter(call, "ClientToken"),
                resource, outcome, is_mutating(call.action)});
}

void Cloud::advance(WallTime now) {
    enis_.advance(now);
    routes_.advance(now);
}

std::optional<WallTime> Cloud::next_event() const {
    const auto eni = enis_.next_event();
    const auto route = routes_.next_event();
    if (eni && route) {
        return std::min(*eni, *route);
    }
    return eni ? eni : route;
}

}  // namespace terway::sim
