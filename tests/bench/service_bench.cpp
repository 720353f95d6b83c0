#include "service_bench.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <random>
#include <string>

#include "base/file.hpp"
#include "base/time.hpp"
#include "kube/cache.hpp"
#include "readings.hpp"
#include "samples.hpp"
#include "service/abi_update.hpp"
#include "service/index.hpp"

namespace terway::bench {
namespace {

namespace json = boost::json;

double ms_since(Deadline begun) {
    return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

double resident_mib() {
    return mib_of(read_file("/proc/self/status"), "VmRSS");
}

json::object meta(const std::string& name, const std::string& version) {
    return {{"name", name},
            {"namespace", "space-" + std::to_string(std::hash<std::string>()(name) % 500)},
            {"uid", "3f0c1a52-7f6b-4a53-9d0e-" + name},
            {"resourceVersion", version},
            {"creationTimestamp", "2024-05-01T12:00:00Z"},
            {"labels", json::object{{"app", name}, {"app.kubernetes.io/managed-by", "Helm"}}}};
}

std::string service_name(unsigned number) {
    return "service-" + std::to_string(number);
}

// As an API server shows it: with what is left to others.
json::object service(unsigned number) {
    const auto address =
        "10.96." + std::to_string(number / 250) + "." + std::to_string(1 + number % 250);
    return {{"metadata", meta(service_name(number), std::to_string(number + 1))},
            {"spec", json::object{{"clusterIP", address},
                                  {"clusterIPs", json::array{address}},
                                  {"internalTrafficPolicy", "Cluster"},
                                  {"ipFamilies", json::array{"IPv4"}},
                                  {"ipFamilyPolicy", "SingleStack"},
                                  {"ports", json::array{json::object{{"name", "http"},
                                                                     {"port", 80},
                                                                     {"protocol", "TCP"},
                                                                     {"targetPort", 8080}}}},
                                  {"selector", json::object{{"app", service_name(number)}}},
                                  {"sessionAffinity", "None"},
                                  {"type", "ClusterIP"}}},
            {"status", json::object{{"loadBalancer", json::object()}}}};
}

json::object endpoint(unsigned number) {
    const auto node = "node-" + std::to_string(number % 1'000);
    const std::string zone(1, static_cast<char>('g' + number % 3));
    return {
        {"addresses",
         json::array{"10." + std::to_string(100 + number / 62'500) + "." +
                     std::to_string(number / 250 % 250) + "." + std::to_string(1 + number % 250)}},
        {"conditions", json::object{{"ready", true}, {"serving", true}, {"terminating", false}}},
        {"nodeName", node},
        {"targetRef", json::object{{"kind", "Pod"},
                                   {"name", "pod-" + std::to_string(number)},
                                   {"namespace", "space"},
                                   {"uid", "uid-" + std::to_string(number)}}},
        {"zone", "cn-hangzhou-" + zone}};
}

json::object slice(unsigned number, unsigned count, unsigned first) {
    json::array endpoints;
    for (unsigned i = 0; i < count; ++i) {
        endpoints.push_back(endpoint(first + i));
    }
    auto made = meta(service_name(number) + "-abcde", std::to_string(number + 1));
    made["namespace"] = meta(service_name(number), "")["namespace"];
    made["labels"].as_object()["kubernetes.io/service-name"] = service_name(number);
    return {{"addressType", "IPv4"},
            {"metadata", std::move(made)},
            {"endpoints", std::move(endpoints)},
            {"ports",
             json::array{json::object{{"name", "http"}, {"port", 8080}, {"protocol", "TCP"}}}}};
}

template <class Make>
std::string list_of(unsigned count, const Make& make) {
    std::string text = R"({"metadata":{"resourceVersion":"1"},"items":[)";
    for (unsigned number = 0; number < count; ++number) {
        text += (number == 0 ? "" : ",") + json::serialize(make(number));
    }
    return text + "]}";
}

template <class Object>
std::vector<std::shared_ptr<const Object>> read(kube::Cache<Object>& cache,
                                                const std::string& text) {
    cache.begin_list();
    kube::ListReader reader(cache);
    reader.feed(text);
    reader.finish();
    cache.end_list();
    return cache.all();
}

template <class Object>
kube::Handlers<Object> trimmed() {
    kube::Handlers<Object> handlers;
    handlers.trim = [](Object& object) {
        object.meta.labels = {};
        object.meta.owners = {};
    };
    return handlers;
}

struct Lists {
    std::string services;
    std::string slices;
};

struct Times {
    Samples read_ms;
    Samples choose_ms;
    Samples tell_ms;
    Samples all_ms;
    Samples event_us;
    double rss_mib = 0;
};

const auto kNoAnnotations = [](std::string_view) { return false; };

void one_round(const Lists& lists, unsigned events, Times& times) {
    const auto before = resident_mib();
    kube::Words words;
    kube::Cache<kube::Service> services(words, trimmed<kube::Service>(), kNoAnnotations);
    kube::Cache<kube::EndpointSlice> slices(words, trimmed<kube::EndpointSlice>(), kNoAnnotations);
    const auto begun = Clock::now();
    const auto all_services = read(services, lists.services);
    const auto all_slices = read(slices, lists.slices);
    times.read_ms.add(ms_since(begun));

    service::Index index;
    index.set_facts({"node-1", "cn-hangzhou-g", {}});
    const auto chosen = Clock::now();
    for (const auto& each : all_services) {
        index.set_service(each);
    }
    for (const auto& each : all_slices) {
        index.set_slice(each);
    }
    (void)index.take();
    times.choose_ms.add(ms_since(chosen));

    const auto told = Clock::now();
    { const service::AbiUpdate update(index.everything(), true, 1); }
    times.tell_ms.add(ms_since(told));
    times.all_ms.add(ms_since(begun));
    times.rss_mib = std::max(times.rss_mib, resident_mib() - before);

    std::mt19937_64 random{1};
    for (unsigned event = 0; event < events; ++event) {
        auto changed = *all_slices[random() % all_slices.size()];
        auto& first = changed.endpoints.front();
        first.is_ready = event % 2 == 1;
        const auto now = Clock::now();
        index.set_slice(std::make_shared<const kube::EndpointSlice>(std::move(changed)));
        const auto update = index.take();
        const service::AbiUpdate abi(update, false, event + 2);
        times.event_us.add(ms_since(now) * 1e3);
    }
}

}  // namespace

std::vector<Row> bench_service(const ServiceBenchOptions& options) {
    const auto each = std::max(1U, options.endpoints / options.services);
    const Lists lists{list_of(options.services, service),
                      list_of(options.services,
                              [&](unsigned number) { return slice(number, each, number * each); })};
    Times times;
    for (unsigned round = 0; round < options.rounds; ++round) {
        one_round(lists, options.events, times);
    }
    const auto mib = static_cast<double>(lists.services.size() + lists.slices.size()) / (1U << 20U);
    return {{"service_first_sync", times.all_ms.median(), "ms", {}, 1000.0},
            {"service_first_sync_read", times.read_ms.median(), "ms"},
            {"service_first_sync_choose", times.choose_ms.median(), "ms"},
            {"service_first_sync_tell", times.tell_ms.median(), "ms"},
            {"service_event", times.event_us.median(), "us"},
            {"service_held", times.rss_mib, "MiB"},
            {"service_lists", mib, "MiB"}};
}

}  // namespace terway::bench
