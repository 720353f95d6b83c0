#include "daemon/live_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "../kube/kube_testing.hpp"
#include "terway/error.hpp"

namespace terway::daemon {
namespace {

using namespace std::chrono_literals;
using kube::eventually;
using testing::ElementsAre;
using testing::HasSubstr;

// A cache that is fed by hand, and what becomes of its pods.
class LiveLimits : public testing::Test {
protected:
    void list(const std::string& annotations, const std::string& version = "1") {
        cache_.begin_list();
        kube::ListReader reader(cache_);
        reader.feed(kube::list_json(
            {kube::pod_json("web", version, "", ",\"annotations\":{" + annotations + "}")}, "7"));
        reader.finish();
        cache_.end_list();
    }
    void start() {
        thread_ = std::jthread([this](const std::stop_token& stop) {
            follow_limits({news_, cache_, applying(), telling(), 1ms}, stop);
        });
    }
    std::vector<std::string> heard() {
        const MutexLock lock(mutex_);
        return heard_;
    }
    bool hears(std::size_t count) {
        return eventually([&] { return heard().size() >= count; });
    }

    unsigned failures = 0;  // of the next calls; before start()
    bool has_them = false;
    std::optional<endpoint::QosWish> kept;  // what the endpoints have, whatever is asked for

private:
    ApplyLimits applying() {
        return [this](const kube::Pod& pod, const endpoint::QosWish& wish) {
            note("apply " + pod.meta.name.text() + " " + std::to_string(wish.rates.ingress) + " " +
                 std::to_string(wish.rates.egress) +
                 std::string(wish.priority == endpoint::Priority::None ? "" : " ") +
                 std::string(endpoint::name_of(wish.priority)));
            if (failures > 0) {
                --failures;
                throw Error(Status::Retry, "not now");
            }
            return has_them ? std::nullopt : std::optional(kept ? *kept : wish);
        };
    }
    std::function<void(const kube::Pod&, bool, const std::string&)> telling() {
        return [this](const kube::Pod& /*pod*/, bool is_warning, const std::string& message) {
            note((is_warning ? "warning: " : "normal: ") + message);
        };
    }
    void note(const std::string& text) {
        const MutexLock lock(mutex_);
        heard_.push_back(text);
    }

    Mutex mutex_;
    std::vector<std::string> heard_ TERWAY_GUARDED_BY(mutex_);
    kube::Words words_;

protected:
    PodNews news_;
    kube::Cache<kube::Pod> cache_{words_, {}};
    std::jthread thread_;
};

TEST_F(LiveLimits, AreThoseOfThePodsAnnotationsWhenThereIsNewsOfIt) {
    list(R"("kubernetes.io/ingress-bandwidth":"10M")");
    start();
    news_.add("default", "nobody");
    news_.add("default", "web");
    ASSERT_TRUE(hears(2));
    list(R"("kubernetes.io/egress-bandwidth":"2M")", "2");
    news_.add("default", "web");
    ASSERT_TRUE(hears(4));
    EXPECT_THAT(
        heard(),
        ElementsAre(
            "apply web 10000000 0",
            "normal: its bandwidth is now 10000000 bit/s towards the pod, unlimited from it",
            "apply web 0 2000000",
            "normal: its bandwidth is now unlimited towards the pod, 2000000 bit/s from it"));
}

TEST_F(LiveLimits, IncludeThePrioritysAnnotation) {
    list(R"("k8s.aliyun.com/network-priority":"guaranteed")");
    start();
    news_.add("default", "web");
    ASSERT_TRUE(hears(2));
    EXPECT_THAT(heard(), ElementsAre("apply web 0 0 guaranteed",
                                     HasSubstr("its network priority guaranteed")));
}

TEST_F(LiveLimits, AreToldAsThePodHasThem) {
    kept = endpoint::QosWish{{5'000'000, 2'000'000}, endpoint::Priority::None};
    list(R"("kubernetes.io/egress-bandwidth":"2M")");
    start();
    news_.add("default", "web");
    ASSERT_TRUE(hears(2));
    EXPECT_THAT(heard(),
                ElementsAre("apply web 0 2000000",
                            "normal: its bandwidth is now 5000000 bit/s towards the pod, 2000000 "
                            "bit/s from it"));
}

TEST_F(LiveLimits, AreToldOnlyIfThePodHadOthers) {
    has_them = true;
    list(R"("kubernetes.io/ingress-bandwidth":"10M")");
    start();
    news_.add("default", "web");
    ASSERT_TRUE(hears(1));
    news_.add("default", "web");
    ASSERT_TRUE(hears(2));
    EXPECT_THAT(heard(), ElementsAre("apply web 10000000 0", "apply web 10000000 0"));
}

TEST_F(LiveLimits, StayWhatTheyAreIfTheAnnotationSaysNothingSensible) {
    list(R"("kubernetes.io/ingress-bandwidth":"ten")");
    start();
    news_.add("default", "web");
    ASSERT_TRUE(hears(1));
    EXPECT_THAT(heard(), ElementsAre(testing::AllOf(HasSubstr("warning: "),
                                                    HasSubstr("kubernetes.io/ingress-bandwidth"),
                                                    HasSubstr("the pod keeps its bandwidth"))));
}

TEST_F(LiveLimits, AreTriedAgainWhereTheyCouldNotBePutInPlace) {
    failures = 2;
    list(R"("kubernetes.io/ingress-bandwidth":"10M")");
    start();
    news_.add("default", "web");
    ASSERT_TRUE(hears(4));
    EXPECT_THAT(heard(), ElementsAre("apply web 10000000 0", "apply web 10000000 0",
                                     "apply web 10000000 0", HasSubstr("normal: ")));
}

}  // namespace
}  // namespace terway::daemon
