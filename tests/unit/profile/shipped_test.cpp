// The profiles that are shipped, alone and in the manifests, are profiles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <yaml-cpp/yaml.h>

#include <boost/json.hpp>
#include <filesystem>
#include <map>

#include "base/file.hpp"
#include "profile/profile.hpp"

namespace terway::profile {
namespace {

namespace fs = std::filesystem;
using testing::Each;

std::optional<Profile> parsed(const std::string& text, const std::string& name) {
    Diagnostics diagnostics(name);
    auto profile = parse(text, diagnostics);
    EXPECT_TRUE(profile) << diagnostics.print();
    return profile;
}

std::vector<std::string> files(const std::string& folder, const std::string& extension) {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(std::string(TERWAY_ETC) + "/" + folder)) {
        if (entry.path().extension() == extension) {
            all.push_back(entry.path());
        }
    }
    EXPECT_FALSE(all.empty());
    return all;
}

std::map<std::string, YAML::Node> documents(const std::string& file) {
    std::map<std::string, YAML::Node> by_kind;
    for (const auto& document : YAML::LoadAllFromFile(file)) {
        by_kind[document["kind"].as<std::string>()] = document;
    }
    return by_kind;
}

TEST(ShippedProfile, IsOne) {
    for (const auto& file : files("profiles", ".toml")) {
        EXPECT_TRUE(parsed(read_file(file), file));
    }
}

TEST(ShippedManifest, HoldsAProfileForAClusterAndAConfigurationForItsRuntime) {
    for (const auto& file : files("kubernetes", ".yml")) {
        const auto data = documents(file)["ConfigMap"]["data"];
        const auto profile = parsed(data["profile.toml"].as<std::string>(), file);
        ASSERT_TRUE(profile);
        EXPECT_EQ(profile->kube.mode, KubeMode::InCluster);
        EXPECT_TRUE(profile->cni.install);
        EXPECT_EQ(profile->cni.conflist, "/etc/terway/10-terway.conflist");
        const auto configuration = boost::json::parse(data["10-terway.conflist"].as<std::string>());
        EXPECT_EQ(configuration.at("plugins").at(0).at("type"), "terway");
    }
}

TEST(ShippedManifest, MountsWhatTheProfileNames) {
    for (const auto& file : files("kubernetes", ".yml")) {
        const auto pod = documents(file)["DaemonSet"]["spec"]["template"]["spec"];
        std::map<std::string, std::string> volumes;  // name to path on the host
        for (const auto& volume : pod["volumes"]) {
            volumes[volume["name"].as<std::string>()] =
                volume["hostPath"] ? volume["hostPath"]["path"].as<std::string>() : "";
        }
        std::map<std::string, std::string> mounts;  // path in the container to path on the host
        for (const auto& mount : pod["containers"][0]["volumeMounts"]) {
            const auto name = mount["name"].as<std::string>();
            ASSERT_TRUE(volumes.contains(name)) << name;
            mounts[mount["mountPath"].as<std::string>()] = volumes[name];
        }
        const CniFiles cni;
        EXPECT_EQ(mounts[cni.bin_dir], "/opt/cni/bin") << file;
        EXPECT_EQ(mounts[cni.conf_dir], "/etc/cni/net.d") << file;
        EXPECT_EQ(mounts[Daemon().state_dir], "/var/lib/terway")
            << "the CNI binary's queue is there";
        EXPECT_EQ(mounts["/run/terway"], "/run/terway") << "the CNI binary's socket is there";
        EXPECT_TRUE(mounts.contains("/etc/terway"));
    }
}

TEST(ShippedManifest, AsksForNoMoreThanItUses) {
    for (const auto& file : files("kubernetes", ".yml")) {
        for (const auto& rule : documents(file)["ClusterRole"]["rules"]) {
            EXPECT_THAT(rule["resources"].as<std::vector<std::string>>(), Each(testing::Ne("*")));
            EXPECT_THAT(rule["verbs"].as<std::vector<std::string>>(),
                        Each(testing::AnyOf("get", "list", "watch", "patch", "create")));
        }
    }
}

}  // namespace
}  // namespace terway::profile
