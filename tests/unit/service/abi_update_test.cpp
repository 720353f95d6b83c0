#include "service/abi_update.hpp"

#include <gmock/gmock.h>

#include <cstring>

#include "service_testing.hpp"
#include "terway/testing/service.hpp"
#include "terway/types.hpp"

namespace terway::service {
namespace {

class ServiceAbi : public testing::Test {
protected:
    ServiceAbi() {
        index_.set_facts({"n1", "a", {}});
        index_.set_service(ServiceMaker("web")
                               .at("10.96.0.1")
                               .at("fd00::1")
                               .port(80, "http")
                               .local()
                               .affinity(60));
        index_.set_service(ServiceMaker("db").at("10.96.0.2").port(5432));
        index_.set_slice(SliceMaker("web-4", "web")
                             .port(8080, "http")
                             .ready("10.0.0.2", "n1")
                             .terminating("10.0.0.1", true, "n1"));
        index_.set_slice(
            SliceMaker("web-6", "web", Family::V6).port(8080, "http").ready("fd10::1", "n2"));
    }

    Index index_;
};

TEST_F(ServiceAbi, SaysAFrontendWhole) {
    const auto update = index_.take();
    const AbiUpdate abi(update, false, 7);
    const auto& raw = abi.raw();
    EXPECT_EQ(raw.size, sizeof raw);
    EXPECT_EQ(raw.is_full, 0U);
    EXPECT_EQ(raw.revision, 7U);
    EXPECT_EQ(raw.gone_count, 0U);
    ASSERT_EQ(raw.frontend_count, 3U);
    const auto& v4 = *raw.frontends[0];
    EXPECT_EQ(v4.size, sizeof v4);
    EXPECT_EQ(v4.without_backends, TWY_DROP);
    EXPECT_EQ(v4.affinity_seconds, 60U);
    EXPECT_EQ(sdk::view(v4.service), "shop/web:http");
    const auto key = sdk::testing::ServiceBuilder::key("10.96.0.1", 80, 6);
    EXPECT_EQ(std::memcmp(&v4.key, &key, sizeof key), 0);
    ASSERT_EQ(v4.backend_count, 2U);
    EXPECT_EQ(v4.backends[0].state, TWY_BACKEND_DRAINING);
    EXPECT_EQ(v4.backends[0].port, 8080);
    EXPECT_EQ(v4.backends[0].address[3], 1);
    EXPECT_EQ(v4.backends[1].state, TWY_BACKEND_READY);
    EXPECT_EQ(v4.backends[1].address[3], 2);
    const auto& none = *raw.frontends[1];
    EXPECT_EQ(sdk::view(none.service), "shop/db");
    EXPECT_EQ(none.without_backends, TWY_REFUSE);
    EXPECT_EQ(none.affinity_seconds, 0U);
    EXPECT_EQ(none.backend_count, 0U);
    const auto& v6 = *raw.frontends[2];
    EXPECT_EQ(v6.key.family, 6);
    EXPECT_EQ(v6.without_backends, TWY_DROP);
    EXPECT_EQ(v6.backend_count, 0U);
}

TEST_F(ServiceAbi, NamesWhatIsGoneInADifferenceOnly) {
    (void)index_.take();
    index_.remove_service({"shop", "web"});
    const auto update = index_.take();
    const AbiUpdate difference(update, false, 8);
    EXPECT_EQ(difference.raw().frontend_count, 0U);
    ASSERT_EQ(difference.raw().gone_count, 2U);
    EXPECT_EQ(difference.raw().gone[0].port, 80);
    const AbiUpdate full(update, true, 8);
    EXPECT_EQ(full.raw().is_full, 1U);
    EXPECT_EQ(full.raw().gone_count, 0U);
}

}  // namespace
}  // namespace terway::service
