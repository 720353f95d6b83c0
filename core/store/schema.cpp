#include "store/schema.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/fd.hpp"

namespace terway::store {
namespace {

constexpr std::int64_t kApplicationId = 0x54525759;  // "TRWY"

// Migration n leads from user_version n to n + 1. A released one never changes.
constexpr std::array kMigrations = {
    "CREATE TABLE endpoint("
    "  container_id TEXT NOT NULL, ifname TEXT NOT NULL, state TEXT NOT NULL,"
    "  network TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY(container_id, ifname)) STRICT;"
    "CREATE TABLE cooling("
    "  address TEXT NOT NULL PRIMARY KEY, until_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE meta("
    "  name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;",
    "ALTER TABLE cooling ADD COLUMN reserved_for TEXT NOT NULL DEFAULT '';"
    "CREATE TABLE note("
    "  kind TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY(kind, name))"
    " STRICT, WITHOUT ROWID;"};

constexpr auto kSchemaVersion = static_cast<std::int64_t>(kMigrations.size());

// Little memory, no mapped file, and a WAL that an operator's shell can read beside us.
constexpr const char* kSettings =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -256;"
    "PRAGMA mmap_size = 0; PRAGMA journal_size_limit = 1048576; PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON";

constexpr std::string_view kMagic("SQLite format 3\0", 16);  // of every SQLite file

constexpr const char* kStartAnew =
    "move the file away to start anew; endpoints that are in it are then unknown, so drain the "
    "node first";

[[noreturn]] void refuse(const std::string& path, const std::string& reason,
                         const std::string& remedy, Status status = Status::Internal) {
    throw Error(status, path + ": " + reason + "; " + remedy);
}

[[noreturn]] void refuse_as_sqlite_does(const Database& database, std::string_view what) {
    const int code = sqlite3_errcode(database.get()) & 0xff;
    const auto error = database.error(what);
    if (code == SQLITE_NOTADB) {
        refuse(database.path(), "not a database", kStartAnew);
    }
    if (code == SQLITE_CORRUPT) {
        refuse(database.path(), std::string("damaged: ") + sqlite3_errmsg(database.get()),
               kStartAnew);
    }
    if (code == SQLITE_FULL || error.sys_errno() == ENOSPC || error.sys_errno() == EDQUOT) {
        throw Error(Status::Retry, std::string(error.what()) + "; free space on its file system",
                    error.sys_errno());
    }
    throw Error(error);
}

// Whatever SQLite says while the file is opened is told with a remedy.
void execute(Database& database, const char* sql, std::string_view what) {
    if (sqlite3_exec(database.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        refuse_as_sqlite_does(database, what);
    }
}

std::string answer(const Database& database, std::string_view sql, std::string_view what) {
    sqlite3_stmt* raw = nullptr;
    int code =
        sqlite3_prepare_v2(database.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(raw,
                                                                               sqlite3_finalize);
    code = code == SQLITE_OK ? sqlite3_step(raw) : code;
    if (code != SQLITE_ROW) {
        refuse_as_sqlite_does(database, what);
    }
    return reinterpret_cast<const char*>(sqlite3_column_text(raw, 0));
}

std::int64_t number(const Database& database, std::string_view sql) {
    return std::stoll(answer(database, sql, "read the header"));
}

void ensure_database_file(const std::string& path) {
    const Fd file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    const int sys_errno = errno;
    struct stat info {};
    if (lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
        refuse(path, "not a regular file", "move away what is in its place");
    }
    if (!file) {
        throw Error(sys_errno == ENOSPC || sys_errno == EDQUOT ? Status::Retry : Status::Internal,
                    path + ": cannot create the database: " + std::strerror(sys_errno) +
                        (sys_errno == ENOSPC ? "; free space or inodes on its file system" : ""),
                    sys_errno);
    }
    // SQLite would take a short file of any content for an empty one and overwrite it.
    std::array<char, kMagic.size()> start{};
    const auto size = read(file.get(), start.data(), start.size());
    if (size != 0 && std::string_view(start.data(), start.size()) != kMagic) {
        refuse(path, "not a database", kStartAnew);
    }
}

// True if the file is ours, false if it is new.
bool identify(const Database& database) {
    const auto application = number(database, "PRAGMA application_id");
    const auto version = number(database, "PRAGMA user_version");
    const auto objects = number(database, "SELECT count(*) FROM sqlite_schema");
    if (application == kApplicationId && version > kSchemaVersion) {
        refuse(database.path(),
               "written by a later terwayd (schema " + std::to_string(version) +
                   ", this one knows up to " + std::to_string(kSchemaVersion) + ")",
               "run that version again, or drain the node and move the file away",
               Status::Unsupported);
    }
    if (application == kApplicationId) {
        return true;
    }
    if (application != 0 || version != 0 || objects != 0) {
        refuse(database.path(), "a database of another program",
               "move the file away or choose another state directory");
    }
    return false;
}

void migrate(Database& database, std::int64_t version) {
    execute(database, "BEGIN IMMEDIATE", "begin to write the schema");
    std::string sql;
    for (auto next = version; next < kSchemaVersion; ++next) {
        sql += kMigrations[static_cast<std::size_t>(next)];
    }
    sql += "PRAGMA application_id = " + std::to_string(kApplicationId) + ";";
    sql += "PRAGMA user_version = " + std::to_string(kSchemaVersion) + ";";
    execute(database, sql.c_str(), "write the schema");
    execute(database, "COMMIT", "write the schema");
}

void check_integrity(const Database& database) {
    const auto verdict = answer(database, "PRAGMA quick_check(1)", "check the file");
    if (verdict != "ok") {
        refuse(database.path(), "damaged: " + verdict, kStartAnew);
    }
}

// A disk that is full shows now and not at the first request.
void prove_writable(Database& database) {
    execute(database,
            "INSERT INTO meta(name, value) VALUES('opened', datetime('now'))"
            " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
            "write to the database");
}

}  // namespace

Database open_database(const std::string& path) {
    ensure_database_file(path);
    Database database(path);
    const bool known = identify(database);
    if (known) {
        check_integrity(database);
    }
    execute(database, kSettings, "set up the database");
    const auto version = known ? number(database, "PRAGMA user_version") : 0;
    if (version < kSchemaVersion) {
        migrate(database, version);
    }
    prove_writable(database);
    return database;
}

}  // namespace terway::store
