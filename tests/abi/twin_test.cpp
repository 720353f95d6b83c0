// One module in C, the same in C++, and that one again from other compilers and runtimes: the
// daemon's own loader and the contract cannot tell them apart.
#include <gmock/gmock.h>

#include <string>

#include "host/module.hpp"
#include "host/probe.hpp"
#include "terway/testing.hpp"

namespace terway {
namespace {

using sdk::testing::ConfigTable;
using sdk::testing::EndpointBuilder;
using sdk::testing::FakeHost;
using sdk::testing::ModuleUnderTest;
using ::testing::HasSubstr;

template <class Verb>
Error failure_of(Verb&& verb) {
    try {
        verb();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "it did not fail";
    return {Status::Internal, ""};
}

class Twins : public ::testing::TestWithParam<const char*> {
protected:
    [[nodiscard]] static std::string path() {
        return std::string(TERWAY_TWINS_DIR "/") + GetParam() + ".so";
    }
    FakeHost host_;
};

TEST_P(Twins, SayWhoTheyAreWithoutBeingLoaded) {
    const auto probed = host::probe(path(), host::Trust::AnyOwner);
    EXPECT_EQ(probed.identity.id, "test.abi");
    EXPECT_EQ(probed.identity.version, "1.0");
    EXPECT_EQ(probed.identity.abi_major, TWY_ABI_MAJOR);
    EXPECT_EQ(probed.identity.abi_minor, TWY_ABI_MINOR);
    EXPECT_EQ(probed.identity.kinds, 9U);
}

TEST_P(Twins, AreLoadedByTheDaemonsLoader) {
    const auto module = host::Module::load(host::probe(path(), host::Trust::AnyOwner));
    EXPECT_EQ(module->requirements(), std::vector<std::string>{"kernel>=4.19"});
    EXPECT_NE(module->dataplane(), nullptr);
    EXPECT_NE(module->eni(), nullptr);
    EXPECT_EQ(module->qos(), nullptr);
}

TEST_P(Twins, ComplainAboutAnUnknownKeyAtItsPlace) {
    ModuleUnderTest module(path(), host_);
    const auto error = failure_of(
        [&] { module.configure(ConfigTable().integer("mtu", 1400).integer("mtuu", 1).at(5, 3)); });
    EXPECT_EQ(error.status(), Status::Invalid);
    ASSERT_EQ(host_.complaints().size(), 1U);
    EXPECT_EQ(host_.complaints()[0].line, 5U);
    EXPECT_EQ(host_.complaints()[0].column, 3U);
    EXPECT_THAT(host_.complaints()[0].text, HasSubstr("unknown key"));
}

TEST_P(Twins, GoThroughTheLifeOfAnEndpoint) {
    ModuleUnderTest module(path(), host_);
    module.configure(ConfigTable().integer("mtu", 1400));
    module.preflight();
    const auto range = sdk::testing::prefix("10.0.0.0/24");
    module.start({&range, 1});
    EXPECT_EQ(host_.log_lines().at(0).text, "routed");

    EndpointBuilder endpoint("c1");
    const auto made = module.attach(endpoint);
    EXPECT_EQ(made.mtu, 1400U);
    EXPECT_STREQ(made.host_ifname, "calic1");
    EXPECT_EQ(endpoint.state(), "c1");
    module.activate(endpoint, made);
    EXPECT_EQ(module.adopt(endpoint).pod_ifindex, made.pod_ifindex);
    module.detach(endpoint);
    EXPECT_EQ(host_.retired_links(), std::vector<std::uint32_t>{42});
    module.purge();
}

TEST_P(Twins, PrepareCheckAndForgetAnEni) {
    ModuleUnderTest module(path(), host_);
    const auto address = sdk::testing::prefix("10.0.0.5");
    module.start({}, {&address, 1});
    EXPECT_EQ(host_.log_lines().at(0).text, "by ENI");
    sdk::testing::EniBuilder eni("eni-1");
    const auto error = failure_of([&] { module.prepare_eni(eni); });
    EXPECT_EQ(error.status(), Status::Invalid);
    EXPECT_STREQ(error.what(), "an ENI without gateway");
    eni.ifindex(3).subnet("10.0.0.0/24").gateway("10.0.0.253");
    module.prepare_eni(eni);
    module.check_eni(eni);
    module.forget_eni(eni);
}

TEST_P(Twins, CarryStatusTextAndErrnoAcross) {
    ModuleUnderTest module(path(), host_);
    EndpointBuilder endpoint("c1");
    const auto missing = failure_of([&] { module.check(endpoint); });
    EXPECT_EQ(missing.status(), Status::Internal);
    EXPECT_EQ(missing.sys_errno(), EIO);
    EXPECT_STREQ(missing.what(), "link eth0 is missing");
    EXPECT_EQ(failure_of([&] { module.adopt(endpoint); }).status(), Status::Gone);
    host_.set_call_budget(std::chrono::milliseconds(0));
    EXPECT_EQ(failure_of([&] { module.attach(endpoint); }).status(), Status::Retry);
}

TEST_P(Twins, LeaveAnAttachmentOfAnOlderHostInBounds) {
    ModuleUnderTest module(path(), host_);
    // A host that knows nothing of the members after host_ifname.
    struct {
        twy_attachment old;
    } memory{};
    memory.old.size = offsetof(twy_attachment, gateway_count);
    memory.old.gateway_count = 0xaaaaaaaa;
    FakeHost::Operation operation(host_);
    const EndpointBuilder endpoint("c1");
    const auto raw = endpoint.raw();
    auto error = sdk::sized<twy_error>();
    ASSERT_EQ(
        module.dataplane().attach(module.instance(), operation.raw(), &raw, &memory.old, &error),
        TWY_OK);
    EXPECT_EQ(memory.old.pod_ifindex, 7U);
    EXPECT_EQ(memory.old.gateway_count, 0xaaaaaaaa);
    EXPECT_EQ(memory.old.size, offsetof(twy_attachment, gateway_count));
}

INSTANTIATE_TEST_SUITE_P(Abi, Twins,
                         ::testing::Values("c_module", "cpp_module", "cpp_module_clang",
                                           "cpp_module_static"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST(Wrapper, TurnsWhatIsNoExceptionIntoAnError) {
    FakeHost host;
    ModuleUnderTest module(TERWAY_TWINS_DIR "/cpp_module.so", host);
    EndpointBuilder endpoint("throws-an-int");
    const auto error = failure_of([&] { module.attach(endpoint); });
    EXPECT_EQ(error.status(), Status::Internal);
    EXPECT_THAT(error.what(), HasSubstr("no std::exception"));
}

TEST(Wrapper, NamesBothSidesWhenTheContractDiffers) {
    const auto error =
        failure_of([] { (void)sdk::testing::load_module(TERWAY_TWINS_DIR "/stranger.so"); });
    EXPECT_EQ(error.status(), Status::Unsupported);
    EXPECT_THAT(error.what(), HasSubstr("needs terway ABI 9.9"));
}

}  // namespace
}  // namespace terway
