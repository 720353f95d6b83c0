#include "store/store.hpp"

#include <utility>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "store/schema.hpp"
#include "store/sqlite.hpp"
#include "store/state_dir.hpp"

namespace terway::store {

using endpoint::EndpointKey;
using endpoint::EndpointRecord;

// I/O under the mutex is this monitor's purpose: a call takes some tens of microseconds.
class Store::Impl {
public:
    explicit Impl(const std::string& state_dir)
        : lock_(lock_state_dir(state_dir)), database_(open_database(state_dir + "/terway.db")) {}

    void put(const EndpointRecord& record) {
        const auto body = endpoint::to_json(record);
        const MutexLock lock(mutex_);
        put_.bind(1, record.key().container_id)
            .bind(2, record.key().ifname)
            .bind(3, name_of(record.state))
            .bind(4, record.spec.network)
            .bind(5, body)
            .run("store endpoint " + record.key().text());
    }

    void erase(const EndpointKey& key) {
        const MutexLock lock(mutex_);
        erase_locked(key);
    }

    void erase_and_cool(const EndpointKey& key, const std::vector<CoolingAddress>& addresses) {
        const auto what = "erase endpoint " + key.text();
        const MutexLock lock(mutex_);
        Transaction transaction(database_, what);
        erase_locked(key);
        for (const auto& [address, until, reserved_for] : addresses) {
            cool_.bind(1, address.text())
                .bind(2, until.time_since_epoch().count())
                .bind(3, reserved_for)
                .run(what);
        }
        transaction.commit();
    }

    std::vector<EndpointRecord> all() {
        const MutexLock lock(mutex_);
        const Reading reading(all_);
        std::vector<EndpointRecord> records;
        while (all_.step("read the endpoints")) {
            records.push_back(read(all_));
        }
        return records;
    }

    std::vector<CoolingAddress> cooling() {
        const MutexLock lock(mutex_);
        const Reading reading(cooling_);
        std::vector<CoolingAddress> out;
        while (cooling_.step("read the cooling addresses")) {
            const auto address = IpAddress::parse(cooling_.text(0));
            if (!address) {
                throw Error(Status::Invalid, database_.path() + ": cooling address \"" +
                                                 cooling_.text(0) + "\" is no address");
            }
            out.push_back({*address, WallTime(std::chrono::milliseconds(cooling_.number(1))),
                           cooling_.text(2)});
        }
        return out;
    }

    std::size_t forget_cooled(WallTime now) {
        const MutexLock lock(mutex_);
        forget_cooled_.bind(1, now.time_since_epoch().count()).run("forget cooled addresses");
        return static_cast<std::size_t>(sqlite3_changes(database_.get()));
    }

    void put_note(std::string_view kind, std::string_view name, std::string_view body) {
        const MutexLock lock(mutex_);
        put_note_.bind(1, kind).bind(2, name).bind(3, body).run("store " + std::string(kind) + " " +
                                                                std::string(name));
    }

    void erase_note(std::string_view kind, std::string_view name) {
        const MutexLock lock(mutex_);
        erase_note_.bind(1, kind).bind(2, name).run("erase " + std::string(kind) + " " +
                                                    std::string(name));
    }

    std::vector<Note> notes(std::string_view kind) {
        const MutexLock lock(mutex_);
        const Reading reading(notes_);
        std::vector<Note> out;
        notes_.bind(1, kind);
        while (notes_.step("read the notes of kind " + std::string(kind))) {
            out.push_back({notes_.text(0), notes_.text(1)});
        }
        return out;
    }

private:
    void erase_locked(const EndpointKey& key) TERWAY_REQUIRES(mutex_) {
        erase_.bind(1, key.container_id).bind(2, key.ifname).run("erase endpoint " + key.text());
    }

    [[nodiscard]] EndpointRecord read(const Statement& row) const TERWAY_REQUIRES(mutex_) {
        const EndpointKey key{row.text(0), row.text(1)};
        return endpoint::record_from_json(row.text(2),
                                          database_.path() + ": record of endpoint " + key.text());
    }

    const Fd lock_;
    Mutex mutex_;
    Database database_ TERWAY_GUARDED_BY(mutex_);
    Statement put_ TERWAY_GUARDED_BY(mutex_){
        database_,
        "INSERT INTO endpoint(container_id, ifname, state, network, body) VALUES(?, ?, ?, ?, ?)"
        " ON CONFLICT(container_id, ifname) DO UPDATE"
        " SET state = excluded.state, network = excluded.network, body = excluded.body"};
    Statement erase_ TERWAY_GUARDED_BY(mutex_){
        database_, "DELETE FROM endpoint WHERE container_id = ? AND ifname = ?"};
    Statement cool_ TERWAY_GUARDED_BY(mutex_){
        database_,
        "INSERT INTO cooling(address, until_ms, reserved_for) VALUES(?, ?, ?)"
        " ON CONFLICT(address) DO UPDATE"
        " SET until_ms = excluded.until_ms, reserved_for = excluded.reserved_for"};
    Statement all_ TERWAY_GUARDED_BY(mutex_){
        database_, "SELECT container_id, ifname, body FROM endpoint ORDER BY rowid"};
    Statement cooling_ TERWAY_GUARDED_BY(mutex_){
        database_,
        "SELECT address, until_ms, reserved_for FROM cooling ORDER BY until_ms, address"};
    Statement forget_cooled_ TERWAY_GUARDED_BY(mutex_){database_,
                                                       "DELETE FROM cooling WHERE until_ms <= ?"};
    Statement put_note_ TERWAY_GUARDED_BY(mutex_){
        database_,
        "INSERT INTO note(kind, name, body) VALUES(?, ?, ?)"
        " ON CONFLICT(kind, name) DO UPDATE SET body = excluded.body"};
    Statement erase_note_ TERWAY_GUARDED_BY(mutex_){database_,
                                                    "DELETE FROM note WHERE kind = ? AND name = ?"};
    Statement notes_ TERWAY_GUARDED_BY(mutex_){
        database_, "SELECT name, body FROM note WHERE kind = ? ORDER BY name"};
};

Store::Store(const std::string& state_dir) {
    ensure_state_dir(state_dir);
    impl_ = std::make_unique<Impl>(state_dir);
}

Store::~Store() = default;

void Store::put(const EndpointRecord& record) {
    impl_->put(record);
}

void Store::erase(const EndpointKey& key) {
    impl_->erase(key);
}

void Store::erase_and_cool(const EndpointKey& key, const std::vector<CoolingAddress>& addresses) {
    impl_->erase_and_cool(key, addresses);
}

std::vector<EndpointRecord> Store::all() {
    return impl_->all();
}

std::vector<CoolingAddress> Store::cooling() {
    return impl_->cooling();
}

std::size_t Store::forget_cooled(WallTime now) {
    return impl_->forget_cooled(now);
}

void Store::put_note(std::string_view kind, std::string_view name, std::string_view body) {
    impl_->put_note(kind, name, body);
}

void Store::erase_note(std::string_view kind, std::string_view name) {
    impl_->erase_note(kind, name);
}

std::vector<Note> Store::notes(std::string_view kind) {
    return impl_->notes(kind);
}

}  // namespace terway::store
