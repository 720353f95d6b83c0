#include "host/module.hpp"

#include <dlfcn.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/verb.hpp"
#include "host_testing.hpp"
#include "profile/profile.hpp"
#include "terway/error.hpp"
#include "terway/testing/service.hpp"

namespace terway::host {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Module, OffersTheInterfacesItAnnounces) {
    const auto module = load_test_module("good");
    EXPECT_EQ(module->id(), "good");
    EXPECT_EQ(module->version(), "1.2.3");
    EXPECT_THAT(module->requirements(), ElementsAre("kernel>=4.19", "netdev:veth"));
    EXPECT_NE(module->dataplane(), nullptr);
    EXPECT_NE(module->qos(), nullptr);
    EXPECT_EQ(module->policy(), nullptr);
    EXPECT_EQ(module->service(), nullptr);
}

TEST(Module, OfPolicyMayOfferServices) {
    const auto module = load_test_module("serves");
    EXPECT_TRUE(module->identity().offers(Kind::Policy));
    EXPECT_TRUE(module->identity().offers(Kind::Service));
    ASSERT_NE(module->service(), nullptr);

    sdk::testing::ServiceBuilder services;
    services.frontend("10.96.0.1", 80, 6, "default/web:http").backend("10.0.0.1", 8080);
    const auto update = services.full(3);
    FakeReaper reaper;
    twy_call call(after(std::chrono::hours(1)), reaper);
    const Answer answer = run_verb([&](twy_error* error) {
        return module->service()->apply(module->instance(), &call, &update, error);
    });
    EXPECT_EQ(answer.status, TWY_RETRY);
    EXPECT_STREQ(answer.error.message, "revision 3: default/web:http has 1 backend");
}

TEST(Module, MayLackRequirements) {
    EXPECT_TRUE(load_test_module("wild")->requirements().empty());
}

TEST(Module, MayBeCreatedTwiceFromOneFile) {
    const auto first = load_test_module("good");
    const auto second = load_test_module("good");
    EXPECT_NE(first->instance(), second->instance());
}

TEST(Module, StaysMappedWhenItsInstanceIsGone) {
    const auto path = probe(test_module("good"), Trust::AnyOwner).path;
    load_test_module("good").reset();
    void* still = ::dlopen(path.c_str(), RTLD_NOW | RTLD_NOLOAD);
    EXPECT_NE(still, nullptr);
    ::dlclose(still);
}

TEST(Module, IsRefusedWhenItsFileContradictsItself) {
    const auto refusal = [](const char* name, const char* reason) {
        EXPECT_THAT([&] { static_cast<void>(load_test_module(name)); },
                    ThrowsMessage<Error>(HasSubstr(reason)))
            << name;
    };
    refusal("descriptor-magic", ".so: its descriptor has the wrong magic number");
    refusal("two-abis", ".so: its descriptor and its ELF note name different ABI versions");
    refusal("two-ids", ".so: its descriptor and its ELF note name different ids");
    refusal("two-versions", ".so: its descriptor and its ELF note name different versions");
    refusal("short-descriptor", ".so: its descriptor is too short");
    refusal("no-purge", ".so: its descriptor lacks a function");
    refusal("no-descriptor", ".so: exports no terway_module");
    refusal("lacks-check", "module deviant: interface terway.dataplane/1: lacks a verb");
    refusal("short-table", "module deviant: interface terway.dataplane/1: lacks a verb");
    refusal("claims-policy",
            "module deviant: interface terway.policy/1: announced in its ELF note but not offered");
    refusal("claims-services",
            "module deviant: interface terway.service/1: announced in its ELF note but not "
            "offered");
    refusal("serves-without-verb", "module serves: interface terway.service/1: lacks a verb");
    refusal("hides-dataplane",
            "module deviant: interface terway.dataplane/1: offered but not announced");
    refusal("create-fails", "module deviant: create: no such luck");
    refusal("create-nothing", "module deviant: create: made no instance");
}

TEST(Module, OfAnotherAbiIsNeverMapped) {
    testing::internal::CaptureStderr();
    EXPECT_THAT([] { static_cast<void>(load_test_module("next-abi")); },
                ThrowsMessage<Error>(HasSubstr("needs terway ABI 0.99")));
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Module, IsNotLoadedFromAFileThatWasReplacedAfterTheProbe) {
    namespace fs = std::filesystem;
    const fs::path path = fs::path(TERWAY_TEST_SCRATCH) / "replaced.so";
    fs::create_directories(path.parent_path());
    fs::copy_file(test_module("good"), path, fs::copy_options::overwrite_existing);
    const auto probed = probe(path, Trust::AnyOwner);
    const fs::path other = path.string() + ".new";
    fs::copy_file(test_module("good"), other, fs::copy_options::overwrite_existing);
    fs::rename(other, path);
    EXPECT_THAT([&] { static_cast<void>(Module::load(probed)); },
                ThrowsMessage<Error>(EndsWith("replaced while it was being loaded")));
    fs::remove(path);
}

class Configure : public testing::Test {
protected:
    // The table of module "good" in a profile with these lines, from line 5 on.
    bool configure(const std::string& lines) {
        const auto profile = profile::parse(
            "profile = \"p\"\n[chain]\ndataplane = \"good\"\n[module.good]\n" + lines,
            diagnostics_);
        return module_->configure(profile.value().modules.at("good").table, diagnostics_);
    }

