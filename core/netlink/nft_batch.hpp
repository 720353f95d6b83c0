// Changes of one nftables table, family inet, as one transaction: all or nothing, one system call.
// Library terway_nft.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "netlink/nft_rule.hpp"
#include "netlink/socket.hpp"

namespace terway::netlink::nft {

struct Hook {
    std::uint32_t number = 0;  // NF_INET_FORWARD, ...
    std::int32_t priority = 0;
};

class Batch {
public:
    explicit Batch(std::string table) : table_(std::move(table)) {}

    // What is there already stays as it is.
    void add_table();
    void add_chain(const std::string& name);
    // Accepts what falls out of it until set_policy says otherwise.
    void add_base_chain(const std::string& name, const Hook& hook);
    void drop_by_default(const std::string& base_chain);
    void add_rule(const std::string& chain, const Rule& rule);
    void add_set(const Set& set);
    // An element that is there already is no error, unless it is one of a map and says otherwise.
    void add_elements(const std::string& set, std::span<const Element> elements);
    void add_counter(const std::string& name);

    // What is not there is an error: ENOENT.
    void delete_table();
    void delete_chain(const std::string& name);  // with its rules
    void delete_set(const std::string& name);    // with its elements
    void delete_counter(const std::string& name);
    void delete_elements(const std::string& set, std::span<const Element> elements);
    void flush_chain(const std::string& name);
    void flush_set(const std::string& name);

    // Bytes; begins with 0.
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
    // Empty again on success. `socket` is a NETLINK_NETFILTER one; the change is made in its
    // namespace. Throws Error of the first refusal.
    void commit(Socket& socket, const std::string& what);

private:
    template <class Body>
    void message(int verb, int flags, Body&& body);
    void elements(int verb, int flags, const std::string& set, std::span<const Element> elements);

    std::string table_;
    std::vector<std::uint8_t> bytes_;
    std::uint32_t next_set_ = 0;
};

}  // namespace terway::netlink::nft
