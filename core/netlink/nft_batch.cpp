#include "netlink/nft_batch.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>

#include "netlink/nft_encode.hpp"

namespace terway::netlink::nft {
namespace {

// A message's attributes are counted in 16 bits, and an element has some 100 bytes at most.
constexpr std::size_t kMessage = 64UL * 1024;
constexpr std::size_t kElementsInMessage = 400;

struct KeyShape {
    std::uint32_t type;  // nft's numbers of types, for who lists the set
    std::uint32_t size;
};

KeyShape shape_of(Key key) {
    constexpr std::uint32_t kV4 = 7;
    constexpr std::uint32_t kV6 = 8;
    constexpr std::uint32_t kProtocol = 12;
    constexpr std::uint32_t kPort = 13;
    constexpr std::uint32_t kLinkName = 41;
    constexpr std::uint32_t kProtocolPort = kProtocol << 6U | kPort;
    switch (key) {
        case Key::LinkName:
            return {kLinkName, 16};
        case Key::V4:
            return {kV4, 4};
        case Key::V6:
            return {kV6, 16};
        case Key::NamedV4:
            return {kV4 << 12U | kProtocolPort, 12};
        case Key::NamedV6:
            return {kV6 << 12U | kProtocolPort, 24};
        case Key::ProtocolPort:
            return {kProtocolPort, 8};
        case Key::Protocol:
            return {kProtocol, 1};
        case Key::Port:
            return {kPort, 2};
    }
    return {0, 0};
}

void put_header(nlmsghdr* message, std::uint8_t family, std::uint16_t resource) {
    auto* const header =
        static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
    header->nfgen_family = family;
    header->version = NFNETLINK_V0;
    header->res_id = htons(resource);
}

std::vector<std::uint8_t> frame(std::uint16_t type) {
    std::vector<std::uint8_t> bytes(MNL_NLMSG_HDRLEN + MNL_ALIGN(sizeof(nfgenmsg)));
    auto* const message = mnl_nlmsg_put_header(bytes.data());
    message->nlmsg_type = type;
    message->nlmsg_flags = NLM_F_REQUEST;
    put_header(message, AF_UNSPEC, NFNL_SUBSYS_NFTABLES);
    return bytes;
}

void put_element(nlmsghdr* message, const Element& element) {
    auto* const item = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
    auto* const key = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);
    mnl_attr_put(message, NFTA_DATA_VALUE, element.key.size(), element.key.data());
    mnl_attr_nest_end(message, key);
    if (element.is_end) {
        mnl_attr_put_u32(message, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
    }
    if (element.verdict) {
        put_verdict(message, NFTA_SET_ELEM_DATA, *element.verdict);
    }
    mnl_attr_nest_end(message, item);
}

}  // namespace

template <class Body>
void Batch::message(int verb, int flags, Body&& body) {
    alignas(nlmsghdr) std::array<char, kMessage> buffer;  // NOLINT: filled by the size it says
    auto* const made = mnl_nlmsg_put_header(buffer.data());
    made->nlmsg_type = static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | verb);
    made->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    put_header(made, NFPROTO_INET, 0);
    body(made);
    const std::size_t size = MNL_ALIGN(made->nlmsg_len);
    bytes_.insert(bytes_.end(), buffer.data(), buffer.data() + size);
}

void Batch::add_table() {
    message(NFT_MSG_NEWTABLE, NLM_F_CREATE,
            [&](nlmsghdr* made) { mnl_attr_put_strz(made, NFTA_TABLE_NAME, table_.c_str()); });
}

void Batch::delete_table() {
    message(NFT_MSG_DELTABLE, 0,
            [&](nlmsghdr* made) { mnl_attr_put_strz(made, NFTA_TABLE_NAME, table_.c_str()); });
}

void Batch::add_chain(const std::string& name) {
    message(NFT_MSG_NEWCHAIN, NLM_F_CREATE, [&](nlmsghdr* made) {
        mnl_attr_put_strz(made, NFTA_CHAIN_TABLE, table_.c_str());
        mnl_attr_put_strz(made, NFTA_CHAIN_NAME, name.c_str());
    });
}

void Batch::add_base_chain(const std::string& name, const Hook& hook) {
    message(NFT_MSG_NEWCHAIN, NLM_F_CREATE, [&](nlmsghdr* made) {
        mnl_attr_put_strz(made, NFTA_CHAIN_TABLE, table_.c_str());
        mnl_attr_put_strz(made, NFTA_CHAIN_NAME, name.c_str());
        auto* const nest = mnl_attr_nest_start(made, NFTA_CHAIN_HOOK);
        mnl_attr_put_u32(made, NFTA_HOOK_HOOKNUM, htonl(hook.number));
        mnl_attr_put_u32(made, NFTA_HOOK_PRIORITY,
                         htonl(static_cast<std::uint32_t>(hook.priority)));
        mnl_attr_nest_end(made, nest);
        mnl_attr_put_u32(made, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
        mnl_attr_put_strz(made, NFTA_CHAIN_TYPE, "filter");
    });
}

void Batch::drop_by_default(const std::string& base_chain) {
    message(NFT_MSG_NEWCHAIN, NLM_F_CREATE, [&](nlmsghdr* made) {
        mnl_attr_put_strz(made, NFTA_CHAIN_TABLE, table_.c_str());
        mnl_attr_put_strz(made, NFTA_CHAIN_NAME, base_chain.c_str());
        mnl_attr_put_u32(made, NFTA_CHAIN_POLICY, htonl(NF_DROP));
    });
}

void Batch::delete_chain(const std::string& name) {
    message(NFT_MSG_DELCHAIN, 0, [&](nlmsghdr* made) {
        mnl_attr_put_strz(made, NFTA_CHAIN_TABLE, table_.c_str());
        mnl_attr_put_strz(made, NFTA_CHAIN_NAME, name.c_str());
    });
}

void Batch::add_rule(const std::string& chain, const Rule& rule) {
    message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, [&](nlmsghdr* made) {
        mnl_attr_put_strz(made, NFTA_RULE_TABLE, table_.c_str());
        mnl_attr_put_strz(made, NFTA_RULE_CHAIN, chain.c_str());
        put_expressions(made, rule);
    });
}

