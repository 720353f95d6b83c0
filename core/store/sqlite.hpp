// SQLite's C objects as owners that throw. Not for use by several threads at a time.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "terway/error.hpp"

namespace terway::store {

// One connection. Every failure is an Error "<path>: cannot <what>: <SQLite's reason>": Retry where
// it may pass (disk full, busy, out of memory), Internal otherwise.
class Database {
public:
    // Opens or creates the file.
    explicit Database(std::string path);

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] sqlite3* get() const noexcept { return handle_.get(); }
    // The last failure.
    [[nodiscard]] Error error(std::string_view what) const;
    // Runs statements that answer nothing of interest.
    void execute(const char* sql, std::string_view what);

private:
    struct Close {
        void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
    };

    std::string path_;
    std::unique_ptr<sqlite3, Close> handle_;
};

// One prepared statement. Parameters are numbered from 1, columns from 0. Bound text is borrowed
// until the statement is reset; reset() belongs at the end of each use, run() does it itself.
class Statement {
public:
    Statement(const Database& database, std::string_view sql);

    Statement& bind(int index, std::string_view text);
    Statement& bind(int index, std::int64_t number);
    // True when there is a row.
    [[nodiscard]] bool step(std::string_view what);
    void run(std::string_view what);
    void reset() noexcept;

    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t number(int column) const;

private:
    struct Finalize {
        void operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }
    };

    const Database& database_;
    std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// Resets a statement that is read row by row.
class Reading {
public:
    explicit Reading(Statement& statement) : statement_(statement) {}
    ~Reading() { statement_.reset(); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

private:
    Statement& statement_;
};

// Takes the write lock; undone unless committed.
class Transaction {
public:
    Transaction(Database& database, std::string_view what);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    Database& database_;
    std::string_view what_;
};

}  // namespace terway::store
