// How a failure looks to a container runtime: the codes of the specification and the error
// document. Pure.
#pragma once

#include <string>
#include <string_view>

#include "terway/error.hpp"

namespace terway::cni {

// Codes up to 99 belong to the specification, the others are ours.
enum class Code : unsigned {
    IncompatibleVersion = 1,
    UnsupportedField = 2,
    UnknownContainer = 3,
    InvalidEnvironment = 4,
    Io = 5,
    Decoding = 6,
    InvalidConfig = 7,
    InvalidNetns = 8,
    TryAgainLater = 11,
    NotAvailable = 50,
    NotAvailableLimited = 51,
    Unsupported = 100,
    Internal = 101,
};

// A failure that knows its code. Everything that parses a request throws this one; the rest of the
// daemon may throw a plain Error and leave the code to code_of().
class CniError : public Error {
public:
    CniError(Code code, const std::string& what, std::string details = {});

    [[nodiscard]] Code code() const noexcept { return code_; }
    [[nodiscard]] const std::string& details() const noexcept { return details_; }

private:
    Code code_;
    std::string details_;
};

// Retry 11, Invalid 7, Unsupported 100, Gone 3, Internal 101.
[[nodiscard]] Code code_of(Status status) noexcept;

// The error document a plugin prints on its standard output.
struct ErrorResult {
    std::string cni_version;
    Code code = Code::Internal;
    std::string msg;
    std::string details;

    // Takes code and details from a CniError, else the code from the status.
    [[nodiscard]] static ErrorResult from(const Error& error, std::string_view cni_version);
    // One JSON document and a line feed.
    [[nodiscard]] std::string to_json() const;
};

}  // namespace terway::cni
