#include "kube/event.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "kube/event_book.hpp"

namespace terway::kube {
namespace {

namespace json = boost::json;
using std::chrono::hours;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const WallTime kNow = WallTime(seconds(1'800'000'000));

Event event(const char* reason = "AllocIPFailed", const char* pod = "web-0") {
    return {{"Pod", "shop", pod, "uid-1"}, true, reason, "no address left"};
}

TEST(KubeEvent, SaysWhatHappenedToWhomAndWhoTells) {
    const auto body =
        json::parse(to_json({event(), "web-0.1a", kNow, kNow + seconds(5), 3}, {"terwayd", "n1"}));
    EXPECT_EQ(body, json::parse(R"({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": "web-0.1a", "namespace": "shop"},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": "web-0", "namespace": "shop",
                           "uid": "uid-1"},
        "type": "Warning", "reason": "AllocIPFailed", "message": "no address left",
        "source": {"component": "terwayd", "host": "n1"},
        "reportingComponent": "terwayd", "reportingInstance": "n1",
        "firstTimestamp": "2027-01-15T08:00:00Z", "lastTimestamp": "2027-01-15T08:00:05Z",
        "count": 3})"));
}

TEST(KubeEvent, OfANodeIsInTheDefaultNamespace) {
    const Event about{{"Node", "", "n1", ""}, false, "Fallback", "veth"};
    const auto body = json::parse(to_json({about, "n1.1", kNow, kNow}, {}));
    EXPECT_EQ(body.at("metadata").at("namespace"), "default");
    EXPECT_EQ(body.at("type"), "Normal");
    EXPECT_FALSE(body.at("involvedObject").as_object().contains("namespace"));
}

TEST(KubeEvent, IsCutWhereTheServerWouldRefuseItButNotWithinACharacter) {
    auto about = event();
    about.message = std::string(1020, 'x') + "\u00e9\u00e9\u00e9\u00e9";
    const auto body = json::parse(to_json({about, "n", kNow, kNow}, {}));
    EXPECT_EQ(body.at("message").as_string(), std::string(1020, 'x') + "...");
}

TEST(KubeEventBook, TellsANewEventAtOnceAndARepeatedOneSeldom) {
    EventBook book;
    book.note(event(), kNow);
    EXPECT_EQ(book.next_due(), kNow);
    const auto first = book.due(kNow);
    ASSERT_THAT(first, SizeIs(1));
    EXPECT_FALSE(first[0].is_repeat);
    for (int i = 1; i <= 30; ++i) {
        book.note(event(), kNow + seconds(i));
        EXPECT_THAT(book.due(kNow + seconds(i)), IsEmpty());
    }
    EXPECT_EQ(book.next_due(), kNow + seconds(60));
    const auto again = book.due(kNow + seconds(60));
    ASSERT_THAT(again, SizeIs(1));
    EXPECT_TRUE(again[0].is_repeat);
    EXPECT_EQ(again[0].what.count, 31U);
    EXPECT_EQ(again[0].what.name, first[0].what.name);
    EXPECT_EQ(again[0].what.last, kNow + seconds(30));
    EXPECT_THAT(book.due(kNow + hours(1)), IsEmpty());
    EXPECT_EQ(book.next_due(), std::nullopt);
}

TEST(KubeEventBook, NamesEventsOfAPodWithTheLongestNameAsTheServerAllows) {
    EventBook book;
    const std::string longest(253, 'x');
    book.note(event("AllocIPFailed", longest.c_str()), kNow);
    book.note(event("AllocIPSucceed", longest.c_str()), kNow);
    // A name may not end with a dot, nor have two beside each other.
    const auto dotted = std::string(236, 'x') + "." + std::string(16, 'y');
    book.note(event("AllocIPFailed", dotted.c_str()), kNow);
    const auto letters = book.due(kNow);
    ASSERT_THAT(letters, SizeIs(3));
    for (const auto& letter : letters) {
        EXPECT_LE(letter.what.name.size(), 253U);
        EXPECT_EQ(letter.what.name.find(".."), std::string::npos);
    }
    EXPECT_NE(letters[0].what.name, letters[1].what.name);
    EXPECT_EQ(letters[0].what.event.about.name, longest);
}

TEST(KubeEventBook, AnEventLongForgottenIsANewOne) {
    EventBook book;
    book.note(event(), kNow);
    const auto name = book.due(kNow)[0].what.name;
    EXPECT_THAT(book.due(kNow + hours(1)), IsEmpty());
    book.note(event(), kNow + hours(1));
    const auto later = book.due(kNow + hours(1));
    ASSERT_THAT(later, SizeIs(1));
    EXPECT_FALSE(later[0].is_repeat);
    EXPECT_NE(later[0].what.name, name);
}

TEST(KubeEventBook, OneObjectThatChattersLeavesRoomForOthers) {
    EventBook book({.burst = 3, .refill = seconds(30)});
    for (int i = 0; i < 20; ++i) {
        book.note(event(("Reason" + std::to_string(i)).c_str(), "loud"), kNow);
    }
    book.note(event("AllocIPFailed", "quiet"), kNow);
    std::vector<std::string> told;
    for (const auto& letter : book.due(kNow)) {
        told.push_back(letter.what.event.about.name);
    }
    EXPECT_THAT(told, ElementsAre("loud", "loud", "loud", "quiet"));
    EXPECT_EQ(book.dropped(), 17U);
    book.note(event("Later", "loud"), kNow + seconds(30));
    EXPECT_THAT(book.due(kNow + seconds(30)), SizeIs(1));
}

TEST(KubeEventBook, HasRoomForSoManyAndCountsTheRest) {
    EventBook book({.capacity = 2});
    for (const auto* pod : {"a", "b", "c"}) {
        book.note(event("AllocIPFailed", pod), kNow);
    }
    EXPECT_THAT(book.due(kNow), SizeIs(2));
    EXPECT_EQ(book.dropped(), 1U);
    book.note(event("AllocIPFailed", "c"), kNow + hours(1));
    EXPECT_THAT(book.due(kNow + hours(1)), SizeIs(1)) << "the old ones are forgotten";
}

}  // namespace
}  // namespace terway::kube
