#include "endpoint/rate.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <system_error>

#include "terway/error.hpp"

namespace terway::endpoint {
namespace {

constexpr const char* kTerwayForm =
    "a number and B, K, M, G or T, in bytes a second and powers of 1024, more than 0 and at most "
    "113T, such as \"10M\"";
constexpr const char* kKubernetesForm =
    "a quantity in bits a second from 1k to 1P, such as \"10M\"";
constexpr double kBitsInByte = 8;
constexpr double kLeast = 1e3;
constexpr double kMost = 1e15;

struct Amount {
    double number = 0;
    std::string_view unit;
};

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
    while (!text.empty() && blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

// Digits and perhaps a point; no sign, no exponent.
std::optional<Amount> split(std::string_view text) {
    const auto end = std::find_if(text.begin(), text.end(), [](char c) {
        return std::isdigit(static_cast<unsigned char>(c)) == 0 && c != '.';
    });
    Amount amount;
    amount.unit = text.substr(static_cast<std::size_t>(end - text.begin()));
    const auto digits = text.substr(0, text.size() - amount.unit.size());
    const auto* const last = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), last, amount.number, std::chars_format::fixed);
    if (digits.empty() || read.ec != std::errc{} || read.ptr != last) {
        return std::nullopt;
    }
    return amount;
}

std::string upper(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return out;
}

std::optional<double> bytes_in(const std::string& unit) {
    static constexpr std::string_view kUnits = "BKMGT";
    const auto power = unit.empty() ? std::string_view::npos : kUnits.find(unit.front());
    const auto rest = unit.empty() ? std::string() : unit.substr(1);
    const bool known = rest.empty() || (power > 0 && (rest == "B" || rest == "IB"));
    if (power == std::string_view::npos || !known) {
        return std::nullopt;
    }
    return std::pow(1024.0, static_cast<double>(power));
}

// "e3" and "E+3" of a quantity.
std::optional<double> exponent(std::string_view unit) {
    if (unit.size() < 2 || (unit.front() != 'e' && unit.front() != 'E')) {
        return std::nullopt;
    }
    unit.remove_prefix(unit[1] == '+' ? 2 : 1);
    int power = 0;
    const auto* const last = unit.data() + unit.size();
    const auto read = std::from_chars(unit.data(), last, power);
    if (unit.empty() || read.ec != std::errc{} || read.ptr != last) {
        return std::nullopt;
    }
    return std::pow(10.0, power);
}

std::optional<double> quantity_unit(std::string_view unit) {
    struct Unit {
        std::string_view name;
        double factor;
    };
    static constexpr double kKi = 1024;
    static constexpr std::array kUnits = {
        Unit{"n", 1e-9},
        Unit{"u", 1e-6},
        Unit{"m", 1e-3},
        Unit{"", 1},
        Unit{"k", 1e3},
        Unit{"M", 1e6},
        Unit{"G", 1e9},
        Unit{"T", 1e12},
        Unit{"P", 1e15},
        Unit{"E", 1e18},
        Unit{"Ki", kKi},
        Unit{"Mi", kKi * kKi},
        Unit{"Gi", kKi * kKi * kKi},
        Unit{"Ti", kKi * kKi * kKi * kKi},
        Unit{"Pi", kKi * kKi * kKi * kKi * kKi},
    };
    const auto* const found = std::find_if(kUnits.begin(), kUnits.end(),
                                           [&](const Unit& each) { return each.name == unit; });
    return found == kUnits.end() ? exponent(unit) : std::optional(found->factor);
}

// For a complaint, which has to stay short and on one line: its end says what is accepted.
std::string shown(const std::string& value) {
    constexpr std::size_t kLongest = 64;
    std::string out = value.substr(0, kLongest);
    std::replace_if(
        out.begin(), out.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
    return '"' + out + '"' + (value.size() > kLongest ? "..." : "");
}

[[noreturn]] void refuse(const char* form) {
    throw Error(Status::Invalid, std::string("it must be ") + form);
}

using Parse = std::uint64_t (*)(std::string_view);

// Zero if the pod has no such annotation.
std::uint64_t rate(const std::map<std::string, std::string>& annotations, const std::string& name,
                   Parse parse) {
    const auto found = annotations.find(name);
    if (found == annotations.end()) {
        return 0;
    }
    try {
        return parse(found->second);
    } catch (const Error& error) {
        throw Error(Status::Invalid,
                    "annotation " + name + ": " + shown(found->second) + ": " + error.what());
    }
}

std::uint64_t direction(const std::map<std::string, std::string>& annotations,
                        const std::string& name) {
    const auto own = rate(annotations, "k8s.aliyun.com/" + name, terway_rate);
    const auto standard = rate(annotations, "kubernetes.io/" + name, kubernetes_rate);
    return standard != 0 ? standard : own;
}

}  // namespace

std::uint64_t terway_rate(std::string_view text) {
    const auto amount = split(trimmed(text));
    const auto bytes = amount ? bytes_in(upper(amount->unit)) : std::nullopt;
    if (!bytes || amount->number <= 0) {
        refuse(kTerwayForm);
    }
    const double bits = std::ceil(amount->number * *bytes * kBitsInByte);
    if (bits > kMost) {
        refuse(kTerwayForm);
    }
    return static_cast<std::uint64_t>(bits);
}

std::uint64_t kubernetes_rate(std::string_view text) {
    const auto amount = split(text);
    const auto factor = amount ? quantity_unit(amount->unit) : std::nullopt;
    const double bits = factor ? std::ceil(amount->number * *factor) : 0;
    if (bits < kLeast || bits > kMost) {
        refuse(kKubernetesForm);
    }
    return static_cast<std::uint64_t>(bits);
}

Rates rates_of(const std::map<std::string, std::string>& annotations) {
    return {direction(annotations, "ingress-bandwidth"),
            direction(annotations, "egress-bandwidth")};
}

Rates rates_if_any(const std::map<std::string, std::string>& annotations) {
    try {
        return rates_of(annotations);
    } catch (const Error&) {
        return {};
    }
}

}  // namespace terway::endpoint
