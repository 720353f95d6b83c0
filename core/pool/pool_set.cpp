#include "pool/pool_set.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "terway/error.hpp"

namespace terway::pool {
namespace {

const char* noun(Source source) {
    switch (source) {
        case Source::Eni:
            return "secondary addresses of ENIs";
        case Source::ExclusiveEni:
            return "ENIs for one pod alone";
        case Source::PodCidr:
            break;
    }
    return "addresses of a pod CIDR";
}

template <class T>
void append(std::vector<T>& to, std::vector<T> more) {
    to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

PoolSet::PoolSet(std::map<Source, AddressPool*> pools, Source usual)
    : pools_(std::move(pools)), usual_(usual) {}

AddressPool& PoolSet::of(Source source) const {
    const auto found = pools_.find(source);
    if (found == pools_.end()) {
        throw Error(Status::Unsupported,
                    std::string("the profile gives this node no ") + noun(source));
    }
    return *found->second;
}

Lease PoolSet::lease(const Claimant& who, const std::stop_token& stop, Deadline deadline,
                     const Addresses& wanted) {
    return of(who.source).lease(who, stop, deadline, wanted);
}

void PoolSet::claim(const Claimant& who, const Addresses& addresses, const std::string& eni) {
    of(who.source).claim(who, addresses, eni);
}

void PoolSet::restore_cooling(const CoolingAddress& cooling) {
    for (const auto& [_, pool] : pools_) {
        pool->restore_cooling(cooling);
    }
}

void PoolSet::release(const Owner& owner) {
    for (const auto& [_, pool] : pools_) {
        pool->release(owner);
    }
}

void PoolSet::give_back(const Owner& owner) {
    for (const auto& [_, pool] : pools_) {
        pool->give_back(owner);
    }
}

WallTime PoolSet::cool_until(const std::string& sticky) const {
    return of(usual_).cool_until(sticky);
}

void PoolSet::hold(const Addresses& addresses) {
    for (const auto& [_, pool] : pools_) {
        pool->hold(addresses);
    }
}

void PoolSet::unhold(const Addresses& addresses) {
    for (const auto& [_, pool] : pools_) {
        pool->unhold(addresses);
    }
}

void PoolSet::tick() {
    for (const auto& [_, pool] : pools_) {
        pool->tick();
    }
}

PoolPicture PoolSet::picture() const {
    PoolPicture all;
    for (const auto& [_, pool] : pools_) {
        auto one = pool->picture();
        append(all.cidrs, std::move(one.cidrs));
        append(all.enis, std::move(one.enis));
        append(all.waiting, std::move(one.waiting));
        append(all.troubles, std::move(one.troubles));
        all.used_outside += one.used_outside;
        all.capacity += one.capacity;
        all.used += one.used;
        all.idle += one.idle;
        if (one.exclusive_enis) {
            all.exclusive_enis = one.exclusive_enis;
        }
    }
    return all;
}

std::string PoolSet::trouble() const {
    return of(usual_).trouble();
}

}  // namespace terway::pool
