#include "daemon/service_book.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../service/service_testing.hpp"

namespace terway::daemon {
namespace {

using service::ServiceMaker;
using service::SliceMaker;
using testing::ElementsAre;
using testing::IsEmpty;

class ServiceBookTest : public testing::Test {
protected:
    ServiceBookTest() { book_.add_modules({"lb"}); }

    static ServiceNews web(bool is_synced = true) {
        ServiceNews news;
        news.services[{"shop", "web"}] = ServiceMaker("web").at("10.96.0.1").port(80);
        news.is_synced = is_synced;
        return news;
    }
    static ServiceNews slice(const std::string& address) {
        ServiceNews news;
        news.slices[{"shop", "web-1"}] = SliceMaker("web-1", "web").port(80).ready(address);
        return news;
    }
    // Module, kind, revision and what it is about of each; all are settled.
    std::vector<std::string> round(bool is_applied = true) {
        std::vector<std::string> all;
        for (const auto& each : book_.round()) {
            std::string text = each.module + (each.is_full ? " full " : " difference ") +
                               std::to_string(each.revision);
            for (const auto& frontend : service::texts_of(*each.update)) {
                text += " | " + frontend;
            }
            all.push_back(text);
            book_.settle(each, is_applied);
        }
        return all;
    }

    ServiceBook book_;
};

TEST_F(ServiceBookTest, TellsNothingBeforeEverythingIsKnown) {
    book_.take(web(false));
    EXPECT_THAT(round(), IsEmpty());
    book_.take(slice("10.0.0.1"));
    EXPECT_THAT(round(), IsEmpty());
    book_.take(web());
    EXPECT_THAT(round(), ElementsAre("lb full 1 | 10.96.0.1:80/TCP shop/web: 10.0.0.1:80"));
    EXPECT_THAT(round(), IsEmpty());
}

TEST_F(ServiceBookTest, TellsDifferencesThen) {
    book_.take(web());
    (void)round();
    book_.take(slice("10.0.0.1"));
    EXPECT_THAT(round(), ElementsAre("lb difference 2 | 10.96.0.1:80/TCP shop/web: 10.0.0.1:80"));
    ServiceNews gone;
    gone.services[{"shop", "web"}] = nullptr;
    book_.take(gone);
    EXPECT_THAT(round(), ElementsAre("lb difference 3 | gone 10.96.0.1:80/TCP"));
    EXPECT_EQ(book_.had("lb"), 3U);
    EXPECT_EQ(book_.wanted(), 3U);
}

TEST_F(ServiceBookTest, TellsAModuleThatFailedEverythingAgain) {
    book_.add_modules({"other"});
    book_.take(web());
    (void)round();
    book_.take(slice("10.0.0.1"));
    const auto all = book_.round();
    ASSERT_EQ(all.size(), 2U);
    book_.settle(all[0], false);
    book_.settle(all[1], true);
    EXPECT_EQ(book_.had("lb"), 1U);
    EXPECT_EQ(book_.had("other"), 2U);
    EXPECT_THAT(round(), ElementsAre("lb full 3 | 10.96.0.1:80/TCP shop/web: 10.0.0.1:80"))
        << "the other one has it";
    book_.take(slice("10.0.0.2"));
    EXPECT_THAT(round(),
                ElementsAre("lb difference 4 | 10.96.0.1:80/TCP shop/web: 10.0.0.2:80",
                            "other difference 4 | 10.96.0.1:80/TCP shop/web: 10.0.0.2:80"));
}

TEST_F(ServiceBookTest, TellsEverythingAgainWhenARoundWasLost) {
    book_.take(web());
    (void)round();
    book_.distrust();
    EXPECT_THAT(round(), ElementsAre("lb full 2 | 10.96.0.1:80/TCP shop/web: "));
}

TEST_F(ServiceBookTest, TellsOfAnEmptyClusterThatThereIsNothing) {
    ServiceNews nothing;
    nothing.is_synced = true;
    book_.take(nothing);
    EXPECT_THAT(round(), ElementsAre("lb full 1"));
    EXPECT_THAT(round(), IsEmpty());
}

}  // namespace
}  // namespace terway::daemon
