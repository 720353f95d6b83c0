// Whatever eni_conf holds, what is made of it is TOML, and errors have a place.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "ctl/go_duration.hpp"
#include "ctl/import_eni_conf.hpp"
#include "ctl/toml_text.hpp"
#include "profile/section.hpp"
#include "profile/toml.hpp"
#include "terway/error.hpp"

namespace terway::ctl {
namespace {

namespace json = boost::json;

const std::vector<std::string> kKeys{"access_key",
                                     "access_secret",
                                     "vswitches",
                                     "security_group",
                                     "security_groups",
                                     "resource_group_id",
                                     "eni_tags",
                                     "eni_tag_filter",
                                     "eni_tag_block_list",
                                     "max_pool_size",
                                     "min_pool_size",
                                     "ip_warm_up_size",
                                     "idle_ip_reclaim_after",
                                     "ip_pool_sync_period",
                                     "max_eni",
                                     "eni_cap_ratio",
                                     "vswitch_selection_policy",
                                     "ip_stack",
                                     "enable_ip_prefix",
                                     "ipam_type",
                                     "rate_limit",
                                     "anything else"};

// Bytes that are awkward in TOML, JSON or both, and no invalid UTF-8.
std::string text() {
    return *rc::gen::container<std::string>(rc::gen::element('a', 'Z', '0', '"', '\\', '\n', '\r',
                                                             '\t', '#', '=', '[', ']', '.', ' ',
                                                             '\0', '\x1f', '\x7f', '\''));
}

json::value value(int depth) {
    switch (*rc::gen::inRange(0, depth > 0 ? 9 : 6)) {
        case 0:
            return nullptr;
        case 1:
            return *rc::gen::arbitrary<bool>();
        case 2:
            return *rc::gen::inRange<std::int64_t>(-10, 20'000);
        case 3:
            return 1.5;
        case 4:
            return json::string(*rc::gen::element<std::string>(
                "10m", "1h30m", "0", "-1s", "dual", "ipv6", "ordered", "random", "true"));
        case 5:
            return json::string(text());
        case 6: {
            json::array array;
            for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
                array.push_back(value(depth - 1));
            }
            return array;
        }
        case 7:
            return json::array{json::object{{"key", text()}, {"value", text()}}};
        default: {
            json::object object;
            for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
                object[text()] = value(depth - 1);
            }
            return object;
        }
    }
}

RC_GTEST_PROP(ImportProperty, WhateverTheKeysHoldTheProfileIsTomlWithFourTables, ()) {
    json::object conf;
    for (int i = *rc::gen::inRange(0, 12); i > 0; --i) {
        conf[*rc::gen::elementOf(kKeys)] = value(2);
    }
    const auto made = import_eni_conf(json::serialize(conf), {.credentials_file = "/k\n\"k"});
    profile::Diagnostics diagnostics("made");
    const auto table = profile::parse_toml(made.profile, diagnostics);
    RC_LOG() << made.profile << diagnostics.print();
    RC_ASSERT(table.has_value());
    std::vector<std::string> keys;
    for (const auto& entry : table->entries) {
        keys.push_back(entry.key);
    }
    RC_ASSERT(keys == (std::vector<std::string>{"profile", "chain", "pool", "cloud", "module"}));
    profile::Diagnostics about_keys("keys");
    RC_ASSERT(profile::parse_toml(made.credentials, about_keys).has_value());
}

RC_GTEST_PROP(ImportProperty, NoTextIsTooBrokenForAnErrorWithAPlace, ()) {
    auto conf = json::serialize(json::object{{"max_pool_size", 5}, {"eni_tags", {{"a", "b"}}}});
    conf.insert(*rc::gen::inRange<std::size_t>(0, conf.size()), text());
    conf.resize(*rc::gen::inRange<std::size_t>(0, conf.size()));
    try {
        (void)import_eni_conf(conf, {});
    } catch (const Error& error) {
        RC_ASSERT(std::string(error.what()).starts_with("eni_conf:"));
    }
}

RC_GTEST_PROP(ImportProperty, AStringComesBackFromTomlAsItWas, ()) {
    const auto before = text();
    profile::Diagnostics diagnostics("made");
    const auto table = profile::parse_toml("x = " + toml_string(before), diagnostics);
    RC_ASSERT(table.has_value());
    RC_ASSERT(table->find("x")->string == before);
}

RC_GTEST_PROP(ImportProperty, ADurationSurvivesTheWayFromGoToTheProfile, ()) {
    const auto hours = *rc::gen::inRange<std::int64_t>(0, 1'000);
    const auto rest = *rc::gen::inRange<std::int64_t>(0, 3'600'000);
    const auto span = parse_go_duration(std::to_string(hours) + "h" + std::to_string(rest) + "ms");
    RC_ASSERT(span.has_value());
    RC_ASSERT(span->count() == hours * 3'600'000 + rest);
    const auto toml = toml_duration(*span);
    const auto again = profile::parse_duration(std::string_view(toml).substr(1, toml.size() - 2));
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again >= *span);
    RC_ASSERT(*again - *span < std::chrono::seconds(1));
}

}  // namespace
}  // namespace terway::ctl
