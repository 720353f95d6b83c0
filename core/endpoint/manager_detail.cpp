#include "endpoint/manager_detail.hpp"

namespace terway::endpoint::detail {

std::vector<IpAddress> bare(const std::vector<Prefix>& prefixes) {
    std::vector<IpAddress> all;
    all.reserve(prefixes.size());
    for (const auto& prefix : prefixes) {
        all.push_back(prefix.address());
    }
    return all;
}

std::function<void()> overdue(const Operation& operation, KeyLock::Guard& guard,
                              Lane::Permit* permit, const EndpointKey& key) {
    return [&operation, &guard, permit, text = key.text()] {
        if (permit != nullptr) {
            permit->surrender();
        }
        guard.abandon();
        if (operation.answer_early) {
            operation.answer_early(
                Error(Status::Retry, "endpoint " + text + ": a module did not return in time"));
        }
    };
}

std::optional<Netns> reopen(const std::string& path) {
    if (path.empty()) {
        return std::nullopt;
    }
    try {
        return Netns::open(path);
    } catch (const Error&) {
        return std::nullopt;
    }
}

int fd_of(const std::optional<Netns>& netns) {
    return netns ? netns->fd() : -1;
}

}  // namespace terway::endpoint::detail
