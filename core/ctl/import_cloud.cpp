#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ctl/import_parts.hpp"

namespace terway::ctl {
namespace {

using StringMap = std::map<std::string, std::string>;

constexpr std::size_t kUsualGroups = 5;
constexpr std::size_t kMostTags = 20;
constexpr const char* kClusterTag = "ack.aliyun.com";

std::string plural(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

class CloudPart {
public:
    CloudPart(EniConf& conf, const ImportOptions& options, TomlText& out)
        : conf_(conf), options_(options), out_(out) {}

    [[nodiscard]] std::string cloud() {
        out_.section("cloud");
        vswitches();
        vswitch_policy();
        security_groups();
        if (const auto group = conf_.string("resource_group_id")) {
            out_.value("resource_group", toml_string(*group));
        }
        auto tags = tags_for_new_enis();
        if (const auto cluster = tags.find(kClusterTag); cluster != tags.end()) {
            out_.value("cluster", toml_string(cluster->second),
                       std::string("from the tag ") + kClusterTag);
        } else {
            out_.comment(
                "cluster = \"...\"       # keeps the ENIs of several clusters in one VPC apart");
            conf_.defaulted("cluster", "empty; give each cluster in the VPC a name of its own");
        }
        access_keys();
        table("tags", tags);
        table("only_tags", conf_.string_map("eni_tag_filter"));
        table("block_tags", blocked());
        return credentials_;
    }

private:
    void table(const std::string& name, const StringMap& content) {
        if (!content.empty()) {
            out_.section("cloud." + name);
            out_.strings(content);
        }
    }

    void vswitches() {
        auto zones = conf_.lists("vswitches");
        if (!options_.zone.empty()) {
            std::erase_if(zones, [&](const auto& each) { return each.first != options_.zone; });
            if (zones.empty()) {
                conf_.note("vswitches", "there are none for the zone \"" + options_.zone + "\"");
            }
        }
        std::vector<std::string> all;
        for (const auto& [zone, ids] : zones) {
            out_.comment(toml_string(zone) + ": " + toml_strings(ids));
            for (const auto& id : ids) {
                if (std::find(all.begin(), all.end(), id) == all.end()) {
                    all.push_back(id);
                }
            }
        }
        if (all.empty()) {
            conf_.defaulted("vswitches", "the vSwitch of the primary ENI");
            return;
        }
        out_.value("vswitches", toml_strings(all));
        if (zones.size() > 1) {
            conf_.note("vswitches", "of " + plural(zones.size(), "zone") +
                                        "; an ENI must be in its instance's zone: --zone makes "
                                        "a profile for the nodes of one");
        }
    }

    void vswitch_policy() {
        const auto policy = conf_.string("vswitch_selection_policy");
        if (!policy) {
            out_.value("vswitch_policy", "\"random\"", "what the original does unasked");
        } else if (*policy == "random") {
            out_.value("vswitch_policy", "\"random\"");
        } else if (*policy == "ordered" || *policy == "most") {
            out_.value("vswitch_policy", "\"most-free\"", "what the original calls \"ordered\"");
            conf_.note("vswitch_selection_policy",
                       "\"ordered\" is \"most-free\" here; \"ordered\" here means in the order "
                       "of the list");
        } else {
            out_.value("vswitch_policy", "\"random\"");
            conf_.wrong("vswitch_selection_policy", "must be \"random\" or \"ordered\", not \"" +
                                                        *policy + "\"; left at \"random\"");
        }
    }

    void security_groups() {
        std::set<std::string> groups;
        for (auto& id : conf_.strings("security_groups")) {
            groups.insert(std::move(id));
        }
        if (auto one = conf_.string("security_group")) {
            groups.insert(std::move(*one));
        }
        groups.erase("");
        if (groups.empty()) {
            conf_.defaulted("security_groups", "those of the primary ENI");
            return;
        }
        out_.value("security_groups", toml_strings({groups.begin(), groups.end()}));
        if (groups.size() > kUsualGroups) {
            conf_.note(conf_.has("security_groups") ? "security_groups" : "security_group",
                       plural(groups.size(), "group") + "; without a raised quota an ENI takes 5");
        }
    }

    [[nodiscard]] StringMap tags_for_new_enis() {
        auto tags = conf_.string_map("eni_tags");
        std::erase_if(tags, [this](const auto& tag) {
            const bool reserved = tag.first.empty() || tag.first.starts_with("aliyun") ||
                                  tag.first.starts_with("acs:");
            if (reserved) {
                conf_.wrong("eni_tags",
                            "the cloud refuses the key \"" + tag.first + "\"; left out");
            }
            return reserved;
        });
        if (tags.size() > kMostTags) {
            conf_.wrong("eni_tags",
                        plural(tags.size(), "tag") + "; the cloud takes 20, ours included");
        }
        if (!tags.contains("creator")) {
            conf_.note("eni_tags",
                       "the original adds creator=terway; here \"terway.cluster\" marks our ENIs");
        }
        return tags;
    }

    [[nodiscard]] StringMap blocked() {
        if (!conf_.has("eni_tag_block_list")) {
            (void)conf_.take("eni_tag_block_list");
            conf_.defaulted("eni_tag_block_list", "the original's own list, written out");
            return {{"creator", "alibabacloud-erdma-controller"},
                    {"terway.alibabacloud.com/excluded", "true"}};
        }
        StringMap tags;
        for (const auto& [key, value] : conf_.pairs("eni_tag_block_list")) {
            const auto [kept, fresh] = tags.emplace(key, value);
            if (!fresh && kept->second != value) {
                conf_.no_equivalent(
                    "eni_tag_block_list",
                    "a key stands for one value only; the other of \"" + key + "\" is left out");
            }
        }
        return tags;
    }

    void access_keys() {
        const auto id = conf_.string("access_key");
        const auto secret = conf_.string("access_secret");
        if (!id && !secret) {
            return;
        }
        if (!id || !secret) {
            conf_.wrong(id ? "access_key" : "access_secret",
                        std::string(id ? "access_secret" : "access_key") +
                            " is missing beside it; left out");
            return;
        }
        if (options_.credentials_file.empty()) {
            conf_.note(
                "access_key",
                "keys do not belong in a profile: --credentials FILE writes them to a file of "
                "their own; better is a RAM role or RRSA");
            return;
        }
        out_.value("credentials", "\"file\"");
        out_.value("credentials_file", toml_string(options_.credentials_file));
        TomlText keys;
        keys.comment("Made by terwayctl import-eni-conf. Root's alone.");
        keys.value("access_key_id", toml_string(*id));
        keys.value("access_key_secret", toml_string(*secret));
        credentials_ = keys.text();
    }

    EniConf& conf_;
    const ImportOptions& options_;
    TomlText& out_;
    std::string credentials_;
};

}  // namespace

std::string import_cloud(EniConf& conf, const ImportOptions& options, TomlText& out) {
    return CloudPart(conf, options, out).cloud();
}

}  // namespace terway::ctl
