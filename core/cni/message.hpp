// What the frames of wire.hpp carry: JSON payloads. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cni/failure.hpp"
#include "cni/request.hpp"
#include "cni/result.hpp"
#include "cni/wire.hpp"

namespace terway::cni {

// {"env": {...}, "config": "..."}; also the content of a ticket.
[[nodiscard]] std::string encode_invocation(const Invocation& invocation);
// Throws Error(Invalid).
[[nodiscard]] Invocation decode_invocation(std::string_view payload);

// What the CNI binary does with its own exit: {"exit": 0, "stdout": "..."}.
struct Reply {
    int exit = 0;        // 0 to 255
    std::string output;  // printed as it is; empty, or one JSON document

    // A finished ADD.
    [[nodiscard]] static Reply success(const Result& result, const Version& version);
    // A finished DEL, CHECK, GC or STATUS: nothing to print.
    [[nodiscard]] static Reply done() { return {}; }
    // Exit code 1 and the error document.
    [[nodiscard]] static Reply failure(const ErrorResult& error);

    bool operator==(const Reply&) const = default;
};

[[nodiscard]] std::string encode_reply(const Reply& reply);
// Throws Error(Invalid), also if `output` is neither empty nor one JSON document.
[[nodiscard]] Reply decode_reply(std::string_view payload);

// Answer to a control request: {"result": ...} or {"error": {"status": "retry", "text": "..."}}.
struct CtlReply {
    std::string result = "null";  // JSON text
    std::optional<Error> error;
};

[[nodiscard]] std::string encode_ctl_reply(const CtlReply& reply);
// Throws Error(Invalid).
[[nodiscard]] CtlReply decode_ctl_reply(std::string_view payload);

}  // namespace terway::cni
