#include "netlink/socket_pool.hpp"

#include <gtest/gtest.h>

#include "base/netns.hpp"
#include "netlink/link.hpp"

namespace terway::netlink {
namespace {

class SocketPoolTest : public ::testing::Test {
protected:
    Netns node_ = Netns::create();
    NetnsScope inside_{node_.fd()};
    SocketPool pool_{NETLINK_ROUTE};
};

TEST_F(SocketPoolTest, LendsASocketAgainThatWasGivenBack) {
    const int first = (*pool_.borrow()).fd();
    const int second = (*pool_.borrow()).fd();
    EXPECT_EQ(first, second);
}

TEST_F(SocketPoolTest, NeverLendsASocketTwiceAtATime) {
    const auto one = pool_.borrow();
    const auto other = pool_.borrow();
    EXPECT_NE((*one).fd(), (*other).fd());
}

TEST_F(SocketPoolTest, LendsASocketThatStillWorksAfterARefusal) {
    EXPECT_THROW(create_veth(*pool_.borrow(), {.name = "lo"}, {.name = "peer"}), std::exception);
    const auto found = find_link(*pool_.borrow(), "lo");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->index, 1U);
}

}  // namespace
}  // namespace terway::netlink
