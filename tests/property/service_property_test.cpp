// What the index says of Services beside an evaluator that begins anew each time, after any edits.
// TERWAY_SERVICE_CASES says how many clusters, TERWAY_SERVICE_SEED which ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>

#include "service/index.hpp"
#include "service_naive.hpp"

namespace terway::service_test {
namespace {

using kube::Protocol;
using kube::Word;
using service::FrontendPtr;
using service::Index;
using service::Update;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const auto* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::stoull(text);
}

class Chance {
public:
    explicit Chance(std::uint64_t seed) : engine_(seed) {}
    [[nodiscard]] std::size_t below(std::size_t limit) { return engine_() % limit; }
    [[nodiscard]] bool percent(unsigned chance) { return below(100) < chance; }
    [[nodiscard]] std::string pick(std::initializer_list<const char*> texts) {
        return *(texts.begin() + below(texts.size()));
    }

private:
    std::mt19937_64 engine_;
};

IpAddress v4(const std::string& net, std::size_t last) {
    return IpAddress::parse(net + "." + std::to_string(last)).value();
}
IpAddress v6(const std::string& net, std::size_t last) {
    return IpAddress::parse(net + "::" + std::to_string(last)).value();
}

Protocol random_protocol(Chance& chance) {
    return chance.percent(60) ? Protocol::Tcp : chance.percent(80) ? Protocol::Udp : Protocol::Sctp;
}

// Cluster IPs are nobody else's, as the API server sees to it; external ones are anybody's.
kube::Service random_service(Chance& chance, const std::string& space, const std::string& name,
                             std::size_t number) {
    kube::Service made;
    made.meta.space = Word(space);
    made.meta.name = Word(name);
    made.created = Word("2024-01-0" + std::to_string(1 + chance.below(3)) + "T00:00:00Z");
    made.type = chance.percent(5) ? kube::ServiceType::ExternalName : kube::ServiceType::ClusterIp;
    made.proxy = Word(chance.percent(5) ? "mesh" : "");
    if (chance.percent(90)) {
        made.cluster_ips.push_back(v4("10.96.0", number));
    }
    if (chance.percent(50)) {
        made.cluster_ips.push_back(v6("fd00", number));
    }
    made.is_headless = made.cluster_ips.empty();
    for (std::size_t i = chance.below(3); i > 0; --i) {
        made.external_ips.push_back(chance.percent(70) ? v4("10.9.0", 1 + chance.below(3))
                                                       : v4("10.96.0", 1 + chance.below(4)));
    }
    if (chance.percent(30)) {
        made.balancer_ips.push_back(v4("10.9.0", 1 + chance.below(3)));
    }
    for (std::size_t i = 1 + chance.below(2); i > 0; --i) {
        made.ports.push_back(
            {Word(chance.pick({"", "http", "dns"})), random_protocol(chance),
             static_cast<std::uint16_t>(80 + chance.below(2)),
             static_cast<std::uint16_t>(chance.percent(30) ? 30000 + chance.below(3) : 0)});
    }
    made.affinity_seconds = chance.percent(20) ? 60 : 0;
    made.is_local = chance.percent(30);
    return made;
}

kube::EndpointSlice random_slice(Chance& chance, const std::string& space,
                                 const std::string& name) {
    kube::EndpointSlice made;
    made.meta.space = Word(space);
    made.meta.name = Word(name);
    made.service = Word(chance.pick({"a", "b", "c", ""}));
    made.family = chance.percent(70) ? Family::V4 : Family::V6;
    const bool hinted = chance.percent(50);
    for (std::size_t i = chance.below(5); i > 0; --i) {
        kube::SliceEndpoint endpoint;
        const auto last = 1 + chance.below(4);
        endpoint.address = made.family == Family::V4 ? v4("10.1.0", last) : v6("fd01", last);
        endpoint.is_ready = chance.percent(50);
        endpoint.is_serving = endpoint.is_ready || chance.percent(60);
        endpoint.is_terminating = !endpoint.is_ready && chance.percent(60);
        endpoint.node = Word(chance.pick({"n1", "n2", ""}));
        if (hinted && chance.percent(90)) {
            endpoint.zones = Word(chance.pick({"x", "y", "x,y"}));
        }
        if (hinted && chance.percent(40)) {
            endpoint.nodes = Word(chance.pick({"n1", "n2", "n1,n2"}));
        }
        made.endpoints.push_back(endpoint);
    }
    for (std::size_t i = 1 + chance.below(2); i > 0; --i) {
        made.ports.push_back({Word(chance.pick({"", "http", "dns"})), random_protocol(chance),
                              static_cast<std::uint16_t>(8080 + chance.below(2))});
    }
    return made;
}

service::NodeFacts random_facts(Chance& chance) {
    service::NodeFacts facts{chance.pick({"n1", "n2", "n3"}), chance.pick({"x", "y", ""}), {}};
    if (chance.percent(80)) {
        facts.addresses.push_back(v4("192.168.0", 1 + chance.below(2)));
    }
    if (chance.percent(40)) {
        facts.addresses.push_back(v6("fd92", 1));
    }
    return facts;
}

std::string key_of(const service::FrontendKey& key) {
    return key.address.text() + " " + std::to_string(key.port) + " " +
           std::to_string(static_cast<int>(key.protocol));
}

std::string value_of(const service::Frontend& frontend) {
    auto text = frontend.service.text();
    text += text.find(':') == std::string::npos ? ":" : "";
    text += " " + std::to_string(frontend.affinity_seconds);
    for (const auto& each : *frontend.backends) {
        text += " " + each.address.text() + ":" + std::to_string(each.port) +
                (each.state == service::BackendState::Draining ? "-" : "");
    }
    return text + (frontend.without_backends == service::WithoutBackends::Drop ? " drop" : "");
}

// The index and what it has said so far, beside the cluster that it was told of.
class Told {
public:
    explicit Told(Chance& chance) : chance_(chance) { edit_facts(); }

