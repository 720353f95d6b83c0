// The daemon's side of the contract, played by memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "terway/abi.h"
#include "terway/testing/config_table.hpp"
#include "terway/types.hpp"

namespace terway::sdk::testing {

// Outlives every module created with it. Its functions may be called from any thread; hooks and the
// call budget are set before the module's calls begin.
class FakeHost {
public:
    struct LogLine {
        std::int32_t level = 0;
        std::string text;
    };
    struct Complaint {
        std::uint32_t line = 0;
        std::uint32_t column = 0;
        std::string text;
    };

    FakeHost() { fill(api_); }
    FakeHost(const FakeHost&) = delete;
    FakeHost& operator=(const FakeHost&) = delete;

    [[nodiscard]] const twy_host& api() const noexcept { return api_; }

    // What deadline_ms starts from in each call begun from now on.
    void set_call_budget(std::chrono::milliseconds budget) { budget_ = budget; }
    [[nodiscard]] std::chrono::milliseconds call_budget() const noexcept { return budget_; }
    // Does what a daemon does with a retired link. Without hooks links are only recorded, and
    // await_retired answers that they are gone.
    void on_retire_link(std::function<void(std::uint32_t)> hook) { retire_ = std::move(hook); }
    void on_await_retired(std::function<bool()> hook) { await_ = std::move(hook); }
    // Sees each log line as it comes.
    void on_log(std::function<void(const LogLine&)> hook) { log_ = std::move(hook); }

    [[nodiscard]] std::vector<LogLine> log_lines() const { return copy(log_lines_); }
    [[nodiscard]] std::vector<Complaint> complaints() const { return copy(complaints_); }
    // In the order they were handed over.
    [[nodiscard]] std::vector<std::uint32_t> retired_links() const { return copy(retired_links_); }
    void clear_complaints() {
        const std::lock_guard lock(mutex_);
        complaints_.clear();
    }

    // One operation in progress; one verb is called with it.
    class Operation {
    public:
        explicit Operation(FakeHost& host)
            : host_(host), deadline_(std::chrono::steady_clock::now() + host.budget_) {}
        Operation(const Operation&) = delete;
        Operation& operator=(const Operation&) = delete;

        [[nodiscard]] twy_call* raw() noexcept { return reinterpret_cast<twy_call*>(this); }
        // What the module gave to put_state, if it did.
        [[nodiscard]] const std::optional<std::string>& state() const noexcept { return state_; }

    private:
        friend class FakeHost;
        FakeHost& host_;
        std::chrono::steady_clock::time_point deadline_;
        std::optional<std::string> state_;
    };

    // A table as a module sees it; lives as long as the configure call.
    struct TableView {
        FakeHost& host;
        const ConfigTable& table;
        std::vector<std::pair<const ConfigTable*, TableView>> nested;

        TableView(FakeHost& owner, const ConfigTable& shown) : host(owner), table(shown) {
            for (const auto& entry : shown.entries()) {
                if (entry.table) {
                    nested.emplace_back(entry.table.get(), TableView(owner, *entry.table));
                }
            }
        }
        [[nodiscard]] const twy_table* raw() const noexcept {
            return reinterpret_cast<const twy_table*>(this);
        }
    };

private:
    struct Api : twy_host {
        FakeHost* self = nullptr;
    };

    static const TableView& shown(const twy_table* table) {
        return *reinterpret_cast<const TableView*>(table);
    }
    static Operation& operation(twy_call* call) { return *reinterpret_cast<Operation*>(call); }

    static void answer(const TableView& at, const ConfigTable::Entry& entry, twy_value* ret) {
        auto value = sized<twy_value>();
        value.kind = entry.kind;
        value.line = entry.line;
        value.column = entry.column;
        value.integer = entry.integer;
        value.string = str(entry.text);
        for (const auto& [table, view] : at.nested) {
            if (table == entry.table.get()) {
                value.table = view.raw();
            }
        }
        give(*ret, value);
    }

    void fill(Api& api) {
        api.self = this;
        api.size = sizeof(twy_host);
        api.abi_major = TWY_ABI_MAJOR;
        api.abi_minor = TWY_ABI_MINOR;
        api.log = [](const twy_host* host, std::int32_t level, twy_str message) {
            FakeHost& self = *static_cast<const Api*>(host)->self;
            const LogLine line{level, std::string(view(message))};
            if (self.log_) {
                self.log_(line);
            }
            const std::lock_guard lock(self.mutex_);
            self.log_lines_.push_back(line);
        };
        api.config_get = [](const twy_table* table, twy_str key, twy_value* ret) -> std::int32_t {
            const auto* entry = shown(table).table.find(view(key));
            if (entry == nullptr) {
                return 0;
            }
            answer(shown(table), *entry, ret);
            return 1;
        };
        api.config_at = [](const twy_table* table, std::size_t index, twy_str* ret_key,
                           twy_value* ret) -> std::int32_t {
            const auto& entries = shown(table).table.entries();
            if (index >= entries.size()) {
                return 0;
            }
            *ret_key = str(entries[index].key);
            answer(shown(table), entries[index], ret);
            return 1;
        };
        api.config_error = [](const twy_table* table, std::uint32_t line, std::uint32_t column,
                              twy_str text) {
            FakeHost& self = shown(table).host;
            const std::lock_guard lock(self.mutex_);
            self.complaints_.push_back({line, column, std::string(view(text))});
        };
        api.put_state = [](twy_call* call, const void* data, std::size_t size) {
            operation(call).state_.emplace(static_cast<const char*>(data), size);
        };
        api.deadline_ms = [](const twy_call* call) -> std::int64_t {
            const auto& of = *reinterpret_cast<const Operation*>(call);
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(
                of.deadline_ - std::chrono::steady_clock::now());
            return left.count() > 0 ? left.count() : 0;
        };
        api.retire_link = [](twy_call* call, std::uint32_t ifindex) {
            FakeHost& self = operation(call).host_;
            if (self.retire_) {
                self.retire_(ifindex);
            }
            const std::lock_guard lock(self.mutex_);
            self.retired_links_.push_back(ifindex);
        };
        api.await_retired = [](twy_call* call) -> std::int32_t {
            FakeHost& self = operation(call).host_;
            return !self.await_ || self.await_() ? 1 : 0;
        };
    }

    template <class T>
    [[nodiscard]] std::vector<T> copy(const std::vector<T>& of) const {
        const std::lock_guard lock(mutex_);
        return of;
    }

    Api api_{};
    std::chrono::milliseconds budget_{10'000};
    std::function<void(std::uint32_t)> retire_;
    std::function<bool()> await_;
    std::function<void(const LogLine&)> log_;
    mutable std::mutex mutex_;
    std::vector<LogLine> log_lines_;
    std::vector<Complaint> complaints_;
    std::vector<std::uint32_t> retired_links_;
};

}  // namespace terway::sdk::testing
