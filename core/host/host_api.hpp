// The daemon's side of the C contract: what stands behind twy_host, twy_call and twy_table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/time.hpp"
#include "profile/diagnostic.hpp"
#include "profile/table.hpp"
#include "terway/abi.h"
#include "terway/error.hpp"

namespace terway::host {

// Deletes host links in batches. Implemented by the daemon. Any thread.
class LinkReaper {
public:
    virtual ~LinkReaper() = default;
    // Stamps the link with the retired group before it returns, and deletes it soon after; a link
    // that vanishes meanwhile is no error. May throw Error.
    virtual void retire(std::uint32_t ifindex) = 0;
    // True once every link retired so far is gone; false if the deadline passed first. May throw
    // Error.
    [[nodiscard]] virtual bool await(Deadline deadline) = 0;
};

// The twy_host of one module. Lives at least until the module's destroy() has returned; neither
// moves nor copies, because the module keeps the address.
class HostApi {
public:
    // Log lines carry `module=<id>`.
    explicit HostApi(std::string module_id);
    HostApi(const HostApi&) = delete;
    HostApi& operator=(const HostApi&) = delete;

    [[nodiscard]] const twy_host& table() const noexcept { return front_.table; }

private:
    // What the module is given the address of; the first member is the table, so that the log
    // callback finds its way back.
    struct Front {
        twy_host table;
        const HostApi* self;
    };
    static_assert(std::is_standard_layout_v<Front>);
    static void log(const twy_host* host, std::int32_t level, twy_str message) noexcept;

    std::string module_id_;
    Front front_;
};

inline constexpr std::size_t kMaxModuleState = 64U << 10U;

}  // namespace terway::host

// One operation of a module on one endpoint. Made by whoever calls the gate, on the thread that
// makes the call, and used for one verb after another of that operation; `state` is then the state
// of the module called, so move it away between two modules.
struct twy_call {
    // Borrows the reaper.
    twy_call(terway::Deadline operation_deadline, terway::host::LinkReaper& link_reaper)
        : deadline(operation_deadline), verb_deadline(operation_deadline), reaper(link_reaper) {}
    twy_call(const twy_call&) = delete;
    twy_call& operator=(const twy_call&) = delete;

    // Of the whole operation: the gate gives a verb no more than this.
    const terway::Deadline deadline;
    // Called from the watchdog's thread, at most once for each verb, when the verb has not returned
    // in time: the place to answer the runtime and to free the lane. Must not throw, nor wait for
    // the thread that is stuck in the module.
    std::function<void()> on_overdue;
    // True: the operation's own deadline counts, however long a verb may take else.
    bool is_long = false;
    // What the module gave to put_state during the last verb, if it did.
    std::optional<std::string> state;

    // The gate's and the callbacks' own.
    terway::Deadline verb_deadline;
    terway::host::LinkReaper& reaper;
    // What went wrong in a callback that can report nothing; fails the verb.
    std::optional<terway::Error> callback_failure;
};

// A module's view of its settings during configure. Borrows both; complaints about a place unknown
// to the module get the place of the table.
struct twy_table {
    twy_table(const terway::profile::Table& table, terway::profile::Diagnostics& complaints)
        : data(table), diagnostics(complaints) {}
    twy_table(const twy_table&) = delete;
    twy_table& operator=(const twy_table&) = delete;

    const terway::profile::Table& data;
    terway::profile::Diagnostics& diagnostics;
    // Views of inner tables and arrays, made when asked for.
    mutable std::vector<std::unique_ptr<twy_table>> inner;
};
