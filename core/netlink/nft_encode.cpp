#include "netlink/nft_encode.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>

#include <cerrno>
#include <memory>

#include "terway/error.hpp"

namespace terway::netlink::nft {
namespace {

constexpr std::uint32_t kRegister = NFT_REG32_00;

std::uint32_t number_of(Verdict::Kind kind) {
    switch (kind) {
        case Verdict::Kind::Accept:
            return NF_ACCEPT;
        case Verdict::Kind::Drop:
            return NF_DROP;
        case Verdict::Kind::Return:
            return static_cast<std::uint32_t>(NFT_RETURN);
        case Verdict::Kind::Jump:
            return static_cast<std::uint32_t>(NFT_JUMP);
        case Verdict::Kind::Goto:
            return static_cast<std::uint32_t>(NFT_GOTO);
    }
    return NF_DROP;
}

class Encoder {
public:
    explicit Encoder(nftnl_rule* rule) : rule_(rule) {}

    void operator()(const LinkIs& is) const {
        meta(is.way == Way::In ? NFT_META_IIFNAME : NFT_META_OIFNAME);
        auto bytes = link_key(is.name);
        if (is.is_prefix) {
            bytes.resize(is.name.size());
        }
        compare(is.is_negated ? NFT_CMP_NEQ : NFT_CMP_EQ, bytes);
    }
    void operator()(const LinkIndexIs& is) const {
        meta(is.way == Way::In ? NFT_META_IIF : NFT_META_OIF);
        compare(NFT_CMP_EQ, host_bytes(is.index));
    }
    void operator()(const CtState& is) const {
        std::uint32_t mask = 0;
        mask |= (is.mask & kInvalid) != 0 ? NF_CT_STATE_INVALID_BIT : 0U;
        mask |= (is.mask & kEstablished) != 0 ? NF_CT_STATE_BIT(IP_CT_ESTABLISHED) : 0U;
        mask |= (is.mask & kRelated) != 0 ? NF_CT_STATE_BIT(IP_CT_RELATED) : 0U;
        track(NFT_CT_STATE);
        any_of(mask);
        compare(NFT_CMP_NEQ, host_bytes(0));
    }
    void operator()(const CtUnconfirmed& /*is*/) const {
        track(NFT_CT_STATUS);
        any_of(IPS_CONFIRMED);
        compare(NFT_CMP_EQ, host_bytes(0));
    }
    void operator()(const AddressIn& is) const {
        family(is.family);
        address(is.family, is.side);
        find(is.set);
    }
    void operator()(const AddressIs& is) const {
        family(is.address.family());
        address(is.address.family(), is.side);
        compare(NFT_CMP_EQ, address_key(is.address));
    }
    void operator()(const AddressBetween& is) const {
        family(is.first.family());
        address(is.first.family(), is.side);
        compare(NFT_CMP_GTE, address_key(is.first));
        compare(NFT_CMP_LTE, address_key(is.last));
    }
    void operator()(const NamedIn& is) const {
        const std::uint32_t behind = kRegister + (is.family == Family::V4 ? 1 : 4);
        family(is.family);
        address(is.family, Side::Destination);
        meta(NFT_META_L4PROTO, behind);
        payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, behind + 1);
        find(is.set);
    }
    void operator()(const TcpInMidStream& /*is*/) const {
        constexpr std::uint32_t kFlags = 13;  // their place in the header
        constexpr std::uint8_t kSyn = 0x02;
        constexpr std::uint8_t kFinSynRstAck = 0x17;
        (*this)(ProtocolIs{IPPROTO_TCP});
        payload(NFT_PAYLOAD_TRANSPORT_HEADER, kFlags, 1, kRegister);
        any_of(Bytes{kFinSynRstAck});
        compare(NFT_CMP_NEQ, {kSyn});
    }
    void operator()(const ProtocolIs& is) const {
        meta(NFT_META_L4PROTO);
        compare(NFT_CMP_EQ, {is.number});
    }
    void operator()(const Icmpv6Between& is) const {
        (*this)(ProtocolIs{IPPROTO_ICMPV6});
        payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, kRegister);
        compare(NFT_CMP_GTE, {is.first});
        compare(NFT_CMP_LTE, {is.last});
    }
    void operator()(const LinkMap& is) const {
        meta(is.way == Way::In ? NFT_META_IIFNAME : NFT_META_OIFNAME);
        look_up(is.map);
    }
    void operator()(const ProtocolPortMap& is) const {
        meta(NFT_META_L4PROTO);
        payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, kRegister + 1);
        look_up(is.map);
    }
    void operator()(const ProtocolMap& is) const {
        meta(NFT_META_L4PROTO);
        look_up(is.map);
    }
    void operator()(const PortMap& is) const {
        payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, kRegister);
        look_up(is.map);
    }
    void operator()(const Count& is) const {
        auto* const expression = add("objref");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
        nftnl_expr_set_str(expression, NFTNL_EXPR_OBJREF_IMM_NAME, is.counter.c_str());
    }
    void operator()(const Log& is) const {
        constexpr std::uint32_t kHeaders = 128;
        auto* const expression = add("log");
        nftnl_expr_set_str(expression, NFTNL_EXPR_LOG_PREFIX, is.prefix.c_str());
        nftnl_expr_set_u16(expression, NFTNL_EXPR_LOG_GROUP, is.group);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_LOG_SNAPLEN, kHeaders);
    }
    void verdict(const Verdict& is) const {
        auto* const expression = add("immediate");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_VERDICT, number_of(is.kind));
        if (!is.chain.empty()) {
            nftnl_expr_set_str(expression, NFTNL_EXPR_IMM_CHAIN, is.chain.c_str());
        }
    }

