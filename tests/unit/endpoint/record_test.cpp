#include "endpoint/record.hpp"

#include <gmock/gmock.h>

#include <unordered_set>

#include "terway/error.hpp"

namespace terway::endpoint {
namespace {

using testing::HasSubstr;

EndpointRecord example() {
    EndpointRecord record;
    record.spec.key = {"0123456789abcdef0123456789abcdef", "eth0"};
    record.spec.network = "terway";
    record.spec.netns = "/run/netns/x";
    record.spec.pod_namespace = "shop";
    record.spec.pod_name = "cart-0";
    record.spec.pod_uid = "6a1c";
    record.spec.addresses = {Prefix::parse("10.0.0.7/32").value(),
                             Prefix::parse("fd00::7/128").value()};
    record.spec.gateways = {Prefix::parse("169.254.1.1/32").value()};
    record.spec.mtu = 1500;
    record.spec.ingress_bps = 18'000'000'000'000'000'000U;
    record.spec.egress_burst = 4'000'000;
    record.spec.annotated = {10'000'000, 0};
    record.spec.priority = Priority::BestEffort;
    record.spec.host_ifname = "cali0123456789a";
    record.state = EndpointState::Ready;
    record.chain = {{ModuleRole::Dataplane, "veth", "0.1.0", std::string("\0\xff state", 8)},
                    {ModuleRole::Policy, "com.example.policy", "2", ""}};
    record.attachment = Attachment{11,
                                   2,
                                   3,
                                   1500,
                                   Mac::parse("02:00:5e:10:00:01").value(),
                                   Mac::parse("ee:ee:ee:ee:ee:ee").value(),
                                   "cali0123456789a"};
    record.result = R"({"cniVersion":"1.1.0","ips":[{"address":"10.0.0.7/32"}]})";
    record.created = WallTime(std::chrono::milliseconds(1'700'000'000'123));
    record.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    return record;
}

std::string with(std::string text, std::string_view part, std::string_view replacement) {
    const auto at = text.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return text.replace(at, part.size(), replacement);
}

std::string refusal(const std::string& text) {
    try {
        (void)record_from_json(text, "record of x/eth0");
        return "read";
    } catch (const Error& error) {
        return error.what();
    }
}

TEST(EndpointKey, IsShortInLogsAndWholeAsAnOwner) {
    const EndpointKey key{"0123456789abcdef", "eth0"};
    EXPECT_EQ(key.text(), "0123456789ab/eth0");
    EXPECT_EQ(key.full_text(), "0123456789abcdef/eth0");
    EXPECT_EQ((EndpointKey{"short", "eth0"}).text(), "short/eth0");
}

TEST(EndpointKey, DiffersInEitherPart) {
    const std::unordered_set<EndpointKey> keys{
        {"a", "eth0"}, {"a", "eth1"}, {"b", "eth0"}, {"a", "eth0"}};
    EXPECT_EQ(keys.size(), 3U);
    EXPECT_LT((EndpointKey{"a", "eth1"}), (EndpointKey{"b", "eth0"}));
}

TEST(EndpointRecord, ComesBackFromItsTextAsItWas) {
    const auto record = example();
    EXPECT_EQ(record_from_json(to_json(record), "x"), record);
    EXPECT_EQ(record_from_json(to_json(EndpointRecord{}), "x"), EndpointRecord{});
}

TEST(EndpointRecord, IsWrittenInItsFirstVersionForEver) {
    EndpointRecord record;
    record.spec.key = {"a", "eth0"};
    record.spec.addresses = {Prefix::parse("10.0.0.7/32").value()};
    record.chain = {{ModuleRole::Qos, "tc", "1", "\x01z"}};
    record.attachment = Attachment{};
    EXPECT_EQ(
        to_json(record),
        R"({"version":1,"state":"adding","created_ms":0,"traceparent":"",)"
        R"("spec":{"container_id":"a","ifname":"eth0","network":"","netns":"",)"
        R"("pod_namespace":"","pod_name":"","pod_uid":"","source":"pod-cidr","addresses":["10.0.0.7/32"],)"
        R"("gateways":[],"eni":"","eni_ifindex":0,"eni_mac":"00:00:00:00:00:00",)"
        R"("subnets":[],"sticky":"","mtu":0,"ingress_bps":0,"egress_bps":0,)"
        R"("ingress_burst":0,"egress_burst":0,"annotated_ingress_bps":0,)"
        R"("annotated_egress_bps":0,"priority":"",)"
        R"("host_ifname":""},)"
        R"("chain":[{"role":"qos","id":"tc","version":"1","state":"017a"}],)"
        R"("attachment":{"host_ifindex":0,"pod_ifindex":0,"side_ifindex":0,"mtu":0,)"
        R"("pod_mac":"00:00:00:00:00:00","host_mac":"00:00:00:00:00:00",)"
        R"("host_ifname":"","gateways":[]},"result":""})");
}

TEST(EndpointRecord, OfAnEarlierVersionIsTakenToBeLimitedByAnnotations) {
    auto record = example();
    record.spec.ingress_bps = 5'000'000;
    const auto former = with(with(to_json(record), R"("annotated_ingress_bps")", R"("a")"),
                             R"("annotated_egress_bps")", R"("b")");
    EXPECT_EQ(record_from_json(former, "x").spec.annotated, (Rates{5'000'000, 0}));
}

TEST(EndpointRecord, IgnoresMembersItDoesNotKnow) {
    const auto text = to_json(example());
    const auto more =
        with(with(text, R"("mtu":)", R"("jumbo":[{}],"mtu":)"), "{", R"({"new":null,)");
    EXPECT_EQ(record_from_json(more, "x"), example());
}

TEST(EndpointRecord, RefusesWhatIsMissingOrOfAnotherTypeByName) {
    const auto text = to_json(example());
    EXPECT_EQ(refusal(with(text, R"("netns":)", R"("nets":)")),
              "record of x/eth0: spec: netns is missing");
    EXPECT_EQ(refusal(with(text, R"("mtu":1500)", R"("mtu":"1500")")),
              "record of x/eth0: spec: mtu is not an integer in range");
    EXPECT_EQ(refusal(with(text, R"("mtu":1500)", R"("mtu":1500.0)")),
              "record of x/eth0: spec: mtu is not an integer in range");
    EXPECT_EQ(refusal(with(text, R"("mtu":1500)", R"("mtu":-1)")),
              "record of x/eth0: spec: mtu is not an integer in range");
    EXPECT_EQ(refusal(with(text, R"("mtu":1500)", R"("mtu":4294967296)")),
              "record of x/eth0: spec: mtu is not an integer in range");
    EXPECT_EQ(refusal(with(text, R"("terway")", "7")),
              "record of x/eth0: spec: network is not a string");
    EXPECT_EQ(refusal(with(text, "10.0.0.7/32", "10.0.0.7/33")),
              "record of x/eth0: spec: addresses holds something other than prefixes");
    EXPECT_EQ(refusal(with(text, R"(["169.254.1.1/32"])", "{}")),
              "record of x/eth0: spec: gateways is not an array");
    EXPECT_EQ(refusal(with(text, R"("ready")", R"("reedy")")),
              "record of x/eth0: state is not a state of an endpoint");
    EXPECT_EQ(refusal(with(text, R"("policy")", R"("police")")),
              "record of x/eth0: chain: role is not a role of a module");
    EXPECT_EQ(refusal(with(text, "00ff", "0xff")),
              "record of x/eth0: chain: state is not a string of hex digits");
    EXPECT_EQ(refusal(with(text, "02:00:5e:10:00:01", "02:00:5e:10:00")),
              "record of x/eth0: attachment: pod_mac is not a MAC address");
    EXPECT_EQ(refusal(with(text, R"("spec":{)", R"("spec":[],"old":{)")),
              "record of x/eth0: spec: not a JSON object");
    EXPECT_EQ(refusal("[]"), "record of x/eth0: not a JSON object");
    EXPECT_THAT(refusal("{"), HasSubstr("record of x/eth0: not JSON: "));
}

TEST(EndpointRecord, RefusesARecordOfALaterVersion) {
    EXPECT_THAT(refusal(with(to_json(example()), R"("version":1)", R"("version":2)")),
                HasSubstr("record of x/eth0: written by a later terwayd"));
}

}  // namespace
}  // namespace terway::endpoint
