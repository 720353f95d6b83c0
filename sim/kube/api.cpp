#include "sim/kube/api.hpp"

#include <utility>

#include "sim/kube/discovery.hpp"
#include "sim/kube/rbac.hpp"
#include "sim/kube/verbs.hpp"

namespace terway::sim::kube {
namespace {

constexpr const char* kReviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

bool is_health(const std::string& path) {
    return path == "/healthz" || path == "/readyz" || path == "/livez";
}

bool is_resource(const std::string& path) {
    const auto parts = path_segments(path);
    return !parts.empty() &&
           ((parts[0] == "api" && parts.size() > 2) || (parts[0] == "apis" && parts.size() > 3));
}

Answer text_answer(unsigned status, const std::string& type, std::string body) {
    Answer answer = json_answer(status, std::move(body));
    answer.content_type = type;
    return answer;
}

Answer openapi(const HttpRequest& request) {
    // Asked for as "...v2@v1.0+protobuf", which is no media type a client would take for an answer.
    constexpr const char* kProtobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    return request.header("accept").find("protobuf") == std::string::npos
               ? json_answer(200, json::serialize(openapi_json()))
               : text_answer(200, kProtobuf, openapi_protobuf());
}

bool changes(const std::string& verb) {
    return verb != "get" && verb != "list" && verb != "watch";
}

}  // namespace

// What is known of a request for faults and the log.
struct Api::Heard {
    ApiCall call;
    std::optional<Call> parsed;
    std::optional<Problem> wrong;  // with the request, if it is about a resource
    std::optional<Asker> asker;
    bool mutating = false;
    std::string resource;
};

Api::Api(const ApiOptions& options, WallTime now)
    : options_(options), cluster_(options.cluster, now), dice_(options.cluster.seed) {}

Api::Heard Api::hear(const HttpRequest& request, WallTime now) const {
    Heard heard;
    heard.call = {"kube", "discovery", {}, "", now};
    heard.asker = users_.who(request.header("authorization"), request.subject, now);
    heard.call.caller = heard.asker ? heard.asker->user : "";
    if (is_health(request.path())) {
        heard.call.action = "health";
    } else if (is_resource(request.path()) && request.path() != kReviews) {
        try {
            heard.parsed = call_of(request);
            const Call& call = *heard.parsed;
            heard.call.action = call.action();
            heard.call.parameters = call.query;
            heard.call.parameters["name"] = call.name;
            heard.call.parameters["namespace"] = call.space;
            heard.mutating = changes(call.verb);
            heard.resource = call.space.empty() ? call.name : call.space + "/" + call.name;
        } catch (const Problem& problem) {
            heard.call.action = "unknown";
            heard.wrong = problem;
        }
    }
    heard.call.parameters["user"] = heard.call.caller;
    return heard;
}

ApiAnswer Api::handle(const HttpRequest& request, WallTime now) {
    const Heard heard = hear(request, now);
    const auto rule = faults_.strike(heard.call, dice_);
    ApiAnswer answer = rule ? struck(*rule, request, heard, now) : perform(request, heard, now);
    std::string outcome = answer.answer.code.empty() ? "OK" : answer.answer.code;
    if (rule && rule->kind != FaultRule::Kind::Error) {
        outcome = FaultRule::name_of(rule->kind);
    }
    calls_.add({now, "kube", heard.call.action, heard.call.caller, "", heard.resource, outcome,
                heard.mutating});
    return answer;
}

ApiAnswer Api::struck(const FaultRule& rule, const HttpRequest& request, const Heard& heard,
                      WallTime now) {
    using What = FaultRule::Kind;
    ApiAnswer answer;
    switch (rule.kind) {
        case What::Error: {
            Problem problem{rule.status, rule.code, rule.message, {}, {}};
            if (problem.message.empty()) {
                problem.message = "injected by a fault rule";
            }
            if (rule.retry_after.count() != 0) {
                problem.retry_after = static_cast<unsigned>(
                    std::chrono::ceil<std::chrono::seconds>(rule.retry_after).count());
            }
            answer.answer = answer_of(problem);
            break;
        }
        case What::Html:
            answer.answer =
                text_answer(502, "text/html", "<html><h1>502 Bad Gateway</h1></html>\n");
            break;
        case What::Cut:
        case What::Hang:
            answer.answer.delivery = rule.kind == What::Cut ? Delivery::Cut : Delivery::Hang;
            break;
        case What::Lost:
            answer = perform(request, heard, now);
            answer.answer.delivery = Delivery::Cut;
            break;
        case What::Slow:
            answer = perform(request, heard, now);
            answer.answer.delay += rule.delay;
            break;
        case What::Garbage:
        case What::Torn:
        case What::Trickle:
        case What::Silent:
            answer = perform(request, heard, now);
            answer.mischief = Mischief{rule.kind, rule.delay};
            break;
    }
    return answer;
}

ApiAnswer Api::perform(const HttpRequest& request, const Heard& heard, WallTime now) {
    ApiAnswer answer;
    try {
        const std::string path = request.path();
        if (is_health(path)) {
            answer.answer = text_answer(200, "text/plain", "ok");
            return answer;
        }
        if (!heard.asker) {
            throw unauthorized();
        }
        if (heard.wrong) {
            throw Problem(*heard.wrong);
        }
        if (heard.parsed) {
            return carry_out(*heard.parsed, *heard.asker, now);
        }
        if (path == kReviews && request.method == "POST") {
            answer.answer = review(request, *heard.asker);
            return answer;
        }
        if (request.method != "GET") {
            throw method_not_allowed();
        }
        if (path == "/openapi/v2") {
            answer.answer = openapi(request);
        } else if (const auto found = discovery(path)) {
            answer.answer = json_answer(200, json::serialize(*found));
        } else {
            throw no_such_resource();
        }
    } catch (const Problem& problem) {
        answer.answer = answer_of(problem);
    }
    return answer;
}

ApiAnswer Api::carry_out(const Call& call, const Asker& asker, WallTime now) {
    const Deed deed = deed_of(call);
    if (options_.rbac && !may(cluster_.store(), asker, deed)) {
        throw forbidden(*call.kind, call.name, refusal_of(asker, deed));
    }
    ApiAnswer answer;
    if (call.verb == "watch") {
        answer.answer = json_answer(200, "");
        answer.watch = std::make_unique<Watch>(watch_order(call, options_, now), now);
    } else if (call.action() == "create serviceaccounts/token") {
        answer.answer = issue_token(call, now);
    } else {
        answer.answer = carried_out(cluster_, call, options_, now);
    }
    return answer;
}

Answer Api::issue_token(const Call& call, WallTime now) {
    (void)cluster_.get(*call.kind, {call.space, call.name});
    const json::value body = parsed(call.body);
    if (!body.is_object()) {
        throw bad_request("the token request is no object");
    }
    json::object object = body.get_object();
    constexpr std::int64_t kHour = 3600;
    const json::value* asked = at_path(object, {"spec", "expirationSeconds"});
    const std::int64_t life = asked != nullptr && asked->is_int64() ? asked->get_int64() : kHour;
    const WallTime expires = now + std::chrono::seconds(life);
    const std::string token = "sa." + dice_.uuid();
    users_.add(token, "system:serviceaccount:" + call.space + ":" + call.name, {}, expires);
    object["status"] = json::object{{"token", token}, {"expirationTimestamp", kube_time(expires)}};
    return json_answer(201, json::serialize(object));
}

Answer Api::review(const HttpRequest& request, const Asker& asker) {
    const json::value body = parsed(request.body);
    if (!body.is_object()) {
        throw bad_request("the review is no object");
    }
    json::object object = body.get_object();
    const auto text = [&](const char* member) {
        return text_at(object, {"spec", "resourceAttributes", member});
    };
    const std::string part = text("subresource");
    const Deed deed{text("verb"), text("group"),
                    text("resource") + (part.empty() ? "" : "/" + part), text("namespace"),
                    text("name")};
    const bool allowed = !options_.rbac || may(cluster_.store(), asker, deed);
    object["status"] = json::object{{"allowed", allowed}};
    return json_answer(201, json::serialize(object));
}

}  // namespace terway::sim::kube
