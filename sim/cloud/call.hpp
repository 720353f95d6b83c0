// What goes into the simulated cloud and what comes out. Plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace terway::sim {

using Parameters = std::map<std::string, std::string>;  // by wire name: "Tag.1.Key"
using Headers = std::vector<std::pair<std::string, std::string>>;

// A call whose signature has been checked.
struct ApiCall {
    std::string product;  // "ecs", "vpc", "sts"
    std::string action;
    Parameters parameters;  // of the action; no protocol ones such as Signature
    std::string caller;     // access key id, empty for unsigned actions
    WallTime now;
};

// What the connection does with an answer.
enum class Delivery : std::uint8_t {
    Send,
    Cut,   // closed without an answer, though the call may have been carried out
    Hang,  // no answer until the client gives up
};

// A body that comes bit by bit, in chunks. Called on the server's thread.
class BodyStream {
public:
    struct Part {
        std::string data;  // empty: nothing yet
        bool end = false;  // after the data
        bool cut = false;  // after the data the connection is closed, in the middle of the body
        std::optional<std::chrono::milliseconds> again;  // asked again then, or when woken before
    };
    BodyStream() = default;
    virtual ~BodyStream() = default;
    BodyStream(const BodyStream&) = delete;
    BodyStream& operator=(const BodyStream&) = delete;
    [[nodiscard]] virtual Part next() = 0;
};

struct Answer {
    unsigned status = 200;
    std::string body;
    Headers headers;  // beside those of every answer
    std::string content_type = "application/json;charset=utf-8";
    std::chrono::milliseconds delay{0};  // the client waits so long for it
    Delivery delivery = Delivery::Send;
    std::string code;                         // the error's, empty for success
    std::shared_ptr<BodyStream> stream = {};  // instead of `body`
};

// Thrown inside the cloud by whatever refuses a call; the cloud makes an answer of it.
struct Refusal {
    unsigned status = 400;
    std::string code;
    std::string message;
    Headers headers;
};

[[noreturn]] inline void refuse_call(unsigned status, const std::string& code,
                                     const std::string& message) {
    throw Refusal{status, code, message, {}};
}

}  // namespace terway::sim
