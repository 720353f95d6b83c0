#include "cloud/metadata_client.hpp"

#include <algorithm>
#include <utility>

#include "cloud/metadata_text.hpp"
#include "terway/error.hpp"

namespace terway::cloud {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kTokenLife = 6h;
constexpr std::chrono::milliseconds kTimeout = 5s;

http::Options options_for(const std::string& base) {
    http::Options options;
    options.allow_plain = base.starts_with("http://");
    options.connect_timeout = 2s;
    options.max_body = 1U << 20U;
    return options;
}

bool passes(int status) {
    return status == 429 || status >= 500;
}

Error refusal(const std::string& path, int status) {
    std::string text = "metadata " + path + ": HTTP " + std::to_string(status);
    if (status == 401 || status == 403) {
        text += ": the instance demands a token and the service gave none that it accepts";
    }
    return {passes(status) ? Status::Retry : Status::Internal, text};
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    const auto last = text.find_last_not_of(" \t\r\n");
    return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

template <class Value>
Value the_first(std::vector<Value> values, const std::string& path) {
    if (values.empty()) {
        throw Error(Status::Internal, "metadata " + path + ": is empty");
    }
    return values.front();
}

}  // namespace

MetadataClient::MetadataClient(std::string base, Effects effects)
    : base_(std::move(base)), effects_(std::move(effects)), client_(options_for(base_)) {}

std::string MetadataClient::token(const Patience& patience) {
    {
        const MutexLock lock(mutex_);
        if (renew_at_ && effects_.steady() < *renew_at_) {
            return token_;
        }
    }
    http::Request request;
    request.method = "PUT";
    request.url = base_ + "/latest/api/token";
    request.headers = {
        {"X-aliyun-ecs-metadata-token-ttl-seconds", std::to_string(kTokenLife.count())}};
    request.timeout = kTimeout;
    const auto response = client_.send(request, patience.stop, patience.deadline);
    if (passes(response.status)) {
        throw refusal("/latest/api/token", response.status);
    }
    const MutexLock lock(mutex_);
    token_ = response.status == 200 ? trimmed(response.body) : "";
    renew_at_ = effects_.steady() + kTokenLife / 2;
    return token_;
}

void MetadataClient::forget(const std::string& token) {
    const MutexLock lock(mutex_);
    if (token_ == token) {
        renew_at_.reset();
    }
}

http::Response MetadataClient::ask(const std::string& path, const std::string& token,
                                   const Patience& patience) {
    http::Request request;
    request.url = base_ + path;
    request.timeout = kTimeout;
    if (!token.empty()) {
        request.headers = {{"X-aliyun-ecs-metadata-token", token}};
    }
    return client_.send(request, patience.stop, patience.deadline);
}

std::optional<std::string> MetadataClient::raw(const std::string& path, const Patience& patience) {
    if (std::any_of(path.begin(), path.end(), [](char c) { return c <= ' ' || c > '~'; })) {
        throw Error(Status::Invalid, "metadata path: a character that is not printable ASCII");
    }
    const auto whole = path.starts_with('/') ? path : "/latest/meta-data/" + path;
    bool renewed = false;
    for (unsigned attempt = 0;; ++attempt) {
        std::optional<Error> failure;
        try {
            const auto token_used = token(patience);
            auto response = ask(whole, token_used, patience);
            if (response.status == 200) {
                return std::move(response.body);
            }
            if (response.status == 404) {
                return std::nullopt;
            }
            failure = refusal(whole, response.status);
            if ((response.status == 401 || response.status == 403) && !renewed) {
                renewed = true;
                forget(token_used);
                continue;
            }
        } catch (const Error& error) {
            failure = error;
        }
        if (failure->status() != Status::Retry ||
            !effects_.pause(back_off(attempt, effects_.fraction(), 200ms, 5s), patience)) {
            throw Error(*failure);
        }
    }
}

std::string MetadataClient::line(const std::string& path, const Patience& patience) {
    const auto text = raw(path, patience);
    if (!text) {
        throw Error(Status::Internal, "metadata " + path + ": not there");
    }
    return trimmed(*text);
}

InstanceFacts MetadataClient::instance(const Patience& patience) {
    InstanceFacts facts;
    facts.instance = line("instance-id", patience);
    facts.type = line("instance/instance-type", patience);
    facts.region = line("region-id", patience);
    facts.zone = line("zone-id", patience);
    facts.vpc = line("vpc-id", patience);
    facts.vswitch = line("vswitch-id", patience);
    facts.mac = the_first(parse_macs(line("mac", patience), "mac"), "mac");
    facts.private_ipv4 =
        the_first(parse_addresses(line("private-ipv4", patience), "private-ipv4"), "private-ipv4");
    return facts;
}

std::vector<Mac> MetadataClient::macs(const Patience& patience) {
    const std::string path = "network/interfaces/macs/";
    return parse_macs(line(path, patience), path);
}

std::optional<NicFacts> MetadataClient::nic(const Mac& mac, const Patience& patience) {
    const auto directory = "network/interfaces/macs/" + mac.text() + "/";
    const auto leaf = [&](const std::string& name) {
        return raw(directory + name, patience).value_or("");
    };
    NicFacts facts;
    facts.mac = mac;
    facts.eni = trimmed(leaf("network-interface-id"));
    facts.vswitch = trimmed(leaf("vswitch-id"));
    const auto primary = parse_addresses(leaf("primary-ip-address"), directory);
    if (facts.eni.empty() || primary.empty()) {
        return std::nullopt;
    }
    facts.primary = primary.front();
    facts.ipv4 = parse_addresses(leaf("private-ipv4s"), directory + "private-ipv4s");
    if (std::find(facts.ipv4.begin(), facts.ipv4.end(), facts.primary) == facts.ipv4.end()) {
        facts.ipv4.insert(facts.ipv4.begin(), facts.primary);
    }
    facts.ipv6 = parse_addresses(leaf("ipv6s"), directory + "ipv6s");
    facts.ipv4_prefixes = parse_prefixes(leaf("ipv4-prefixes"), directory + "ipv4-prefixes");
    facts.ipv6_prefixes = parse_prefixes(leaf("ipv6-prefixes"), directory + "ipv6-prefixes");
    for (const auto* name : {"vswitch-cidr-block", "vswitch-ipv6-cidr-block"}) {
        const auto subnets = parse_prefixes(leaf(name), directory + name);
        facts.subnets.insert(facts.subnets.end(), subnets.begin(), subnets.end());
    }
    for (const auto* name : {"gateway", "ipv6-gateway"}) {
        const auto gateways = parse_addresses(leaf(name), directory + name);
        facts.gateways.insert(facts.gateways.end(), gateways.begin(), gateways.end());
    }
    return facts;
}

}  // namespace terway::cloud