void Batch::flush_chain(const std::string& name) {
    message(NFT_MSG_DELRULE, 0, [&](nlmsghdr* made) {
        mnl_attr_put_strz(made, NFTA_RULE_TABLE, table_.c_str());
        mnl_attr_put_strz(made, NFTA_RULE_CHAIN, name.c_str());
    });
}

void Batch::add_set(const Set& set) {
    constexpr std::uint32_t kVerdict = 0xffffff00;
    message(NFT_MSG_NEWSET, NLM_F_CREATE, [&](nlmsghdr* made) {
        const auto shape = shape_of(set.key);
        std::uint32_t flags = 0;
        flags |= set.is_interval ? std::uint32_t{NFT_SET_INTERVAL} : 0U;
        flags |= set.is_map ? std::uint32_t{NFT_SET_MAP} : 0U;
        mnl_attr_put_strz(made, NFTA_SET_TABLE, table_.c_str());
        mnl_attr_put_strz(made, NFTA_SET_NAME, set.name.c_str());
        mnl_attr_put_u32(made, NFTA_SET_FLAGS, htonl(flags));
        mnl_attr_put_u32(made, NFTA_SET_KEY_TYPE, htonl(shape.type));
        mnl_attr_put_u32(made, NFTA_SET_KEY_LEN, htonl(shape.size));
        if (set.is_map) {
            mnl_attr_put_u32(made, NFTA_SET_DATA_TYPE, htonl(kVerdict));
            mnl_attr_put_u32(made, NFTA_SET_DATA_LEN, 0);
        }
        mnl_attr_put_u32(made, NFTA_SET_ID, htonl(++next_set_));
    });
}

void Batch::delete_set(const std::string& name) {
    message(NFT_MSG_DELSET, 0, [&](nlmsghdr* made) {
        mnl_attr_put_strz(made, NFTA_SET_TABLE, table_.c_str());
        mnl_attr_put_strz(made, NFTA_SET_NAME, name.c_str());
    });
}

void Batch::elements(int verb, int flags, const std::string& set,
                     std::span<const Element> elements) {
    while (!elements.empty()) {
        const auto some = elements.first(std::min(elements.size(), kElementsInMessage));
        elements = elements.subspan(some.size());
        message(verb, flags, [&](nlmsghdr* made) {
            mnl_attr_put_strz(made, NFTA_SET_ELEM_LIST_TABLE, table_.c_str());
            mnl_attr_put_strz(made, NFTA_SET_ELEM_LIST_SET, set.c_str());
            auto* const list = mnl_attr_nest_start(made, NFTA_SET_ELEM_LIST_ELEMENTS);
            for (const auto& element : some) {
                put_element(made, element);
            }
            mnl_attr_nest_end(made, list);
        });
    }
}

void Batch::add_elements(const std::string& set, std::span<const Element> elements) {
    this->elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, elements);
}

void Batch::delete_elements(const std::string& set, std::span<const Element> elements) {
    this->elements(NFT_MSG_DELSETELEM, 0, set, elements);
}

void Batch::flush_set(const std::string& name) {
    message(NFT_MSG_DELSETELEM, 0, [&](nlmsghdr* made) {
        mnl_attr_put_strz(made, NFTA_SET_ELEM_LIST_TABLE, table_.c_str());
        mnl_attr_put_strz(made, NFTA_SET_ELEM_LIST_SET, name.c_str());
    });
}

void Batch::add_counter(const std::string& name) {
    message(NFT_MSG_NEWOBJ, NLM_F_CREATE, [&](nlmsghdr* made) {
        mnl_attr_put_strz(made, NFTA_OBJ_TABLE, table_.c_str());
        mnl_attr_put_strz(made, NFTA_OBJ_NAME, name.c_str());
        mnl_attr_put_u32(made, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
        mnl_attr_nest_end(made, mnl_attr_nest_start(made, NFTA_OBJ_DATA));
    });
}

void Batch::delete_counter(const std::string& name) {
    message(NFT_MSG_DELOBJ, 0, [&](nlmsghdr* made) {
        mnl_attr_put_strz(made, NFTA_OBJ_TABLE, table_.c_str());
        mnl_attr_put_strz(made, NFTA_OBJ_NAME, name.c_str());
        mnl_attr_put_u32(made, NFTA_OBJ_TYPE, htonl(NFT_OBJECT_COUNTER));
    });
}

void Batch::commit(Socket& socket, const std::string& what) {
    if (bytes_.empty()) {
        return;
    }
    auto whole = frame(NFNL_MSG_BATCH_BEGIN);
    whole.insert(whole.end(), bytes_.begin(), bytes_.end());
    const auto end = frame(NFNL_MSG_BATCH_END);
    whole.insert(whole.end(), end.begin(), end.end());
    socket.batch(whole, what);
    bytes_.clear();
    next_set_ = 0;
}

}  // namespace terway::netlink::nft
