#include <gtest/gtest.h>

#include <optional>

#include "external.hpp"
#include "external_plan.hpp"
#include "terway/testing.hpp"

namespace terway::felix {
namespace {

TEST(ExternalFelix, AHealthUrlNamesALoopbackAddressAPortAndAPath) {
    const auto url = parse_health_url("http://127.0.0.1:9099/readiness").value();
    EXPECT_EQ(url.address.text(), "127.0.0.1");
    EXPECT_EQ(url.port, 9099);
    EXPECT_EQ(url.request(),
              "GET /readiness HTTP/1.0\r\nHost: 127.0.0.1:9099\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(parse_health_url("http://[::1]:9099/liveness").value().address.text(), "::1");
    EXPECT_EQ(parse_health_url("http://localhost:80").value().path, "/");
}

TEST(ExternalFelix, AnyOtherUrlIsRefused) {
    for (const auto* text :
         {"", "https://127.0.0.1:9099/", "http://192.0.2.1:9099/", "http://127.0.0.1/readiness",
          "http://127.0.0.1:0/", "http://127.0.0.1:65536/", "http://127.0.0.1:9099x/",
          "http://felix:9099/", "http://127.0.0.1:9099/a b", "http://127.0.0.1:9099/\r\nX: y"}) {
        EXPECT_FALSE(parse_health_url(text)) << text;
    }
}

TEST(ExternalFelix, IsReadyIfItAnswersWithSuccess) {
    EXPECT_EQ(why_not_ready("HTTP/1.1 200 OK\r\n\r\n"), "");
    EXPECT_EQ(why_not_ready("HTTP/1.0 204 No Content\r\n"), "");
    EXPECT_EQ(why_not_ready("HTTP/1.1 503 Service Unavailable\r\n"),
              "it answers 503 Service Unavailable");
    EXPECT_EQ(why_not_ready("SSH-2.0-OpenSSH\r\n"), "what answers does not speak HTTP");
    EXPECT_NE(why_not_ready(""), "");
    EXPECT_NE(why_not_ready("HTTP/1.1 2"), "");
}

TEST(ExternalFelix, KnowsALinkByTheDigestOfThePodsName) {
    EXPECT_EQ(felix_link("default", "web"), "cali68caf03a5f4");
    EXPECT_EQ(why_unknown_to_felix("default", "web", "eth0", felix_link("default", "web")), "");
    EXPECT_NE(why_unknown_to_felix("default", "web", "net1", felix_link("default", "web")), "");
    EXPECT_NE(why_unknown_to_felix("", "", "eth0", felix_link("default", "web")), "");
    EXPECT_NE(why_unknown_to_felix("default", "web", "eth0", "cali0123456789a").find("host_names"),
              std::string::npos);
}

TEST(ExternalFelix, TellsOfAPodInAFileOfItsEscapedName) {
    EXPECT_EQ(status_file("default", "testpod1"), "k8s default%2Ftestpod1 eth0");
    EXPECT_EQ(status_file("a-b", "c.d-0"), "k8s a-b%2Fc.d-0 eth0");
}

TEST(ExternalFelix, CannotEnforceWhereThePodHasNoLinkOnTheHostOrOneOfAnotherName) {
    sdk::testing::FakeHost fake;
    const sdk::Log log(fake.api());
    External external({}, log);
    sdk::testing::EndpointBuilder builder("c");
    builder.pod("default", "web").host_ifname(felix_link("default", "web"));
    auto made = sdk::sized<twy_attachment>();
    const auto refusal = [&]() -> std::optional<Status> {
        try {
            const auto raw = builder.raw();
            external.attach(sdk::EndpointView(raw), made);
            return std::nullopt;
        } catch (const Error& error) {
            return error.status();
        }
    };
    EXPECT_EQ(refusal(), Status::Unsupported);
    made.host_ifindex = 7;
    EXPECT_EQ(refusal(), std::nullopt);
    builder.host_ifname("cali0123456789a");
    EXPECT_EQ(refusal(), Status::Invalid);
}

}  // namespace
}  // namespace terway::felix
