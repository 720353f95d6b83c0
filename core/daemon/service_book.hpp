// What each module has been told of Services, and what it is to be told next. Pure; one thread at a
// time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "daemon/service_inbox.hpp"
#include "service/index.hpp"

namespace terway::daemon {

// One update for one module.
struct ServiceDelivery {
    std::string module;
    bool is_full = false;
    std::uint64_t revision = 0;
    std::shared_ptr<const service::Update> update;
};

class ServiceBook {
public:
    // These are told from now on.
    void add_modules(const std::set<std::string>& ids);
    void take(const ServiceNews& news);

    // What is to be told now, at most one delivery for each module; settle() must follow for each.
    // Nothing before all is synced: what is in the kernel is better than a part.
    [[nodiscard]] std::vector<ServiceDelivery> round();
    // After a failure the module is told everything again.
    void settle(const ServiceDelivery& delivery, bool is_applied);
    // A round was lost on its way.
    void distrust();

    // Of the latest round, and the latest that a module has.
    [[nodiscard]] std::uint64_t wanted() const noexcept { return revision_; }
    [[nodiscard]] std::uint64_t had(const std::string& module) const;
    [[nodiscard]] std::vector<std::string> modules() const;
    [[nodiscard]] bool is_synced() const noexcept { return is_synced_; }
    [[nodiscard]] const service::Index& index() const noexcept { return index_; }

private:
    struct Module {
        bool needs_full = true;
        std::uint64_t had = 0;
    };

    service::Index index_;
    std::map<std::string, Module> modules_;
    std::uint64_t revision_ = 0;
    bool is_synced_ = false;
};

}  // namespace terway::daemon
