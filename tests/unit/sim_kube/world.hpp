// The API without network: one request, one answer, under a clock that stands still.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "sim/kube/api.hpp"

namespace terway::sim::kube {

struct Heard {
    unsigned status = 0;
    std::string text;
    json::value body;

    // "metadata.name", with numbers for elements of lists; null if there is nothing.
    [[nodiscard]] json::value at(const std::string& path) const {
        boost::system::error_code error;
        const json::value* found = body.find_pointer(path, error);
        return found == nullptr ? json::value() : *found;
    }
    [[nodiscard]] std::string text_of(const std::string& path) const {
        const json::value value = at(path);
        return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
    }
    // metadata.name of each item.
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (const auto& item : body.at("items").as_array()) {
            all.push_back(meta_text(item.as_object(), "name"));
        }
        return all;
    }
};

class World : public ::testing::Test {
protected:
    WallTime now_{std::chrono::seconds(1767323045)};  // 2026-01-02T03:04:05Z
    Api api_;
    std::string token_ = "admin";
    std::string accept_ = "application/json";

    explicit World(const ApiOptions& options = {}) : api_(options, now_) {
        api_.users().add("admin", "admin", {"system:masters"});
    }

    ApiAnswer raw(const std::string& method, const std::string& target,
                  const std::string& body = "", const std::string& type = "application/json") {
        HttpRequest request;
        request.method = method;
        request.target = target;
        request.body = body;
        request.headers = {{"content-type", type}, {"accept", accept_}};
        if (!token_.empty()) {
            request.headers.emplace_back("authorization", "Bearer " + token_);
        }
        return api_.handle(request, now_);
    }

    Heard ask(const std::string& method, const std::string& target, const std::string& body = "",
              const std::string& type = "application/json") {
        const Answer answer = raw(method, target, body, type).answer;
        boost::system::error_code error;
        return {answer.status, answer.body, json::parse(answer.body, error)};
    }
    Heard get(const std::string& target) { return ask("GET", target); }

    static std::string pod(const std::string& name, const std::string& node = "",
                           const std::string& labels = "{}") {
        return R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")" + name + R"(","labels":)" +
               labels + R"(},"spec":{"nodeName":")" + node +
               R"(","containers":[{"name":"c","image":"i"}]}})";
    }
    Heard make_pod(const std::string& name, const std::string& node = "",
                   const std::string& labels = "{}") {
        return ask("POST", kPods, pod(name, node, labels));
    }
    // What a watch says now, event by event: "ADDED a".
    std::vector<std::string> heard(Watch& watch) {
        std::vector<std::string> all;
        for (;;) {
            const auto step = watch.next(api_.store(), now_);
            std::string line;
            for (const char c : step.text) {
                if (c != '\n') {
                    line += c;
                    continue;
                }
                const json::object event = json::parse(line).as_object();
                const json::object& object = event.at("object").as_object();
                const std::string name = meta_text(object, "name");
                all.push_back(text_at(event, {"type"}) + (name.empty() ? "" : " " + name));
                last_object_ = object;
                line.clear();
            }
            if (step.end) {
                all.emplace_back("END");
            }
            if (step.end || step.text.empty()) {
                return all;
            }
        }
    }
    json::object last_object_;

    static constexpr const char* kPods = "/api/v1/namespaces/default/pods";
    static constexpr const char* kMerge = "application/merge-patch+json";
    static constexpr const char* kStrategic = "application/strategic-merge-patch+json";
    static constexpr const char* kJson = "application/json-patch+json";
};

}  // namespace terway::sim::kube
