// Counters, gauges and histograms, and their text form for Prometheus. Handed down by reference.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
}  // namespace prometheus

namespace terway {

// Handles are small values; they stay valid as long as the Metrics they come from. Any thread.
class Counter {
public:
    explicit Counter(prometheus::Counter& raw) noexcept : raw_(&raw) {}
    void increment(double by = 1) const;
    [[nodiscard]] double value() const;

private:
    prometheus::Counter* raw_;
};

class Gauge {
public:
    explicit Gauge(prometheus::Gauge& raw) noexcept : raw_(&raw) {}
    void set(double value) const;
    void add(double by) const;  // negative to subtract
    [[nodiscard]] double value() const;

private:
    prometheus::Gauge* raw_;
};

class Histogram {
public:
    explicit Histogram(prometheus::Histogram& raw) noexcept : raw_(&raw) {}
    void observe(double value) const;

private:
    prometheus::Histogram* raw_;
};

using MetricLabels = std::map<std::string, std::string>;

// Upper bounds in seconds, from half a millisecond to a minute.
[[nodiscard]] std::vector<double> latency_buckets();

// Owns every metric of the process. Asking twice for the same name and labels answers the same
// metric, so that callers need not keep handles. Any thread. A name used for two kinds of metric,
// or one that Prometheus does not allow, throws Error(Internal).
class Metrics {
public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    [[nodiscard]] Counter counter(const std::string& name, const std::string& help,
                                  const MetricLabels& labels = {});
    [[nodiscard]] Gauge gauge(const std::string& name, const std::string& help,
                              const MetricLabels& labels = {});
    // Seconds, in latency_buckets().
    [[nodiscard]] Histogram histogram(const std::string& name, const std::string& help,
                                      const MetricLabels& labels = {});

    // Text exposition format 0.0.4.
    [[nodiscard]] std::string text() const;

private:
    std::unique_ptr<prometheus::Registry> registry_;
};

}  // namespace terway
