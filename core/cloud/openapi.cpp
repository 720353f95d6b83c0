#include "cloud/openapi.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "cloud/answer.hpp"
#include "cloud/repeat.hpp"
#include "cloud/signed_request.hpp"
#include "cloud/utc.hpp"

namespace terway::cloud {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kFirstPause = 500ms;
constexpr std::chrono::milliseconds kLongestPause = 20s;
constexpr std::size_t kLongestMessage = 512;

http::Options options_for(const Settings& settings, const std::array<std::string, 2>& endpoints) {
    http::Options options;
    options.ca_file = settings.ca_file;
    options.allow_plain = std::any_of(endpoints.begin(), endpoints.end(), [](const auto& endpoint) {
        return endpoint.starts_with("http://");
    });
    return options;
}

std::chrono::milliseconds asked_pause(const http::Response& response) {
    const auto text = response.header("x-acs-retry-after");
    std::uint32_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    return std::chrono::milliseconds(error == std::errc{} ? count : 0);
}

bool is_object(std::string_view body) {
    const auto first = body.find_first_not_of(" \t\r\n");
    const auto last = body.find_last_not_of(" \t\r\n");
    return first != std::string_view::npos && body[first] == '{' && body[last] == '}';
}

// Under these codes the message quotes what was signed, the session's token included.
std::string harmless(std::string message, const Credentials& credentials) {
    const auto quote = message.find("string to sign");
    if (quote != std::string::npos) {
        message.resize(quote);
        message += "string to sign not shown";
    }
    message = without_secrets(std::move(message), credentials);
    message.resize(std::min(message.size(), kLongestMessage));
    return message;
}

std::string remedy(Reaction reaction, const Call& call) {
    switch (reaction) {
        case Reaction::Forbidden:
            return "; the RAM policy must allow " + name_of(call.product) + ":" + call.action;
        case Reaction::BadCredentials:
            return "; check the access key and its secret";
        case Reaction::StaleSession:
            return "; the temporary credentials have expired";
        case Reaction::ClockSkew:
            return "; the node's clock is wrong, check its time synchronisation";
        default:
            return "";
    }
}

std::string outcome_of(const std::optional<ApiError>& failure) {
    if (!failure) {
        return "";
    }
    return failure->code().empty() ? "no code" : failure->code();
}

}  // namespace

struct OpenApi::Sending {
    std::optional<std::string> body;  // of a success
    std::optional<ApiError> failure;
    bool not_sent = false;
    Credentials credentials;
    std::optional<WallTime> server_time;
};

OpenApi::OpenApi(const Settings& settings, CredentialProvider& credentials, CallLog& log,
                 Effects effects)
    : signature_(settings.signature),
      timeout_(settings.call_timeout),
      endpoints_{endpoint_of(settings, Product::Ecs), endpoint_of(settings, Product::Vpc)},
      credentials_(credentials),
      log_(log),
      effects_(std::move(effects)),
      throttle_(settings.calls_per_minute),
      client_(options_for(settings, endpoints_)) {}

WallTime OpenApi::cloud_time() const {
    return effects_.wall() + std::chrono::milliseconds(skew_.load());
}

void OpenApi::correct_clock(WallTime server_time) {
    const auto skew = server_time - effects_.wall();
    skew_ = skew.count();
    log::warning("the node's clock is wrong; requests carry the cloud's time",
                 {{"behind_seconds", std::chrono::duration<double>(skew).count()}});
}

void OpenApi::wait_for_turn(const Call& call, const Patience& patience) {
    const auto wait = throttle_.reserve(call.action, effects_.steady(), left(patience.deadline));
    if (!wait) {
        throw ApiError(Reaction::Throttled, call.action, "",
                       "this node's own limit for the action is used up");
    }
    if (wait->count() > 0 && !effects_.pause(*wait, patience)) {
        throw Error(Status::Retry, call.action + ": stopped, or no time left for its turn");
    }
}

