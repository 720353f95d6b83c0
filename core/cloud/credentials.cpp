#include "cloud/credentials.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "cloud/signature.hpp"

namespace terway::cloud {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kEarly = 10min;
constexpr std::chrono::milliseconds kRereadEvery = 1min;
constexpr std::chrono::milliseconds kTryAgainAfter = 30s;

void replace_all(std::string& text, const std::string& what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
        text.replace(at, what.size(), with);
        at += with.size();
    }
}

}  // namespace

std::string without_secrets(std::string text, const Credentials& credentials) {
    for (auto secret : {credentials.access_key_secret, credentials.security_token}) {
        for (int encoded = 0; encoded < 3 && !secret.empty(); ++encoded) {
            replace_all(text, secret, "***");
            secret = percent_encode(secret);
        }
    }
    return text;
}

CredentialProvider::CredentialProvider(CredentialSource source, Effects effects)
    : source_(std::move(source)), effects_(std::move(effects)) {}

bool CredentialProvider::valid(WallTime now) const {
    return current_ && (!current_->expires || now < *current_->expires);
}

Credentials CredentialProvider::get(const Patience& patience) {
    {
        const MutexLock lock(mutex_);
        while (true) {
            const auto now = effects_.wall();
            if (valid(now) && (now < renew_at_ || asking_)) {
                return *current_;
            }
            if (!asking_) {
                asking_ = true;
                break;
            }
            const auto seen = asked_;
            if (!news_.wait(mutex_, patience.stop, patience.deadline,
                            [this, seen]() TERWAY_REQUIRES(mutex_) { return asked_ != seen; })) {
                throw Error(Status::Retry, "waiting for credentials took too long");
            }
            if (failure_ && !valid(effects_.wall())) {
                throw Error(*failure_);
            }
        }
    }
    return fetch(patience);
}

Credentials CredentialProvider::fetch(const Patience& patience) {
    std::optional<Credentials> fresh;
    std::optional<Error> failure;
    try {
        fresh = source_(patience);
        if (fresh->expires && *fresh->expires <= effects_.wall()) {
            failure = Error(Status::Retry, "credentials that are already expired were offered");
        }
    } catch (const Error& error) {
        failure = error;
    } catch (const std::exception& error) {
        failure = Error(Status::Internal, error.what());
    }
    const auto now = effects_.wall();
    bool goes_on = false;
    {
        const MutexLock lock(mutex_);
        asking_ = false;
        ++asked_;
        failure_ = failure;
        news_.notify_all();
        if (!failure) {
            keep(*fresh, now);
            return *fresh;
        }
        goes_on = valid(now);
        if (goes_on) {
            renew_at_ = now + kTryAgainAfter;
            fresh = current_;
        }
    }
    if (!goes_on) {
        throw Error(*failure);
    }
    log::warning("credentials not renewed", {{"error", failure->what()}});
    return *fresh;
}

void CredentialProvider::keep(const Credentials& fresh, WallTime now) {
    current_ = fresh;
    renew_at_ = now + kRereadEvery;
    if (fresh.expires) {
        const auto life = *fresh.expires - now;
        renew_at_ = *fresh.expires - std::min<std::chrono::milliseconds>(kEarly, life / 5);
    }
}

void CredentialProvider::refuse(const Credentials& refused) {
    const MutexLock lock(mutex_);
    if (current_ == refused) {
        current_.reset();
    }
}

}  // namespace terway::cloud