    void edit() {
        switch (chance_.below(10)) {
            case 0:
            case 1:
            case 2:
                edit_service();
                break;
            case 9:
                edit_facts();
                break;
            default:
                edit_slice();
        }
    }
    // What take() says must be news, and nothing else.
    void take() {
        const Update update = index_.take();
        for (const auto& key : update.gone) {
            ASSERT_EQ(picture_.erase(key_of(key)), 1U) << key.text();
        }
        for (const auto& each : update.frontends) {
            ASSERT_TRUE(std::is_sorted(each->backends->begin(), each->backends->end()));
            const auto value = value_of(*each);
            auto& known = picture_[key_of(each->key)];
            ASSERT_NE(known, value) << each->key.text();
            known = value;
        }
    }
    void compare() const {
        const auto wanted = naive_picture(cluster_);
        ASSERT_EQ(picture_, wanted);
        Picture everything;
        for (const auto& each : index_.everything().frontends) {
            everything[key_of(each->key)] = value_of(*each);
        }
        ASSERT_EQ(everything, wanted);
        ASSERT_EQ(index_.frontends(), wanted.size());
    }

private:
    void edit_service() {
        const auto space = chance_.pick({"s", "t"});
        const auto name = chance_.pick({"a", "b", "c"});
        if (chance_.percent(25)) {
            cluster_.services.erase(space + "/" + name);
            index_.remove_service({space, name});
            return;
        }
        const auto number = static_cast<std::size_t>(name[0] - 'a') + (space == "s" ? 1 : 11);
        const auto made = random_service(chance_, space, name, number);
        cluster_.services[space + "/" + name] = made;
        index_.set_service(std::make_shared<const kube::Service>(made));
    }
    void edit_slice() {
        const auto space = chance_.pick({"s", "t"});
        const auto name = chance_.pick({"p", "q", "r", "u", "v"});
        if (chance_.percent(25)) {
            cluster_.slices.erase(space + "/" + name);
            index_.remove_slice({space, name});
            return;
        }
        const auto made = random_slice(chance_, space, name);
        cluster_.slices[space + "/" + name] = made;
        index_.set_slice(std::make_shared<const kube::EndpointSlice>(made));
    }
    void edit_facts() {
        cluster_.node = random_facts(chance_);
        index_.set_facts(cluster_.node);
    }

    Chance& chance_;
    Cluster cluster_;
    Index index_;
    Picture picture_;
};

TEST(ServiceProperty, TheIndexSaysWhatAnEvaluatorWithoutOneSaysAfterAnyEdits) {
    const auto first = from_environment("TERWAY_SERVICE_SEED", 1);
    const auto cases = from_environment("TERWAY_SERVICE_CASES", 300);
    for (auto seed = first; seed < first + cases; ++seed) {
        SCOPED_TRACE("TERWAY_SERVICE_CASES=1 TERWAY_SERVICE_SEED=" + std::to_string(seed));
        Chance chance(seed);
        Told told(chance);
        for (int round = 0; round < 40; ++round) {
            for (auto edits = 1 + chance.below(4); edits > 0; --edits) {
                told.edit();
            }
            ASSERT_NO_FATAL_FAILURE(told.take());
            ASSERT_NO_FATAL_FAILURE(told.compare());
        }
    }
}

}  // namespace
}  // namespace terway::service_test
