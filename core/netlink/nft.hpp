// nftables set elements over raw netlink: the hot path. Tables, chains and rules are made once, by
// libnftables, from a text a person can read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "netlink/socket.hpp"

namespace terway::netlink {

// Key of an element of a concatenated set: each part padded to four bytes, as the kernel wants it.
class NftKey {
public:
    NftKey& part(std::span<const std::uint8_t> bytes);
    NftKey& ifname(const std::string& name);  // 16 bytes, NUL padded
    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }

private:
    std::vector<std::uint8_t> bytes_;
};

// One transaction: all or nothing.
class NftBatch {
public:
    // `family` is NFPROTO_INET, NFPROTO_ARP, ...
    void add_element(std::uint8_t family, const std::string& table, const std::string& set,
                     const NftKey& key);
    void delete_element(std::uint8_t family, const std::string& table, const std::string& set,
                        const NftKey& key);
    // `socket` is a NETLINK_NETFILTER one. Throws Error of the first refusal; errno ENOENT means
    // that a table, a set or an element to delete is missing.
    void commit(Socket& socket, const std::string& what);

private:
    void element(int verb, int flags, std::uint8_t family, const std::string& table,
                 const std::string& set, const NftKey& key);
    std::vector<Message> messages_;
};

// True if the set holds the key. Throws Error if the set is missing.
[[nodiscard]] bool nft_has_element(Socket& socket, std::uint8_t family, const std::string& table,
                                   const std::string& set, const NftKey& key);

}  // namespace terway::netlink
