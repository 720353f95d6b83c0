// Times of one operation, in milliseconds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace terway::bench {

class Samples {
public:
    void add(double value) { values_.push_back(value); }
    [[nodiscard]] bool empty() const { return values_.empty(); }
    // The value that `share` (0 to 1) of the others do not exceed; 0 if there is none.
    [[nodiscard]] double quantile(double share) const {
        if (values_.empty()) {
            return 0;
        }
        auto sorted = values_;
        std::sort(sorted.begin(), sorted.end());
        const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
        return sorted[std::min(at, sorted.size() - 1)];
    }
    [[nodiscard]] double median() const { return quantile(0.5); }
    [[nodiscard]] double p99() const { return quantile(0.99); }

private:
    std::vector<double> values_;
};

}  // namespace terway::bench
