// terway/types.hpp -- comfortable views of the C structs. No copies, no allocation.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "terway/abi.h"

namespace terway::sdk {

[[nodiscard]] inline std::string_view view(twy_str text) noexcept {
    return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

[[nodiscard]] inline twy_str str(std::string_view text) noexcept {
    return {text.data(), text.size()};
}

// Fills a struct that crosses the contract: zeroed, with its size set.
template <class T>
[[nodiscard]] T sized() noexcept {
    T value{};
    value.size = sizeof(T);
    return value;
}

// Copies what both sides know of a struct and keeps the receiver's size.
template <class T>
void give(T& receiver, const T& made) noexcept {
    const auto size = receiver.size;
    std::memcpy(static_cast<void*>(&receiver), &made, size < made.size ? size : made.size);
    receiver.size = size;
}

// One endpoint as a module sees it; borrows the C struct.
class EndpointView {
public:
    explicit EndpointView(const twy_endpoint& raw) noexcept : raw_(raw) {}

    [[nodiscard]] const twy_endpoint& raw() const noexcept { return raw_; }
    // -1 when the sandbox is gone or out of reach.
    [[nodiscard]] int netns_fd() const noexcept { return raw_.netns_fd; }
    [[nodiscard]] std::string_view container_id() const noexcept { return view(raw_.container_id); }
    [[nodiscard]] std::string_view ifname() const noexcept { return view(raw_.ifname); }
    [[nodiscard]] std::string_view host_ifname() const noexcept { return view(raw_.host_ifname); }
    [[nodiscard]] std::string_view pod_namespace() const noexcept {
        return view(raw_.pod_namespace);
    }
    [[nodiscard]] std::string_view pod_name() const noexcept { return view(raw_.pod_name); }
    [[nodiscard]] std::string_view pod_uid() const noexcept { return view(raw_.pod_uid); }
    [[nodiscard]] std::span<const twy_prefix> addresses() const noexcept {
        return {raw_.addresses, raw_.address_count};
    }
    [[nodiscard]] std::span<const twy_prefix> gateways() const noexcept {
        return {raw_.gateways, raw_.gateway_count};
    }
    // 0 in VPC route mode.
    [[nodiscard]] std::uint32_t eni_ifindex() const noexcept { return raw_.eni_ifindex; }
    // Zeros in VPC route mode.
    [[nodiscard]] std::span<const std::uint8_t, 6> eni_mac() const noexcept {
        return std::span<const std::uint8_t, 6>(raw_.eni_mac);
    }
    [[nodiscard]] std::string_view eni_id() const noexcept { return view(raw_.eni_id); }
    // Of the ENI's vSwitch.
    [[nodiscard]] std::span<const twy_prefix> subnets() const noexcept {
        return {raw_.subnets, raw_.subnet_count};
    }
    [[nodiscard]] std::uint32_t mtu() const noexcept { return raw_.mtu; }
    [[nodiscard]] std::uint64_t ingress_bps() const noexcept { return raw_.ingress_bps; }
    [[nodiscard]] std::uint64_t egress_bps() const noexcept { return raw_.egress_bps; }
    // Bits; 0: the module's own choice.
    [[nodiscard]] std::uint64_t ingress_burst() const noexcept { return raw_.ingress_burst; }
    [[nodiscard]] std::uint64_t egress_burst() const noexcept { return raw_.egress_burst; }
    // TWY_PRIORITY_...
    [[nodiscard]] std::uint32_t priority() const noexcept { return raw_.priority; }
    // What the module last gave to Call::put_state for this endpoint.
    [[nodiscard]] std::string_view state() const noexcept { return view(raw_.state); }

private:
    const twy_endpoint& raw_;
};

// One ENI as a module sees it; borrows the C struct.
class EniView {
public:
    explicit EniView(const twy_eni& raw) noexcept : raw_(raw) {}

    [[nodiscard]] const twy_eni& raw() const noexcept { return raw_; }
    // 0 once the NIC has vanished from the node.
    [[nodiscard]] std::uint32_t ifindex() const noexcept { return raw_.ifindex; }
    [[nodiscard]] std::span<const std::uint8_t, 6> mac() const noexcept {
        return std::span<const std::uint8_t, 6>(raw_.mac);
    }
    [[nodiscard]] std::string_view id() const noexcept { return view(raw_.id); }
    [[nodiscard]] std::span<const twy_prefix> subnets() const noexcept {
        return {raw_.subnets, raw_.subnet_count};
    }
    [[nodiscard]] std::span<const twy_prefix> gateways() const noexcept {
        return {raw_.gateways, raw_.gateway_count};
    }
    // Of endpoints of other dataplanes; the host routes to them.
    [[nodiscard]] std::span<const twy_prefix> others() const noexcept {
        return {raw_.others, raw_.other_count};
    }

private:
    const twy_eni& raw_;
};

// The operation in progress.
class Call {
public:
    Call(const twy_host& host, twy_call* raw) noexcept : host_(host), raw_(raw) {}

    // Durable bytes for this endpoint; handed back in EndpointView::state. 64 KiB at most.
    void put_state(std::string_view bytes) const {
        host_.put_state(raw_, bytes.data(), bytes.size());
    }
    [[nodiscard]] std::int64_t deadline_ms() const { return host_.deadline_ms(raw_); }
    // See twy_host.retire_link.
    void retire_link(std::uint32_t ifindex) const { host_.retire_link(raw_, ifindex); }
    // See twy_host.await_retired.
    [[nodiscard]] bool await_retired() const { return host_.await_retired(raw_) != 0; }

private:
    const twy_host& host_;
    twy_call* raw_;
};

// The daemon's log.
class Log {
public:
    explicit Log(const twy_host& host) noexcept : host_(&host) {}

    void debug(std::string_view line) const { host_->log(host_, TWY_LOG_DEBUG, str(line)); }
    void info(std::string_view line) const { host_->log(host_, TWY_LOG_INFO, str(line)); }
    void warning(std::string_view line) const { host_->log(host_, TWY_LOG_WARNING, str(line)); }
    void error(std::string_view line) const { host_->log(host_, TWY_LOG_ERROR, str(line)); }

private:
    const twy_host* host_;
};

}  // namespace terway::sdk
