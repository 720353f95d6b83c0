#include "service/frontend.hpp"

#include <gmock/gmock.h>

#include "service_testing.hpp"

namespace terway::service {
namespace {

TEST(FrontendKey, IsReadAsItIsWritten) {
    const FrontendKey v4{ip("10.96.0.1"), 80, Protocol::Tcp};
    const FrontendKey v6{ip("fd00::1"), 53, Protocol::Udp};
    EXPECT_EQ(v4.text(), "10.96.0.1:80/TCP");
    EXPECT_EQ(v6.text(), "[fd00::1]:53/UDP");
    EXPECT_EQ(parse_frontend_key(v4.text()), v4);
    EXPECT_EQ(parse_frontend_key(v6.text()), v6);
    EXPECT_EQ(parse_frontend_key("10.96.0.1:80/tcp"), v4);
    EXPECT_EQ(parse_frontend_key("10.96.0.1:9/Sctp"),
              (FrontendKey{ip("10.96.0.1"), 9, Protocol::Sctp}));
}

TEST(FrontendKey, IsNotReadFromAnythingElse) {
    for (const char* odd :
         {"", "10.96.0.1", "10.96.0.1:80", "10.96.0.1/TCP", "shop/web", "10.96.0.1:0/TCP",
          "10.96.0.1:70000/TCP", "10.96.0.1:80/ICMP", "fd00::1:80/TCP", "[fd00::1:80/TCP",
          "[10.96.0.1]:80/TCP", "[]:80/TCP", ":80/TCP", "10.96.0.1:80/TCP/x"}) {
        EXPECT_FALSE(parse_frontend_key(odd)) << odd;
    }
}

}  // namespace
}  // namespace terway::service
