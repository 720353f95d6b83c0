// Properties of core/cni that must hold for every input.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <boost/json/parse.hpp>

#include "cni/failure.hpp"
#include "cni/message.hpp"
#include "cni/ticket.hpp"
#include "support.hpp"

namespace terway::cni {
namespace {

std::string text_of_bytes(const std::vector<std::uint8_t>& bytes) {
    return {bytes.begin(), bytes.end()};
}

void expect_holds(bool holds) {
    EXPECT_TRUE(holds);
}

TEST(WireProperty, EveryFrameSurvivesTheRoundTrip) {
    expect_holds(rc::check("round trip", [](const std::vector<std::uint8_t>& bytes, bool with_fd) {
        test::Pair pair;
        const auto kind = static_cast<FrameKind>(*rc::gen::inRange(1, 5));
        const Frame frame{kind, text_of_bytes(bytes)};
        const auto soon = after(std::chrono::seconds(10));
        pair.left.send(frame, soon, with_fd ? 0 : -1);
        const auto received = pair.right.receive(soon);
        RC_ASSERT(received.frame == frame);
        RC_ASSERT(static_cast<bool>(received.fd) == with_fd);
    }));
}

TEST(WireProperty, EveryHeaderIsEitherRefusedOrWhatItsEncodingSays) {
    expect_holds(rc::check("any 16 bytes", [](const std::array<std::uint8_t, 16>& random) {
        HeaderBytes bytes = encode_header({FrameKind::CniRequest, 1, false});
        const auto at = *rc::gen::inRange<std::size_t>(0, 16);
        std::copy(random.begin() + static_cast<std::ptrdiff_t>(at), random.end(),
                  bytes.begin() + static_cast<std::ptrdiff_t>(at));
        try {
            const auto header = decode_header(bytes);
            RC_ASSERT(encode_header(header) == bytes);
        } catch (const Error& error) {
            RC_ASSERT(error.status() == Status::Invalid);
        }
    }));
}

TEST(TicketProperty, TwoKeysShareAFileNameOnlyIfTheyAreOne) {
    expect_holds(rc::check("names", [](const std::string& a, const std::string& b,
                                       const std::string& c, const std::string& d) {
        const TicketKey one{a, b, c};
        const TicketKey other{a, *rc::gen::element(b, d), *rc::gen::element(c, d)};
        RC_ASSERT((ticket_file_name(one) == ticket_file_name(other)) == (one == other));
        RC_ASSERT(ticket_file_name(one).size() <= 220);
        RC_ASSERT(ticket_file_name(one).find('/') == std::string::npos);
    }));
}

TEST(FailureProperty, AnyConfigurationIsParsedOrRefusedWithADocument) {
    expect_holds(rc::check("config bytes", [](const std::vector<std::uint8_t>& bytes) {
        const auto value = text_of_bytes(bytes);
        for (const auto& config : {value, test::config_with("\"mtu\":" + value),
                                   test::config_with("\"dns\":" + value)}) {
            try {
                static_cast<void>(parse_request({test::environment_for("ADD"), config}));
            } catch (const CniError& error) {
                const auto json = ErrorResult::from(error, "1.1.0").to_json();
                RC_ASSERT(boost::json::parse(json).at("code").as_int64() > 0);
            }
        }
    }));
}

}  // namespace
}  // namespace terway::cni
