#include "cloud/settings.hpp"

#include <algorithm>

#include "terway/error.hpp"

namespace terway::cloud {
namespace {

const std::string& override_of(const Settings& settings, Product product) {
    switch (product) {
        case Product::Ecs:
            return settings.ecs_endpoint;
        case Product::Vpc:
            return settings.vpc_endpoint;
        case Product::Sts:
            break;
    }
    return settings.sts_endpoint;
}

std::string origin(std::string text, Product product) {
    if (text.find("://") == std::string::npos) {
        text = "https://" + text;
    }
    if (text.ends_with('/') && !text.ends_with("://")) {
        text.pop_back();
    }
    const bool known = text.starts_with("https://") || text.starts_with("http://");
    const auto host = text.substr(text.find("://") + 3);
    const bool clean = std::none_of(host.begin(), host.end(), [](char c) {
        return c <= ' ' || c > '~' || c == '/' || c == '?' || c == '#' || c == '@';
    });
    if (!known || host.empty() || !clean) {
        throw Error(Status::Invalid, name_of(product) + " endpoint \"" + text +
                                         "\" is not of the form https://host[:port]");
    }
    return text;
}

bool is_region(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
}

// These regions are older than the rule for public names.
bool is_central(const std::string& region) {
    static constexpr const char* kOld[] = {"cn-hangzhou", "cn-qingdao",  "cn-beijing",
                                           "cn-shanghai", "cn-shenzhen", "cn-hongkong"};
    return std::find(std::begin(kOld), std::end(kOld), region) != std::end(kOld);
}

std::string public_host(Product product, const std::string& region) {
    if (product == Product::Ecs && is_central(region)) {
        return "ecs-cn-hangzhou.aliyuncs.com";
    }
    if (product == Product::Vpc && is_central(region)) {
        return "vpc.aliyuncs.com";
    }
    return name_of(product) + "." + region + ".aliyuncs.com";
}

}  // namespace

std::string endpoint_of(const Settings& settings, Product product) {
    const auto& override = override_of(settings, product);
    if (!override.empty()) {
        return origin(override, product);
    }
    if (!is_region(settings.region)) {
        throw Error(Status::Invalid, "region \"" + settings.region +
                                         "\" is not of the form cn-hangzhou; it makes the name of "
                                         "the " +
                                         name_of(product) + " endpoint");
    }
    if (settings.network == "vpc") {
        return "https://" + name_of(product) + "-vpc." + settings.region + ".aliyuncs.com";
    }
    if (settings.network == "public") {
        return "https://" + public_host(product, settings.region);
    }
    throw Error(Status::Invalid,
                "cloud network \"" + settings.network + "\" is neither \"vpc\" nor \"public\"");
}

std::string version_of(Product product) {
    switch (product) {
        case Product::Ecs:
            return "2014-05-26";
        case Product::Vpc:
            return "2016-04-28";
        case Product::Sts:
            break;
    }
    return "2015-04-01";
}

std::string name_of(Product product) {
    switch (product) {
        case Product::Ecs:
            return "ecs";
        case Product::Vpc:
            return "vpc";
        case Product::Sts:
            break;
    }
    return "sts";
}

}  // namespace terway::cloud
