#include "base/metrics.hpp"

#include <stdexcept>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "terway/error.hpp"

namespace terway {
namespace {

// Defects of the program, not of its input: one kind of error for all of them.
template <class Body>
auto registering(const std::string& name, Body&& body) {
    try {
        return body();
    } catch (const std::exception& error) {
        throw Error(Status::Internal, "metric " + name + ": " + error.what());
    }
}

}  // namespace

void Counter::increment(double by) const {
    raw_->Increment(by);
}
double Counter::value() const {
    return raw_->Value();
}

void Gauge::set(double value) const {
    raw_->Set(value);
}
void Gauge::add(double by) const {
    raw_->Increment(by);
}
double Gauge::value() const {
    return raw_->Value();
}

void Histogram::observe(double value) const {
    raw_->Observe(value);
}

std::vector<double> latency_buckets() {
    return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

Metrics::Metrics() : registry_(std::make_unique<prometheus::Registry>()) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(const std::string& name, const std::string& help,
                         const MetricLabels& labels) {
    return registering(name, [&] {
        return Counter(
            prometheus::BuildCounter().Name(name).Help(help).Register(*registry_).Add(labels));
    });
}

Gauge Metrics::gauge(const std::string& name, const std::string& help, const MetricLabels& labels) {
    return registering(name, [&] {
        return Gauge(
            prometheus::BuildGauge().Name(name).Help(help).Register(*registry_).Add(labels));
    });
}

Histogram Metrics::histogram(const std::string& name, const std::string& help,
                             const MetricLabels& labels) {
    return registering(name, [&] {
        return Histogram(prometheus::BuildHistogram()
                             .Name(name)
                             .Help(help)
                             .Register(*registry_)
                             .Add(labels, latency_buckets()));
    });
}

std::string Metrics::text() const {
    return prometheus::TextSerializer().Serialize(registry_->Collect());
}

}  // namespace terway
