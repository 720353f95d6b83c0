#include "sim/cloud/metadata.hpp"

#include <charconv>

namespace terway::sim {
namespace {

constexpr const char* kTtl = "x-aliyun-ecs-metadata-token-ttl-seconds";
constexpr const char* kToken = "x-aliyun-ecs-metadata-token";
constexpr int kLongest = 21600;

Answer plain(unsigned status, const std::string& text) {
    Answer answer;
    answer.status = status;
    answer.content_type = "text/plain";
    answer.body = text;
    answer.code = status == 200 ? "" : text;
    return answer;
}

}  // namespace

std::string MetadataService::instance_at(const Model& model, const IpAddress& source) {
    const Eni* eni = model.owner(source);
    std::uint8_t longest = 0;
    if (eni == nullptr) {
        for (const auto& [destination, route] : model.routes()) {
            if (destination.contains(source) && destination.length() >= longest) {
                longest = destination.length();
                eni = model.next_hop(route);
            }
        }
    }
    return eni == nullptr || !eni->attachment ? "" : eni->attachment->instance;
}

Answer MetadataService::answer(Cloud& cloud, const HttpRequest& request,
                               const std::string& instance, WallTime now) {
    if (instance.empty()) {
        return plain(404, "Not Found");
    }
    const auto wait =
        cloud.buckets().take("metadata " + instance, cloud.settings().metadata_throttle, now);
    if (wait) {
        return plain(429, "Too Many Requests");
    }
    constexpr std::string_view kRoot = "/latest/";
    const std::string path = request.path();
    if (request.method == "PUT" && path == "/latest/api/token") {
        return issue_token(cloud, request, instance, now);
    }
    if (request.method != "GET") {
        return plain(405, "Method Not Allowed");
    }
    if (request.has_header(kToken)) {
        const auto found = tokens_.find(request.header(kToken));
        if (found == tokens_.end() || found->second.instance != instance ||
            now >= found->second.expires) {
            return plain(401, "Unauthorized");
        }
    } else if (cloud.settings().metadata_token_required) {
        return plain(403, "Forbidden");
    }
    if (!path.starts_with(kRoot)) {
        return plain(404, "Not Found");
    }
    const auto value = metadata_value(cloud, path.substr(kRoot.size()), instance, now);
    return value ? plain(200, *value) : plain(404, "Not Found");
}

Answer MetadataService::issue_token(Cloud& cloud, const HttpRequest& request,
                                    const std::string& instance, WallTime now) {
    if (request.has_header("x-forwarded-for")) {
        return plain(403, "Forbidden");
    }
    const std::string text = request.header(kTtl);
    int seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds < 1 ||
        seconds > kLongest) {
        return plain(400, "Bad Request");
    }
    std::erase_if(tokens_, [&](const auto& entry) { return now >= entry.second.expires; });
    const std::string token = "SIM" + cloud.dice().uuid();
    tokens_.emplace(token, Token{instance, now + std::chrono::seconds(seconds)});
    return plain(200, token);
}

}  // namespace terway::sim
