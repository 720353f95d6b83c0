#include "daemon/service_proxy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <thread>

#include "../kube/kube_testing.hpp"
#include "../service/service_testing.hpp"
#include "terway/error.hpp"
#include "terway/types.hpp"

namespace terway::daemon {
namespace {

using namespace std::chrono_literals;
using kube::eventually;
using service::ServiceMaker;
using service::SliceMaker;
using testing::HasSubstr;
using Kind = ServiceInbox::Kind;

// The proxy with a module in memory, which knows how many backends each Service has.
class ServiceProxies : public testing::Test {
protected:
    void start(bool is_wanted = true) {
        proxy_ = std::make_unique<ServiceProxy>(ServiceProxy::Parts{
            inbox, metrics, is_wanted,
            [this](const std::string& /*module*/, const auto& update) { apply(update); }, pace});
        proxy_->add_modules({"lb"});
        thread_ = std::jthread([this](const std::stop_token& stop) { proxy_->run(stop); });
    }
    void sync() {
        for (const auto kind : {Kind::Services, Kind::Slices, Kind::Node}) {
            inbox.synced(kind);
        }
    }
    void put_web() {
        inbox.put(service::Index::ServicePtr(ServiceMaker("web").at("10.96.0.1").port(80)));
    }
    void put_slice(const std::string& address) {
        inbox.put(service::SlicePtr(SliceMaker("web-1", "web").port(80).ready(address)));
    }
    // The first byte of the address of the only backend, or 0.
    int backend() {
        const MutexLock lock(mutex_);
        const auto found = told_.find("shop/web");
        return found == told_.end() ? -1 : found->second;
    }
    unsigned fulls() {
        const MutexLock lock(mutex_);
        return fulls_;
    }
    unsigned applies() {
        const MutexLock lock(mutex_);
        return applies_;
    }
    void fail(bool is_failing) {
        const MutexLock lock(mutex_);
        failing_ = is_failing;
    }
    double revision(const char* of) {
        return metrics
            .gauge("terway_service_revision", "Of the Services that modules are to have, and have",
                   {{"of", of}, {"module", "lb"}})
            .value();
    }

    ServicePace pace{1ms, 1ms, 2ms, 0ms};
    ServiceInbox inbox;
    Metrics metrics;
    std::unique_ptr<ServiceProxy> proxy_;

private:
    void apply(const twy_service_update& update) {
        const MutexLock lock(mutex_);
        ++applies_;
        if (failing_) {
            throw Error(Status::Internal, "the kernel says no");
        }
        if (update.is_full != 0) {
            ++fulls_;
            told_.clear();
        }
        for (std::size_t i = 0; i < update.frontend_count; ++i) {
            const auto& each = *update.frontends[i];
            told_[std::string(sdk::view(each.service))] =
                each.backend_count == 0 ? 0 : each.backends[0].address[3];
        }
        if (update.gone_count != 0) {
            told_.clear();
        }
    }

    Mutex mutex_;
    std::map<std::string, int> told_ TERWAY_GUARDED_BY(mutex_);
    unsigned fulls_ TERWAY_GUARDED_BY(mutex_) = 0;
    unsigned applies_ TERWAY_GUARDED_BY(mutex_) = 0;
    bool failing_ TERWAY_GUARDED_BY(mutex_) = false;

protected:
    std::jthread thread_;
};

TEST_F(ServiceProxies, TellTheModuleWhenEverythingIsKnownAndThenWhatChanges) {
    start();
    put_web();
    put_slice("10.0.0.1");
    sync();
    EXPECT_TRUE(eventually([&] { return backend() == 1; }));
    EXPECT_EQ(fulls(), 1U);
    put_slice("10.0.0.2");
    EXPECT_TRUE(eventually([&] { return backend() == 2; }));
    inbox.drop(*service::Index::ServicePtr(ServiceMaker("web")));
    EXPECT_TRUE(eventually([&] { return backend() == -1; }));
    EXPECT_EQ(fulls(), 1U);
    EXPECT_TRUE(eventually([&] { return revision("have") == 3 && revision("want") == 3; }));
    EXPECT_EQ(proxy_->trouble(), "");
}

TEST_F(ServiceProxies, TellEverythingAfterAFailure) {
    start();
    put_web();
    sync();
    EXPECT_TRUE(eventually([&] { return backend() == 0; }));
    fail(true);
    put_slice("10.0.0.1");
    EXPECT_TRUE(eventually([&] { return proxy_->trouble() != ""; }));
    EXPECT_EQ(proxy_->trouble(), "Services are stale: the kernel says no");
    const auto tried = applies();
    EXPECT_TRUE(eventually([&] { return applies() > tried + 2; })) << "again and again";
    fail(false);
    EXPECT_TRUE(eventually([&] { return backend() == 1; }));
    EXPECT_EQ(fulls(), 2U);
    EXPECT_TRUE(eventually([&] { return proxy_->trouble() == ""; }));
    EXPECT_TRUE(eventually([&] { return revision("have") == revision("want"); }));
}

TEST_F(ServiceProxies, SayWhatTheServerRefuses) {
    start();
    inbox.refused(Kind::Slices, "endpointslices is forbidden");
    EXPECT_EQ(proxy_->trouble(), "Services are not known: endpointslices is forbidden");
}

TEST_F(ServiceProxies, ClearTheModuleOnceWhereSomebodyElseServes) {
    start(false);
    EXPECT_TRUE(eventually([&] { return fulls() == 1; }));
    EXPECT_EQ(backend(), -1);
    EXPECT_EQ(proxy_->trouble(), "");
    EXPECT_FALSE(proxy_->is_wanted());
}

}  // namespace
}  // namespace terway::daemon
