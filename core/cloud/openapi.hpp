// One call of an RPC-style API of the cloud: signed, capped, repeated where that is right, logged.
#pragma once

#include <array>
#include <atomic>
#include <string>

#include "cloud/api.hpp"
#include "cloud/call_log.hpp"
#include "cloud/credentials.hpp"
#include "cloud/effects.hpp"
#include "cloud/settings.hpp"
#include "cloud/signature.hpp"
#include "cloud/throttle.hpp"
#include "http/http.hpp"

namespace terway::cloud {

struct Call {
    Product product = Product::Ecs;
    std::string action;
    Parameters parameters;
    // A read, or a call with a ClientToken among its parameters.
    bool repeatable = false;
};

// Any thread, any number at a time.
class OpenApi {
public:
    // `credentials` and `log` must outlive this object. Throws Error(Invalid) for endpoints that
    // cannot be.
    OpenApi(const Settings& settings, CredentialProvider& credentials, CallLog& log,
            Effects effects);

    // The body of the answer, which is a JSON object. Throws as Api says. Each sending has its own
    // nonce and time; the parameters stay the same.
    [[nodiscard]] std::string call(const Call& call, const Patience& patience);

private:
    struct Sending;

    [[nodiscard]] Sending send(const Call& call, const Patience& patience);
    [[nodiscard]] static Sending judge(const Call& call, const Credentials& credentials,
                                       http::Response response);
    void wait_for_turn(const Call& call, const Patience& patience);
    void correct_clock(WallTime server_time);
    [[nodiscard]] WallTime cloud_time() const;

    const Signature signature_;
    const std::chrono::milliseconds timeout_;
    const std::array<std::string, 2> endpoints_;  // of ECS and VPC
    CredentialProvider& credentials_;
    CallLog& log_;
    const Effects effects_;
    Throttle throttle_;
    http::Client client_;
    std::atomic<std::chrono::milliseconds::rep> skew_{0};  // the cloud's clock less ours
};

}  // namespace terway::cloud
