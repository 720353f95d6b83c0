// What the benchmark found: rows, as a table for people and as JSON for programs.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace terway::bench {

// A row is about one figure of ours. With something to compare it to, `goal` bounds the ratio of
// the two, else the value itself; without a goal it is for information. `value` and `against` may
// be medians of many rounds whose own ratios are better compared: `typical` is their median then.
struct Row {
    std::string name;
    double value = 0;
    std::string unit;
    std::optional<double> against{};
    std::optional<double> goal{};
    std::optional<double> typical{};

    [[nodiscard]] std::optional<double> ratio() const;
    [[nodiscard]] std::optional<bool> met() const;  // lower is better, always
};

struct Machine {
    std::string cpu;
    std::string kernel;
    unsigned cores = 0;
    std::string date;  // UTC
    std::string load;  // when the measuring began

    [[nodiscard]] static Machine here();
};

[[nodiscard]] std::string table(const std::vector<Row>& rows);
[[nodiscard]] std::string to_json(const Machine& machine, const std::vector<Row>& rows);

}  // namespace terway::bench