private:
    using Bytes = std::vector<std::uint8_t>;

    [[nodiscard]] nftnl_expr* add(const char* name) const {
        auto* const expression = nftnl_expr_alloc(name);
        if (expression == nullptr) {
            throw system_error("make an nftables expression", ENOMEM);
        }
        nftnl_rule_add_expr(rule_, expression);
        return expression;
    }
    static Bytes host_bytes(std::uint32_t value) {
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&value);
        return {bytes, bytes + sizeof value};
    }
    void meta(std::uint32_t key, std::uint32_t to = kRegister) const {
        auto* const expression = add("meta");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_META_KEY, key);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_META_DREG, to);
    }
    void track(std::uint32_t key) const {
        auto* const expression = add("ct");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_CT_KEY, key);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_CT_DREG, kRegister);
    }
    void any_of(std::uint32_t mask) const { any_of(host_bytes(mask)); }
    void any_of(const Bytes& mask) const {
        const Bytes none(mask.size());
        const auto size = static_cast<std::uint32_t>(mask.size());
        auto* const expression = add("bitwise");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_SREG, kRegister);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_DREG, kRegister);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_BITWISE_LEN, size);
        nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_MASK, mask.data(), size);
        nftnl_expr_set(expression, NFTNL_EXPR_BITWISE_XOR, none.data(), size);
    }
    void compare(std::uint32_t how, const Bytes& with) const {
        auto* const expression = add("cmp");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_SREG, kRegister);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_OP, how);
        nftnl_expr_set(expression, NFTNL_EXPR_CMP_DATA, with.data(),
                       static_cast<std::uint32_t>(with.size()));
    }
    void family(Family family) const {
        meta(NFT_META_NFPROTO);
        compare(NFT_CMP_EQ,
                {static_cast<std::uint8_t>(family == Family::V4 ? NFPROTO_IPV4 : NFPROTO_IPV6)});
    }
    void address(Family family, Side side) const {
        const bool v4 = family == Family::V4;
        const std::uint32_t size = v4 ? 4 : 16;
        const std::uint32_t first = v4 ? 12 : 8;
        payload(NFT_PAYLOAD_NETWORK_HEADER, side == Side::Source ? first : first + size, size,
                kRegister);
    }
    void payload(std::uint32_t base, std::uint32_t offset, std::uint32_t size,
                 std::uint32_t to) const {
        auto* const expression = add("payload");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_BASE, base);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_LEN, size);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_DREG, to);
    }
    nftnl_expr* find(const std::string& set) const {
        auto* const expression = add("lookup");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_LOOKUP_SREG, kRegister);
        nftnl_expr_set_str(expression, NFTNL_EXPR_LOOKUP_SET, set.c_str());
        return expression;
    }
    void look_up(const std::string& map) const {
        nftnl_expr_set_u32(find(map), NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
    }

    nftnl_rule* rule_;
};

// As nft does it: a type, a length and a text that ends with a zero.
void put_comment(nftnl_rule* rule, const std::string& comment) {
    std::vector<std::uint8_t> bytes{NFTNL_UDATA_RULE_COMMENT,
                                    static_cast<std::uint8_t>(comment.size() + 1)};
    bytes.insert(bytes.end(), comment.begin(), comment.end());
    bytes.push_back(0);
    nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, bytes.data(),
                        static_cast<std::uint32_t>(bytes.size()));
}

}  // namespace

void put_expressions(nlmsghdr* message, const Rule& rule) {
    const std::unique_ptr<nftnl_rule, void (*)(const nftnl_rule*)> made(nftnl_rule_alloc(),
                                                                        nftnl_rule_free);
    if (!made) {
        throw system_error("make an nftables rule", ENOMEM);
    }
    const Encoder encode(made.get());
    for (const auto& statement : rule.statements) {
        std::visit(encode, statement);
    }
    if (rule.verdict) {
        encode.verdict(*rule.verdict);
    }
    if (!rule.comment.empty()) {
        put_comment(made.get(), rule.comment);
    }
    nftnl_rule_nlmsg_build_payload(message, made.get());
}

void put_verdict(nlmsghdr* message, int attribute, const Verdict& verdict) {
    auto* const data = mnl_attr_nest_start(message, static_cast<std::uint16_t>(attribute));
    auto* const nest = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
    mnl_attr_put_u32(message, NFTA_VERDICT_CODE, htonl(number_of(verdict.kind)));
    if (!verdict.chain.empty()) {
        mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, verdict.chain.c_str());
    }
    mnl_attr_nest_end(message, nest);
    mnl_attr_nest_end(message, data);
}

}  // namespace terway::netlink::nft
