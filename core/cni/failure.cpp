#include "cni/failure.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace terway::cni {
namespace {

Status status_of(Code code) noexcept {
    switch (code) {
        case Code::TryAgainLater:
        case Code::NotAvailable:
        case Code::NotAvailableLimited:
        case Code::Io:
            return Status::Retry;
        case Code::UnknownContainer:
            return Status::Gone;
        case Code::Unsupported:
            return Status::Unsupported;
        case Code::Internal:
            return Status::Internal;
        default:
            return Status::Invalid;
    }
}

}  // namespace

CniError::CniError(Code code, const std::string& what, std::string details)
    : Error(status_of(code), what), code_(code), details_(std::move(details)) {}

Code code_of(Status status) noexcept {
    switch (status) {
        case Status::Retry:
            return Code::TryAgainLater;
        case Status::Invalid:
            return Code::InvalidConfig;
        case Status::Unsupported:
            return Code::Unsupported;
        case Status::Gone:
            return Code::UnknownContainer;
        case Status::Internal:
            break;
    }
    return Code::Internal;
}

ErrorResult ErrorResult::from(const Error& error, std::string_view cni_version) {
    if (const auto* own = dynamic_cast<const CniError*>(&error)) {
        return {std::string(cni_version), own->code(), own->what(), own->details()};
    }
    return {std::string(cni_version), code_of(error.status()), error.what(), {}};
}

std::string ErrorResult::to_json() const {
    boost::json::object document{
        {"cniVersion", cni_version}, {"code", static_cast<unsigned>(code)}, {"msg", msg}};
    if (!details.empty()) {
        document["details"] = details;
    }
    return boost::json::serialize(document) + '\n';
}

}  // namespace terway::cni
