// terway/error.hpp -- the one error type of the daemon and of modules.
//
// Thrown inside a process, never across the C contract: the thunks of module.hpp turn it into a
// status and one line of text.
#pragma once

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "terway/abi.h"

namespace terway {

// What kind of failure it is; decides what the container runtime is told.
enum class Status : twy_status {
    Invalid = TWY_INVALID,          // the request or the configuration is wrong
    Retry = TWY_RETRY,              // passing; the same request may succeed later
    Unsupported = TWY_UNSUPPORTED,  // this kernel, NIC or module cannot do it
    Gone = TWY_GONE,                // what the call was about no longer exists
    Internal = TWY_INTERNAL,        // anything else
};

// Text: lower case, no trailing period, names the object and the reason.
class Error : public std::runtime_error {
public:
    Error(Status status, const std::string& what, int sys_errno = 0)
        : std::runtime_error(what), status_(status), sys_errno_(sys_errno) {}

    [[nodiscard]] Status status() const noexcept { return status_; }
    // The errno of the system call to blame, or 0.
    [[nodiscard]] int sys_errno() const noexcept { return sys_errno_; }

    // The same failure seen from one layer up: "context: what".
    [[nodiscard]] Error within(std::string_view context) const {
        return {status_, std::string(context) + ": " + what(), sys_errno_};
    }

private:
    Status status_;
    int sys_errno_;
};

// For a failed system call: "what: strerror". Interrupted and resource-starved calls are Retry.
[[nodiscard]] inline Error system_error(const std::string& what, int sys_errno) {
    const bool passing = sys_errno == EINTR || sys_errno == EAGAIN || sys_errno == ENOBUFS ||
                         sys_errno == ENOMEM || sys_errno == EBUSY || sys_errno == EMFILE ||
                         sys_errno == ENFILE;
    return {passing ? Status::Retry : Status::Internal, what + ": " + std::strerror(sys_errno),
            sys_errno};
}

// Runs `body`; an Error that leaves it gains `context`.
template <class Body>
decltype(auto) with_context(std::string_view context, Body&& body) {
    try {
        return std::forward<Body>(body)();
    } catch (const Error& error) {
        throw error.within(context);
    }
}

}  // namespace terway
