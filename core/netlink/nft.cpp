#include "netlink/nft.hpp"

#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "netlink/nfnetlink.hpp"
#include "terway/error.hpp"

namespace terway::netlink {
namespace {

void put_element(Message& message, const std::string& table, const std::string& set,
                 const NftKey& key) {
    message.text(NFTA_SET_ELEM_LIST_TABLE, table);
    message.text(NFTA_SET_ELEM_LIST_SET, set);
    message.nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&] {
        message.nest(NFTA_LIST_ELEM, [&] {
            message.nest(NFTA_SET_ELEM_KEY, [&] { message.put(NFTA_DATA_VALUE, key.bytes()); });
        });
    });
}

}  // namespace

NftKey& NftKey::part(std::span<const std::uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    bytes_.resize((bytes_.size() + 3) / 4 * 4);
    return *this;
}

NftKey& NftKey::ifname(const std::string& name) {
    std::array<std::uint8_t, 16> padded{};
    std::copy_n(name.begin(), std::min<std::size_t>(name.size(), 15), padded.begin());
    return part(padded);
}

void NftBatch::element(int verb, int flags, std::uint8_t family, const std::string& table,
                       const std::string& set, const NftKey& key) {
    auto message = nfnetlink_message(nft_type(verb), family, NLM_F_ACK | flags);
    put_element(message, table, set, key);
    messages_.push_back(std::move(message));
}

void NftBatch::add_element(std::uint8_t family, const std::string& table, const std::string& set,
                           const NftKey& key) {
    element(NFT_MSG_NEWSETELEM, NLM_F_CREATE, family, table, set, key);
}

void NftBatch::delete_element(std::uint8_t family, const std::string& table, const std::string& set,
                              const NftKey& key) {
    element(NFT_MSG_DELSETELEM, 0, family, table, set, key);
}

void NftBatch::commit(Socket& socket, const std::string& what) {
    if (messages_.empty()) {
        return;
    }
    auto begin = nfnetlink_message(NFNL_MSG_BATCH_BEGIN, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);
    auto end = nfnetlink_message(NFNL_MSG_BATCH_END, AF_UNSPEC, 0, NFNL_SUBSYS_NFTABLES);
    messages_.insert(messages_.begin(), std::move(begin));
    messages_.push_back(std::move(end));
    socket.batch(messages_, what);
    messages_.clear();
}

bool nft_has_element(Socket& socket, std::uint8_t family, const std::string& table,
                     const std::string& set, const NftKey& key) {
    auto message = nfnetlink_message(nft_type(NFT_MSG_GETSETELEM), family);
    put_element(message, table, set, key);
    return socket.get(message, "look into nft set " + table + " " + set, [](const nlmsghdr&) {});
}

}  // namespace terway::netlink
