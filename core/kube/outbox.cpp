#include "kube/outbox.hpp"

#include <algorithm>
#include <utility>

#include "base/back_off.hpp"
#include "base/log.hpp"
#include "terway/error.hpp"

namespace terway::kube {
namespace {

// Looks again that often even if nothing is due.
constexpr std::chrono::seconds kIdle{30};

bool is_final(const Error& error) {
    return error.status() == Status::Invalid || error.status() == Status::Gone ||
           error.status() == Status::Unsupported;
}

}  // namespace

Outbox::Outbox(Send send, Metrics& metrics, OutboxLimits limits)
    : send_(std::move(send)), metrics_(metrics), limits_(limits), book_(limits.events) {}

void Outbox::drop(std::string_view what) const noexcept {
    try {
        metrics_
            .counter("terway_kube_dropped_total", "What the API server was not told",
                     {{"what", std::string(what)}})
            .increment();
    } catch (const std::exception&) {
        // Out of memory: the count is the least of our troubles.
    }
}

void Outbox::tell(const Event& event) noexcept {
    try {
        const MutexLock lock(mutex_);
        const auto dropped = book_.dropped();
        book_.note(event, wall_now());
        if (book_.dropped() != dropped) {
            drop("event");
        }
        fresh_ = true;
        news_.notify_all();
    } catch (const std::exception&) {
        drop("event");
    }
}

void Outbox::later(const std::string& name, Work work) noexcept {
    try {
        const MutexLock lock(mutex_);
        if (work_.size() >= limits_.work && !work_.contains(name)) {
            drop("work");
            return;
        }
        work_.insert_or_assign(name, Piece{"work", std::move(work), 0, Clock::now()});
        fresh_ = true;
        news_.notify_all();
    } catch (const std::exception&) {
        drop("work");
    }
}

Deadline Outbox::next() const {
    auto deadline = after(kIdle);
    if (const auto due = book_.next_due()) {
        deadline = std::min(deadline,
                            after(std::chrono::duration_cast<Clock::duration>(*due - wall_now())));
    }
    for (const auto& [_, piece] : work_) {
        deadline = std::min(deadline, piece.due);
    }
    return deadline;
}

Outbox::Batch Outbox::take_due(const std::stop_token& stop) {
    const MutexLock lock(mutex_);
    (void)news_.wait(mutex_, stop, next(), [this]() TERWAY_REQUIRES(mutex_) { return fresh_; });
    fresh_ = false;
    Batch batch;
    batch.letters = book_.due(wall_now());
    for (auto piece = work_.begin(); piece != work_.end();) {
        if (piece->second.due <= Clock::now()) {
            batch.pieces.insert(work_.extract(piece++));
        } else {
            ++piece;
        }
    }
    return batch;
}

void Outbox::try_again(const std::string& name, Piece piece) {
    piece.due =
        after(back_off(piece.tries, random_fraction(), limits_.first_pause, limits_.longest_pause));
    ++piece.tries;
    const MutexLock lock(mutex_);
    if (work_.size() >= limits_.work && !work_.contains(name)) {
        drop(piece.kind);
        return;
    }
    work_.try_emplace(name, std::move(piece));  // newer work stays
}

void Outbox::carry_out(const std::string& name, Piece piece, const std::stop_token& stop) {
    try {
        piece.work({stop, after(limits_.exchange)});
    } catch (const Error& error) {
        if (is_final(error) || piece.tries + 1 >= limits_.tries) {
            drop(piece.kind);
            log::warning("the API server was not told", {{"what", name}, {"reason", error.what()}});
        } else {
            try_again(name, std::move(piece));
        }
    }
}

void Outbox::carry_out(Batch batch, const std::stop_token& stop) {
    for (const auto& letter : batch.letters) {
        const auto send = [this, letter](const Patience& patience) { send_(letter, patience); };
        carry_out("event " + letter.what.name, {"event", send, 0, {}}, stop);
    }
    for (auto& [name, piece] : batch.pieces) {
        carry_out(name, std::move(piece), stop);
    }
}

void Outbox::run(const std::stop_token& stop) noexcept {
    while (!stop.stop_requested()) {
        try {
            carry_out(take_due(stop), stop);
        } catch (const std::exception& error) {
            log::error("telling the API server failed in an unforeseen way",
                       {{"reason", error.what()}});
        }
    }
}

Outbox::Send sender(Client& client, Reporter who) {
    return
        [&client, who = std::move(who)](const EventBook::Letter& letter, const Patience& patience) {
            const auto& space = space_of(letter.what.event);
            if (letter.is_repeat) {
                try {
                    client.patch_event(space, letter.what.name, count_patch(letter.what), patience);
                    return;
                } catch (const ApiError& error) {
                    if (error.code() != 404) {
                        throw;
                    }
                }
            }
            client.create_event(space, to_json(letter.what, who), patience);
        };
}

}  // namespace terway::kube
