#include "sim/cloud/settings.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <functional>

#include "terway/error.hpp"

namespace terway::sim {
namespace {

[[noreturn]] void complain(const std::string& what, const std::string& value,
                           const std::string& expected) {
    throw Error(Status::Invalid, what + ": \"" + value + "\" is not " + expected);
}

template <class Number>
Number number(const std::string& what, const std::string& text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) {
        complain(what, text, "a number that is not negative");
    }
    return value;
}

bool boolean(const std::string& what, const std::string& text) {
    if (text != "true" && text != "false") {
        complain(what, text, "true or false");
    }
    return text == "true";
}

Milliseconds duration(const std::string& text) {
    const auto digits = text.find_first_not_of("0123456789");
    const std::string unit = digits == std::string::npos ? "ms" : text.substr(digits);
    const std::map<std::string, std::int64_t> units{
        {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    const auto found = units.find(unit);
    if (found == units.end() || digits == 0) {
        complain("duration", text, "a time such as 250ms, 2s, 10m or 1h");
    }
    return Milliseconds(number<std::int64_t>("duration", text.substr(0, digits)) * found->second);
}

std::string text_of(Milliseconds time) {
    return time.count() % 1000 == 0 && time.count() != 0 ? fmt::format("{}s", time.count() / 1000)
                                                         : fmt::format("{}ms", time.count());
}

Throttle throttle_of(const std::string& key, const std::string& value) {
    const auto slash = value.find('/');
    Throttle throttle{number<double>(key, value.substr(0, slash)), 0};
    if (slash != std::string::npos) {
        throttle.burst = number<double>(key, value.substr(slash + 1));
    }
    return throttle;
}

std::string text_of(const Throttle& throttle) {
    return throttle.burst == 0 ? fmt::format("{}", throttle.per_minute)
                               : fmt::format("{}/{}", throttle.per_minute, throttle.burst);
}

const std::map<std::string, Range Settings::*>& ranges() {
    static const std::map<std::string, Range Settings::*> all{
        {"create", &Settings::create},   {"attach", &Settings::attach},
        {"detach", &Settings::detach},   {"delete", &Settings::remove},
        {"route", &Settings::route},     {"metadata_lag", &Settings::metadata_lag},
        {"latency", &Settings::latency},
    };
    return all;
}

const std::map<std::string, std::size_t Settings::*>& quotas() {
    static const std::map<std::string, std::size_t Settings::*> all{
        {"eni_quota", &Settings::eni_quota},
        {"security_group_quota", &Settings::security_group_quota},
        {"route_quota", &Settings::route_quota},
        {"page_limit", &Settings::page_limit},
    };
    return all;
}

const std::map<std::string, bool Settings::*>& switches() {
    static const std::map<std::string, bool Settings::*> all{
        {"retry_after", &Settings::retry_after},
        {"metadata_token_required", &Settings::metadata_token_required},
    };
    return all;
}

void take_profile(Settings& settings, const std::string& name) {
    if (name != "zero" && name != "realistic") {
        complain("profile", name, "zero or realistic");
    }
    const Settings from = name == "zero" ? Settings::zero() : Settings::realistic();
    for (const auto& [key, member] : ranges()) {
        settings.*member = from.*member;
    }
    settings.throttles = from.throttles;
}

}  // namespace

Range Range::parse(const std::string& text) {
    const auto dots = text.find("..");
    if (dots == std::string::npos) {
        return {duration(text), duration(text)};
    }
    const Range range{duration(text.substr(0, dots)), duration(text.substr(dots + 2))};
    if (range.least > range.most) {
        complain("range", text, "in order; write the smaller time first");
    }
    return range;
}

std::string Range::text() const {
    return least == most ? text_of(least) : text_of(least) + ".." + text_of(most);
}

Milliseconds Dice::within(const Range& range) {
    if (range.least >= range.most) {
        return range.least;
    }
    return Milliseconds(std::uniform_int_distribution<std::int64_t>(range.least.count(),
                                                                    range.most.count())(engine_));
}

bool Dice::chance(double rate) {
    return rate >= 1 || std::uniform_real_distribution<double>(0, 1)(engine_) < rate;
}

std::string Dice::uuid() {
    const std::uint64_t high = engine_();
    const std::uint64_t low = engine_();
    return fmt::format("{:08X}-{:04X}-4{:03X}-{:04X}-{:012X}", high >> 32U, (high >> 16U) & 0xffffU,
                       high & 0xfffU, 0x8000U | ((low >> 48U) & 0x3fffU), low & 0xffffffffffffU);
}

Settings Settings::zero() {
    return {};
}

Settings Settings::realistic() {
    using namespace std::chrono_literals;
    Settings settings;
    settings.create = {500ms, 1s};
    settings.attach = {2s, 4s};
    settings.detach = {2s, 4s};
    settings.remove = {1s, 2s};
    settings.route = {500ms, 2s};
    settings.metadata_lag = {500ms, 2s};
    settings.latency = {50ms, 150ms};
    settings.throttles = {{"*", {500, 0}}, {"DescribeNetworkInterfaces", {800, 0}}};
    for (const char* action :
         {"DetachNetworkInterface", "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses",
          "AssignIpv6Addresses", "UnassignIpv6Addresses", "DescribeInstanceTypes"}) {
        settings.throttles[action] = {400, 0};
    }
    for (const char* action : {"DescribeVSwitches", "DescribeVpcs", "DescribeRouteTableList",
                               "DescribeRouteEntryList", "CreateRouteEntry", "DeleteRouteEntry"}) {
        settings.throttles[action] = {300, 0};
    }
    return settings;
}

void Settings::set(const std::string& key, const std::string& value) {
    constexpr std::string_view kThrottle = "throttle.";
    constexpr std::string_view kDeny = "deny.";
    if (const auto range = ranges().find(key); range != ranges().end()) {
        this->*range->second = Range::parse(value);
    } else if (const auto quota = quotas().find(key); quota != quotas().end()) {
        this->*quota->second = number<std::size_t>(key, value);
    } else if (const auto flag = switches().find(key); flag != switches().end()) {
        this->*flag->second = boolean(key, value);
    } else if (key == "region") {
        region = value;
    } else if (key == "account") {
        account = value;
    } else if (key == "profile") {
        take_profile(*this, value);
    } else if (key == "stale") {
        stale = Range::parse(value).most;
    } else if (key == "role_session") {
        role_session = std::chrono::ceil<std::chrono::seconds>(Range::parse(value).most);
    } else if (key == "metadata_throttle") {
        metadata_throttle = throttle_of(key, value);
    } else if (key.starts_with(kThrottle)) {
        throttles[key.substr(kThrottle.size())] = throttle_of(key, value);
    } else if (key.starts_with(kDeny)) {
        const auto action = key.substr(kDeny.size());
        boolean(key, value) ? void(denied.insert(action)) : void(denied.erase(action));
    } else {
        std::string known =
            "profile region account stale role_session metadata_throttle throttle.ACTION "
            "deny.ACTION";
        for (const auto& [name, member] : list()) {
            known += known.find(name) == std::string::npos ? " " + name : "";
        }
        complain("setting", key, "known; the settings are " + known);
    }
}

std::vector<std::pair<std::string, std::string>> Settings::list() const {
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& [key, member] : ranges()) {
        all.emplace_back(key, (this->*member).text());
    }
    for (const auto& [key, member] : quotas()) {
        all.emplace_back(key, std::to_string(this->*member));
    }
    for (const auto& [key, member] : switches()) {
        all.emplace_back(key, this->*member ? "true" : "false");
    }
    all.emplace_back("stale", text_of(stale));
    all.emplace_back("role_session", text_of(role_session));
    all.emplace_back("metadata_throttle", text_of(metadata_throttle));
    for (const auto& [action, throttle] : throttles) {
        all.emplace_back("throttle." + action, text_of(throttle));
    }
    for (const auto& action : denied) {
        all.emplace_back("deny." + action, "true");
    }
    return all;
}

bool glob_matches(const std::string& pattern, const std::string& text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string::npos;
    std::size_t mark = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            mark = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string::npos) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string::npos;
}

}  // namespace terway::sim
