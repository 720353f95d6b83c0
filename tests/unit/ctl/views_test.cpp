// What terwayctl prints of the daemon's answers.
#include <gmock/gmock.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>

#include "ctl/print_policy.hpp"
#include "ctl/table.hpp"

namespace terway::ctl {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::size_t width_of(const std::string& text) {
    std::size_t widest = 0;
    std::size_t width = 0;
    for (const auto c : text) {
        width = c == '\n' ? 0 : width + 1;
        widest = std::max(widest, width);
    }
    return widest;
}

TEST(Table, ShowsTheEndsOfANameThatIsTooWide) {
    EXPECT_EQ(shortened("shop/web-5d8f7c9b6d-x2x7p"), "shop/web-5d8f7c9b6d-x2x7p");
    const std::string widest(48, 'a');
    EXPECT_EQ(shortened(widest), widest);
    const auto shown = shortened("shop/" + std::string(253, 'a') + "-5d8f7c9b6d-x2x7p");
    EXPECT_EQ(shown.size(), 48U);
    EXPECT_THAT(shown, AllOf(StartsWith("shop/aaaa"), HasSubstr("a...5d8f7c9b6d-x2x7p")));
}

json::value policies(const std::string& policy, const std::string& pod) {
    return {{"synced", true},
            {"trouble", ""},
            {"policies",
             {{{"policy", policy},
               {"tier", "NetworkPolicy"},
               {"priority", nullptr},
               {"ingress", true},
               {"egress", true},
               {"bad", false},
               {"pods_here", json::array{json::string(pod)}}}}},
            {"closed", json::array{}}};
}

TEST(PolicyList, IsNoWiderForTheLongestNames) {
    const auto text =
        print_policy_list(policies(std::string(63, 's') + "/" + std::string(253, 'p'),
                                   std::string(63, 's') + "/" + std::string(253, 'w')),
                          false);
    EXPECT_THAT(text, HasSubstr("NetworkPolicy  ingress, egress"));
    EXPECT_LE(width_of(text), 140U) << text;
}

TEST(PolicyList, NamesAClosedPodInFullWithTheReason) {
    auto answer = policies("shop/p", "shop/web");
    const std::string pod = "shop/" + std::string(253, 'w');
    answer.at("closed").as_array().push_back(json::object{{"pod", pod}, {"reason", "it is late"}});
    EXPECT_THAT(print_policy_list(answer, false), HasSubstr("closed: " + pod + ": it is late\n"));
}

TEST(PolicyCounters, AreNoWiderForTheLongestNames) {
    const json::object numbers{{"allowed", 1}, {"denied", 2}};
    const std::string policy = std::string(63, 's') + "/" + std::string(253, 'p');
    const json::value answer{
        {"endpoints",
         {{{"pod_namespace", std::string(63, 's')},
           {"pod_name", std::string(253, 'w')},
           {"policies", json::array{json::string(policy)}},
           {"ingress", numbers},
           {"egress", numbers},
           {"trouble", ""}}}},
        {"policies", {{{"policy", policy}, {"ingress", numbers}, {"egress", numbers}}}}};
    const auto text = print_policy_counters(answer, false);
    EXPECT_THAT(text, HasSubstr("1 / 2"));
    EXPECT_LE(width_of(text), 150U) << text;
}

}  // namespace
}  // namespace terway::ctl