OpenApi::Sending OpenApi::judge(const Call& call, const Credentials& credentials,
                                http::Response response) {
    Sending sending;
    sending.credentials = credentials;
    sending.server_time = parse_http_date(response.header("Date"));
    if (response.status >= 200 && response.status < 300 && is_object(response.body)) {
        sending.body = std::move(response.body);
        return sending;
    }
    const auto told = read_refusal(response.body);
    const auto reaction = reaction_to(told.code, told.message, response.status);
    auto text = told.code.empty()
                    ? "HTTP " + std::to_string(response.status) + " and no answer of the API"
                    : told.code + ": " + harmless(told.message, credentials);
    text += told.request_id.empty() ? "" : " (request " + told.request_id + ")";
    text += remedy(reaction, call);
    sending.failure.emplace(reaction, call.action, told.code, text, asked_pause(response));
    return sending;
}

OpenApi::Sending OpenApi::send(const Call& call, const Patience& patience) {
    Sending sending;
    try {
        sending.credentials = credentials_.get(patience);
    } catch (const Error& error) {
        sending.not_sent = error.status() == Status::Retry;
        sending.failure.emplace(sending.not_sent ? Reaction::Unknown : Reaction::BadCredentials,
                                call.action, "", std::string("no credentials: ") + error.what());
        return sending;
    }
    auto request = signed_request(
        {endpoints_.at(call.product == Product::Ecs ? 0 : 1), call.product, call.action,
         call.parameters, sending.credentials, cloud_time(), effects_.nonce()},
        signature_);
    request.timeout = timeout_;
    request.once = !call.repeatable;
    const auto start = effects_.steady();
    try {
        sending = judge(call, sending.credentials,
                        client_.send(request, patience.stop, patience.deadline));
    } catch (const http::TransportError& error) {
        if (error.failure() == http::Failure::Stopped) {
            throw Error(Status::Retry, call.action + ": stopped");
        }
        const bool untrusted = error.failure() == http::Failure::Untrusted;
        sending.not_sent = error.failure() != http::Failure::Unknown;
        sending.failure.emplace(untrusted ? Reaction::Permanent : Reaction::Unknown, call.action,
                                "", error.what());
    } catch (const Error& error) {
        sending.failure.emplace(Reaction::Unknown, call.action, "", error.what());
    }
    log_.record(call.action, outcome_of(sending.failure),
                sending.failure ? sending.failure->what() : "", effects_.wall(),
                effects_.steady() - start);
    return sending;
}

std::string OpenApi::call(const Call& call, const Patience& patience) {
    RepeatPolicy policy(call.repeatable);
    for (unsigned attempt = 0;; ++attempt) {
        wait_for_turn(call, patience);
        auto sending = send(call, patience);
        if (sending.body) {
            return std::move(*sending.body);
        }
        const auto& failure = *sending.failure;
        switch (policy.next({failure.reaction(), sending.not_sent})) {
            case Next::GiveUp:
                // An earlier copy of this very request was accepted: it may have had its effect.
                if (failure.reaction() == Reaction::Replayed) {
                    throw ApiError(Reaction::Unknown, call.action, failure.code(),
                                   "a copy of the request arrived before");
                }
                throw ApiError(failure);
            case Next::Later: {
                if (patience.on_setback) {
                    patience.on_setback(failure);
                }
                const auto pause =
                    std::max(failure.retry_after(),
                             back_off(attempt, effects_.fraction(), kFirstPause, kLongestPause));
                if (!effects_.pause(pause, patience)) {
                    if (patience.stop.stop_requested()) {
                        throw Error(Status::Retry, call.action + ": stopped");
                    }
                    throw ApiError(failure);
                }
                break;
            }
            case Next::CorrectClock:
                if (!sending.server_time) {
                    throw ApiError(failure);
                }
                correct_clock(*sending.server_time);
                break;
            case Next::RenewCredentials:
                credentials_.refuse(sending.credentials);
                break;
        }
    }
}

}  // namespace terway::cloud
