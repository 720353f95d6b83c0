#include "store/sqlite.hpp"

#include <cerrno>
#include <utility>

namespace terway::store {
namespace {

// How long somebody with a shell on the file may be in our way.
constexpr int kBusyMilliseconds = 1000;

bool passes(int code, int sys_errno) {
    switch (code & 0xff) {
        case SQLITE_FULL:
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_NOMEM:
            return true;
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
            return sys_errno == ENOSPC || sys_errno == EDQUOT || sys_errno == EMFILE ||
                   sys_errno == ENFILE;
        default:
            return false;
    }
}

}  // namespace

Database::Database(std::string path) : path_(std::move(path)) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(
        path_.c_str(), &raw,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
        nullptr);
    handle_.reset(raw);
    if (code != SQLITE_OK) {
        throw error("open the database");
    }
    sqlite3_busy_timeout(raw, kBusyMilliseconds);
}

Error Database::error(std::string_view what) const {
    const int code = sqlite3_extended_errcode(get());
    const int sys_errno = sqlite3_system_errno(get());
    auto text = path_ + ": cannot " + std::string(what) + ": " + sqlite3_errmsg(get());
    const bool system_failed = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
    if (system_failed && sys_errno != 0) {
        text += std::string(" (") + std::strerror(sys_errno) + ")";
    }
    return {passes(code, sys_errno) ? Status::Retry : Status::Internal, text,
            system_failed ? sys_errno : 0};
}

void Database::execute(const char* sql, std::string_view what) {
    if (sqlite3_exec(get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        throw error(what);
    }
}

Statement::Statement(const Database& database, std::string_view sql) : database_(database) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(database.get(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    handle_.reset(raw);
    if (code != SQLITE_OK) {
        throw database.error("prepare \"" + std::string(sql) + "\"");
    }
}

Statement& Statement::bind(int index, std::string_view text) {
    // A null pointer would bind NULL instead of the empty text.
    const char* data = text.data() == nullptr ? "" : text.data();
    if (sqlite3_bind_text64(handle_.get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8) !=
        SQLITE_OK) {
        throw database_.error("bind a parameter");
    }
    return *this;
}

Statement& Statement::bind(int index, std::int64_t number) {
    if (sqlite3_bind_int64(handle_.get(), index, number) != SQLITE_OK) {
        throw database_.error("bind a parameter");
    }
    return *this;
}

bool Statement::step(std::string_view what) {
    const int code = sqlite3_step(handle_.get());
    if (code == SQLITE_ROW || code == SQLITE_DONE) {
        return code == SQLITE_ROW;
    }
    const auto error = database_.error(what);
    reset();
    throw Error(error);
}

void Statement::run(std::string_view what) {
    const Reading done(*this);
    while (step(what)) {
    }
}

void Statement::reset() noexcept {
    sqlite3_reset(handle_.get());
    sqlite3_clear_bindings(handle_.get());
}

std::string Statement::text(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column));
    return data == nullptr ? std::string{} : std::string(data, size);
}

std::int64_t Statement::number(int column) const {
    return sqlite3_column_int64(handle_.get(), column);
}

Transaction::Transaction(Database& database, std::string_view what)
    : database_(database), what_(what) {
    database_.execute("BEGIN IMMEDIATE", what_);
}

Transaction::~Transaction() {
    if (sqlite3_get_autocommit(database_.get()) == 0) {
        sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

void Transaction::commit() {
    database_.execute("COMMIT", what_);
}

}  // namespace terway::store
