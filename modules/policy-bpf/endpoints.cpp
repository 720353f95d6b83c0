#include "endpoints.hpp"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/digest.hpp"
#include "netlink/link.hpp"
#include "terway/error.hpp"

namespace terway::policy_bpf {
namespace {

policy::EndpointKey key_of(const sdk::EndpointView& endpoint) {
    return {std::string(endpoint.container_id()), std::string(endpoint.ifname())};
}

std::uint64_t digits(std::string_view hex) {
    constexpr int kBase = 16;
    std::uint64_t value = 0;
    (void)std::from_chars(hex.data(), hex.data() + hex.size(), value, kBase);
    return value;
}

}  // namespace

Endpoints::Digest Endpoints::digest_of(const policy::EndpointKey& key) {
    constexpr std::size_t kHalf = 16;
    const auto hex = sha256_hex(key.container_id + '\n' + key.ifname);
    return {digits(std::string_view(hex).substr(0, kHalf)),
            digits(std::string_view(hex).substr(kHalf, kHalf))};
}

Endpoints::Endpoints(const Options& options, const std::vector<IpAddress>& node)
    : state_(std::make_shared<State>(options)), store_(*state_), services_(*state_) {
    move_node(node);
    for (std::uint32_t index = 1; index < POLICY_ENDPOINTS; ++index) {
        const auto& element = state_->endpoint(index);
        if ((element.flags & POLICY_IN_USE) != 0) {
            Digest digest;
            std::memcpy(&digest, element.key, sizeof digest);
            indices_[digest] = index;
        }
    }
}

void Endpoints::move_node(const std::vector<IpAddress>& node) {
    auto& settings = state_->settings();
    for (const auto& address : node) {
        (address.is_v4() ? settings.node_v4 : settings.node_v6) = address_of(address);
    }
}

Endpoints::Endpoint& Endpoints::known(const sdk::EndpointView& endpoint) {
    const auto found = all_.find(key_of(endpoint));
    if (found == all_.end()) {
        throw Error(Status::Gone,
                    "no policy is in force for " + std::string(endpoint.host_ifname()));
    }
    return found->second;
}

std::optional<std::uint32_t> Endpoints::find(const policy::EndpointKey& key) const {
    const auto found = indices_.find(digest_of(key));
    return found == indices_.end() ? std::nullopt : std::optional(found->second);
}

// Round and round, so that an index means nobody else for long after its endpoint is gone.
std::uint32_t Endpoints::occupy(const policy::EndpointKey& key) {
    auto& next = state_->settings().next_index;
    for (std::uint32_t tried = 0; tried < POLICY_ENDPOINTS; ++tried) {
        const auto index = std::max(1U, next % POLICY_ENDPOINTS);
        next = index + 1;
        auto& element = state_->endpoint(index);
        if ((element.flags & POLICY_IN_USE) == 0) {
            const auto digest = digest_of(key);
            element = policy_endpoint{};
            element.serial = state_->take_id();
            std::memcpy(element.key, &digest, sizeof element.key);
            state_->clear_counter(index);
            store(element.flags, POLICY_IN_USE);
            indices_[digest] = index;
            return index;
        }
    }
    throw Error(Status::Retry, "there are " + std::to_string(POLICY_ENDPOINTS - 1) +
                                   " endpoints already; remedy: fewer pods on the node");
}

void Endpoints::describe(std::uint32_t index, const sdk::EndpointView& endpoint,
                         const twy_attachment& made) const {
    auto& element = state_->endpoint(index);
    for (const auto& prefix : endpoint.addresses()) {
        const auto address = Prefix::from_abi(prefix).address();
        (address.is_v4() ? element.v4 : element.v6) = address_of(address);
    }
    std::uint32_t flags = POLICY_IN_USE;
    if (made.side_ifindex != 0) {
        flags |= POLICY_HAS_SIDE;
    }
    store(element.flags, flags);
}

std::vector<Endpoints::Hooking> Endpoints::hooks_of(const sdk::EndpointView& endpoint,
                                                    const twy_attachment& made,
                                                    std::uint32_t index) {
    std::vector<Hooking> hooks;
    if (made.host_ifindex != 0 || made.side_ifindex != 0) {
        hooks.push_back(
            {{made.host_ifindex, false, index}, false, std::string(endpoint.host_ifname()), Fd()});
    }
    if (made.host_ifindex == 0 && endpoint.netns_fd() >= 0) {
        Fd netns(::fcntl(endpoint.netns_fd(), F_DUPFD_CLOEXEC, 0));
        if (!netns) {
            throw system_error("keep the sandbox", errno);
        }
        hooks.push_back({{made.pod_ifindex, true, index}, false, "", std::move(netns)});
    }
    for (auto& hook : hooks) {
        if (!hook.place.is_inside && hook.place.ifindex == 0) {
            netlink::Socket socket;
            const auto link = netlink::find_link(socket, hook.name);
            if (!link) {
                throw Error(Status::Gone, "there is no link " + hook.name);
            }
            hook.place.ifindex = link->index;
        }
    }
    return hooks;
}

void Endpoints::introduce(const Endpoint& endpoint, const sdk::EndpointView& view) const {
    const bool is_slave = !endpoint.hooks.empty() && endpoint.hooks.front().place.is_inside;
    const auto mac = view.eni_mac();
    if (!is_slave) {
        return;
    }
    policy_neighbour neighbour{};
    std::copy(mac.begin(), mac.end(), neighbour.mac);
    for (const auto& prefix : view.addresses()) {
        state_->neighbours().put(address_of(Prefix::from_abi(prefix).address()), neighbour);
    }
}

void Endpoints::forget(std::uint32_t index) const {
    auto& element = state_->endpoint(index);
    store(element.flags, 0);
    store(element.rules, POLICY_CLOSED);
    (void)state_->neighbours().remove(element.v4);
    (void)state_->neighbours().remove(element.v6);
}

netlink::Socket Endpoints::socket_of(const Hooking& hook) const {
    return hook.place.is_inside ? netlink::Socket::in(hook.netns.get()) : netlink::Socket();
}

void Endpoints::attach(const sdk::EndpointView& endpoint, const twy_attachment& made) {
    if (made.host_ifindex == 0 && endpoint.netns_fd() < 0) {
        throw Error(Status::Gone, "the sandbox is gone");
    }
    const auto key = key_of(endpoint);
    const auto there = find(key);
    Endpoint now;
    now.index = there ? *there : occupy(key);
    describe(now.index, endpoint, made);
    now.hooks = hooks_of(endpoint, made, now.index);
    auto& kept = all_[key] = std::move(now);
    introduce(kept, endpoint);
    for (const auto& hook : kept.hooks) {
        auto socket = socket_of(hook);
        put(socket, hook.place, *state_);
    }
}

void Endpoints::adopt(const sdk::EndpointView& endpoint, const twy_attachment& made) {
    const auto key = key_of(endpoint);
    const auto there = find(key);
    Endpoint now;
    now.index = there ? *there : occupy(key);
    if (!there) {
        store(state_->endpoint(now.index).learns_until, UINT64_MAX);
    }
    describe(now.index, endpoint, made);
    now.hooks = hooks_of(endpoint, made, now.index);
    auto& kept = all_[key] = std::move(now);
    introduce(kept, endpoint);
    for (auto& hook : kept.hooks) {
        auto socket = socket_of(hook);
        switch (look(socket, hook.place, *state_)) {
            case Hooked::Yes:
            case Hooked::Late:  // CHECK tells
                break;
            case Hooked::Foreign:
                hook.is_foreign = true;
                break;
            case Hooked::Older:
            case Hooked::No:
                put(socket, hook.place, *state_);
                break;
        }
    }
}

void Endpoints::detach(const sdk::EndpointView& endpoint) {
    const auto key = key_of(endpoint);
    const auto found = all_.find(key);
    if (const auto link = [&] {
            netlink::Socket socket;
            return netlink::find_link(socket, std::string(endpoint.host_ifname()));
        }()) {
        netlink::Socket socket;
        take(socket, link->index);
    }
    if (found != all_.end()) {
        for (const auto& hook : found->second.hooks) {
            if (hook.place.is_inside) {
                auto socket = socket_of(hook);
                take(socket, hook.place.ifindex);
            }
        }
    }
    if (found == all_.end() && endpoint.netns_fd() >= 0) {
        auto socket = netlink::Socket::in(endpoint.netns_fd());
        for (const auto& link : netlink::links(socket)) {
            take(socket, link.index);
        }
    }
    if (const auto index = find(key)) {
        forget(*index);
        indices_.erase(digest_of(key));
    }
    if (found != all_.end()) {
        all_.erase(found);
    }
}

std::array<std::uint32_t, 2> Endpoints::rules_of(std::uint32_t index) const {
    const auto both = state_->endpoint(index).rules;
    return {static_cast<std::uint32_t>(both >> 32U), static_cast<std::uint32_t>(both)};
}

void Endpoints::check(const sdk::EndpointView& endpoint) {
    auto& of = known(endpoint);
    const auto& element = state_->endpoint(of.index);
    if ((element.flags & POLICY_IN_USE) == 0) {
        throw Error(Status::Internal, "its element of the BPF map endpoints was cleared");
    }
    for (const auto rules : rules_of(of.index)) {
        if (rules >= POLICY_FIRST_ID && !state_->rules().find(rules)) {
            throw Error(Status::Internal, "its rules were deleted from the BPF map rules");
        }
    }
    for (const auto& hook : of.hooks) {
        auto socket = socket_of(hook);
        const std::string where = hook.place.is_inside ? "inside the pod" : "on " + hook.name;
        switch (look(socket, hook.place, *state_)) {
            case Hooked::Yes:
                break;
            case Hooked::Older:
                throw Error(Status::Internal,
                            "the policy program " + where + " is another version's");
            case Hooked::Foreign:
                if (!hook.is_foreign) {
                    throw Error(Status::Internal, "the policy program " + where +
                                                      " works on maps that are not pinned");
                }
                break;
            case Hooked::No:
                throw Error(Status::Internal, "the policy program " + where + " is missing");
            case Hooked::Late:
                throw Error(Status::Internal,
                            "a filter of somebody else stands before the policy program " + where +
                                " and may decide; remedy: a priority above " +
                                std::to_string(kPriority));
        }
    }
}

twy_policy_counters Endpoints::observe(const sdk::EndpointView& endpoint) {
    const auto sum = state_->counter(known(endpoint).index);
    auto counters = sdk::sized<twy_policy_counters>();
    counters.ingress.allowed = sum.allowed[POLICY_INGRESS];
    counters.ingress.denied = sum.denied[POLICY_INGRESS];
    counters.egress.allowed = sum.allowed[POLICY_EGRESS];
    counters.egress.denied = sum.denied[POLICY_EGRESS];
    return counters;
}

std::map<std::uint32_t, policy::EndpointKey> Endpoints::serials() const {
    std::map<std::uint32_t, policy::EndpointKey> out;
    for (const auto& [key, endpoint] : all_) {
        out[state_->endpoint(endpoint.index).serial] = key;
    }
    return out;
}

}  // namespace terway::policy_bpf