    std::unique_ptr<Module> module_ = load_test_module("good");
    profile::Diagnostics diagnostics_{"p"};
};

TEST_F(Configure, AcceptsWhatTheModuleKnows) {
    EXPECT_TRUE(configure("mtu = 1400\nmode = \"l3\"\nnames = [\"a\", \"b\"]\n"));
    EXPECT_EQ(diagnostics_.print(), "");
}

TEST_F(Configure, CollectsTheModulesComplaintsWithTheirPlaces) {
    EXPECT_FALSE(configure("mtu = 9\nmtuu = 1\nmode = \"l4\"\nnames = [\"a\",\n  \"\", 3]\n"));
    EXPECT_EQ(diagnostics_.print(),
              "p:5:7: error: mtu must lie between 576 and 9216\n"
              "p:6:1: error: unknown key \"mtuu\"\n"
              "p:7:8: error: mode must be one of \"l2\" \"l3\"\n"
              "p:9:3: error: a name is empty\n"
              "p:9:7: error: names must hold strings only\n");
}

TEST_F(Configure, PutsAFailureWithoutAComplaintAtTheTable) {
    module_ = load_test_module("plain");
    EXPECT_FALSE(configure(""));
    EXPECT_EQ(diagnostics_.print(), "p:4:1: error: module deviant: failed without a reason\n");
}

TEST(Module, TurnsFailuresOfItsSerialVerbsIntoErrors) {
    const auto good = load_test_module("good");
    EXPECT_NO_THROW(good->preflight());
    EXPECT_THAT([&] { good->purge(); }, ThrowsMessage<Error>(HasSubstr("module good: purge: ")));
    const auto deviant = load_test_module("plain");
    EXPECT_THAT([&] { deviant->preflight(); },
                ThrowsMessage<Error>("module deviant: preflight: out of the module"));
    EXPECT_THAT([&] { deviant->start(sdk::sized<twy_node>()); },
                ThrowsMessage<Error>("module deviant: start: failed without a reason"));
    EXPECT_THAT([&] { deviant->purge(); },
                ThrowsMessage<Error>("module deviant: purge: " + std::string(504, 'x')));
}

TEST(Module, KeepsTheStatusOfAFailureAndCallsAnUnknownOneInternal) {
    const auto deviant = load_test_module("plain");
    try {
        deviant->start(sdk::sized<twy_node>());
        FAIL() << "start succeeded";
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), Status::Internal);
    }
}

TEST(Module, RefusesANodeInPreflightWithItsOwnWords) {
    const auto module = load_test_module("good");
    profile::Diagnostics diagnostics("p");
    const auto profile = profile::parse(
        "profile = \"p\"\n[chain]\ndataplane = \"good\"\n[module.good]\nrefuse_preflight = true\n",
        diagnostics);
    ASSERT_TRUE(module->configure(profile.value().modules.at("good").table, diagnostics));
    EXPECT_THAT([&] { module->preflight(); },
                ThrowsMessage<Error>("module good: preflight: this node is too old"));
}

class LoadFromProfile : public testing::Test {
protected:
    static profile::Profile chain(const std::string& lines) {
        profile::Diagnostics diagnostics("p");
        auto profile = profile::parse("profile = \"p\"\n[daemon]\nmodule_dirs = [\"" +
                                          std::string(TERWAY_TEST_MODULES) + "\"]\n" + lines,
                                      diagnostics);
        EXPECT_EQ(diagnostics.print(), "");
        return std::move(profile).value();
    }
};

TEST_F(LoadFromProfile, SearchesTheModuleDirectories) {
    const auto profile = chain("[chain]\ndataplane = \"good\"\nqos = \"good\"\n");
    EXPECT_EQ(load_from_profile(profile, "good", Trust::AnyOwner)->id(), "good");
}

TEST_F(LoadFromProfile, TakesThePathOfTheProfile) {
    const auto profile = chain("[chain]\ndataplane = \"deviant\"\n[module.deviant]\npath = \"" +
                               test_module("plain") + "\"\n");
    EXPECT_EQ(load_from_profile(profile, "deviant", Trust::AnyOwner)->id(), "deviant");
}

TEST_F(LoadFromProfile, FindsAModuleThatOnlyAnOldRecordNames) {
    const auto profile = chain("[chain]\ndataplane = \"wild\"\n");
    const auto module = load_from_profile(profile, "good", Trust::AnyOwner);
    profile::Diagnostics diagnostics("p");
    EXPECT_TRUE(module->configure({}, diagnostics)) << diagnostics.print();
}

TEST_F(LoadFromProfile, RefusesAModuleInThePlaceOfAnother) {
    const auto profile = chain("[chain]\ndataplane = \"wild\"\nqos = \"wild\"\n");
    EXPECT_THAT([&] { static_cast<void>(load_from_profile(profile, "wild", Trust::AnyOwner)); },
                ThrowsMessage<Error>("wild.so: wild is no qos module"));
}

TEST_F(LoadFromProfile, HoldsThePinAgainstTheFile) {
    const auto profile = chain("[chain]\ndataplane = \"good\"\n[module.good]\nsha256 = \"" +
                               std::string(64, 'a') + "\"\n");
    EXPECT_THAT([&] { static_cast<void>(load_from_profile(profile, "good", Trust::AnyOwner)); },
                ThrowsMessage<Error>(HasSubstr("the profile pins aaaa")));
}

}  // namespace
}  // namespace terway::host
