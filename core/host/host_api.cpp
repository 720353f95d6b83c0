#include "host/host_api.hpp"

#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "terway/types.hpp"

namespace terway::host {
namespace {

using profile::Entry;
using profile::Place;
using profile::ValueKind;

std::int32_t abi_kind(ValueKind kind) {
    switch (kind) {
        case ValueKind::Bool:
            return TWY_BOOL;
        case ValueKind::Integer:
            return TWY_INT;
        case ValueKind::String:
            return TWY_STRING;
        case ValueKind::Table:
            return TWY_TABLE;
        case ValueKind::Array:
            return TWY_ARRAY;
        case ValueKind::Other:
            break;
    }
    return TWY_OTHER;
}

const twy_table* inner_table(const twy_table& outer, const profile::Table& data) {
    for (const auto& made : outer.inner) {
        if (&made->data == &data) {
            return made.get();
        }
    }
    outer.inner.push_back(std::make_unique<twy_table>(data, outer.diagnostics));
    return outer.inner.back().get();
}

// The receiver may know fewer members than this daemon does.
void give_value(const twy_table& table, const Entry& entry, Place place, twy_value* ret) {
    auto value = sdk::sized<twy_value>();
    value.kind = abi_kind(entry.kind);
    value.line = place.line;
    value.column = place.column;
    value.integer = entry.integer;
    value.string = sdk::str(entry.string);
    if (entry.kind == ValueKind::Table || entry.kind == ValueKind::Array) {
        value.table = inner_table(table, entry.table);
    }
    sdk::give(*ret, value);
}

// The callbacks are noexcept: running out of memory here ends the daemon, which a restart mends.
std::int32_t config_get(const twy_table* table, twy_str key, twy_value* ret) noexcept {
    const Entry* entry = table->data.find(sdk::view(key));
    if (entry == nullptr) {
        return 0;
    }
    give_value(*table, *entry, entry->place, ret);
    return 1;
}

// The place is the key's in a table, so that a complaint about an unknown key points at it.
std::int32_t config_at(const twy_table* table, std::size_t index, twy_str* ret_key,
                       twy_value* ret) noexcept {
    if (index >= table->data.entries.size()) {
        return 0;
    }
    const Entry& entry = table->data.entries[index];
    *ret_key = sdk::str(entry.key);
    give_value(*table, entry, entry.key_place, ret);
    return 1;
}

void config_error(const twy_table* table, std::uint32_t line, std::uint32_t column,
                  twy_str text) noexcept {
    const Place place = line == 0 ? table->data.place : Place{line, column};
    table->diagnostics.error(place, std::string(sdk::view(text)));
}

// Runs what a callback without an answer wants done; its failure waits for the gate.
template <class Body>
void recorded(twy_call* call, Body&& body) noexcept {
    try {
        body();
    } catch (const Error& error) {
        if (!call->callback_failure) {
            call->callback_failure = error;
        }
    } catch (const std::exception& error) {
        if (!call->callback_failure) {
            call->callback_failure = Error(Status::Internal, error.what());
        }
    }
}

void put_state(twy_call* call, const void* data, std::size_t size) noexcept {
    recorded(call, [&] {
        if (size > kMaxModuleState) {
            throw Error(Status::Internal, "the module wants to keep " + std::to_string(size) +
                                              " bytes of state, the limit is " +
                                              std::to_string(kMaxModuleState));
        }
        call->state = size == 0 ? std::string() : std::string(static_cast<const char*>(data), size);
    });
}

std::int64_t deadline_ms(const twy_call* call) noexcept {
    return left(call->verb_deadline).count();
}

void retire_link(twy_call* call, std::uint32_t ifindex) noexcept {
    recorded(call, [&] {
        with_context("retire link " + std::to_string(ifindex),
                     [&] { call->reaper.retire(ifindex); });
    });
}

std::int32_t await_retired(twy_call* call) noexcept {
    std::int32_t gone = 0;
    recorded(call, [&] { gone = call->reaper.await(call->verb_deadline) ? 1 : 0; });
    return gone;
}

log::Level log_level(std::int32_t level) {
    switch (level) {
        case TWY_LOG_DEBUG:
            return log::Level::Debug;
        case TWY_LOG_INFO:
            return log::Level::Info;
        case TWY_LOG_WARNING:
            return log::Level::Warning;
        default:
            return log::Level::Error;
    }
}

}  // namespace

HostApi::HostApi(std::string module_id) : module_id_(std::move(module_id)), front_{} {
    front_.self = this;
    front_.table.size = sizeof(twy_host);
    front_.table.abi_major = TWY_ABI_MAJOR;
    front_.table.abi_minor = TWY_ABI_MINOR;
    front_.table.log = log;
    front_.table.config_get = config_get;
    front_.table.config_at = config_at;
    front_.table.config_error = config_error;
    front_.table.put_state = put_state;
    front_.table.deadline_ms = deadline_ms;
    front_.table.retire_link = retire_link;
    front_.table.await_retired = await_retired;
}

void HostApi::log(const twy_host* host, std::int32_t level, twy_str message) noexcept {
    const auto& front = *reinterpret_cast<const Front*>(host);
    log::write(log_level(level), sdk::view(message), {{"module", front.self->module_id_}});
}

}  // namespace terway::host
