#include "cloud/utc.hpp"

#include <algorithm>
#include <charconv>

namespace terway::cloud {
namespace {

using namespace std::chrono;

std::string padded(unsigned value, std::size_t width) {
    auto text = std::to_string(value);
    return std::string(width - std::min(width, text.size()), '0') + text;
}

// Takes fields of fixed width off the front of a text; one mistake spoils all.
class Cutter {
public:
    explicit Cutter(std::string_view text) : rest_(text) {}

    unsigned number(std::size_t width) {
        unsigned value = 0;
        const auto field = take(width);
        const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
        good_ = good_ && error == std::errc{} && end == field.data() + field.size();
        return value;
    }
    void literal(std::string_view wanted) { good_ = take(wanted.size()) == wanted && good_; }
    std::string_view take(std::size_t width) {
        good_ = good_ && rest_.size() >= width;
        const auto field = good_ ? rest_.substr(0, width) : std::string_view("0");
        rest_.remove_prefix(std::min(width, rest_.size()));
        return field;
    }
    [[nodiscard]] bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }
    [[nodiscard]] bool finished() const { return good_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool good_ = true;
};

std::optional<WallTime> assemble(unsigned y, unsigned m, unsigned d, unsigned hour_of_day,
                                 unsigned minute, unsigned second) {
    const year_month_day date{year(static_cast<int>(y)), month(m), day(d)};
    if (!date.ok() || hour_of_day > 23 || minute > 59 || second > 60) {
        return std::nullopt;
    }
    return sys_days(date) + hours(hour_of_day) + minutes(minute) + seconds(second);
}

}  // namespace

std::string utc_text(WallTime time) {
    const auto midnight = floor<days>(time);
    const year_month_day date(midnight);
    const hh_mm_ss clock(floor<seconds>(time - midnight));
    const auto two = [](auto count) { return padded(static_cast<unsigned>(count), 2); };
    return padded(static_cast<unsigned>(static_cast<int>(date.year())), 4) + "-" +
           two(static_cast<unsigned>(date.month())) + "-" + two(static_cast<unsigned>(date.day())) +
           "T" + two(clock.hours().count()) + ":" + two(clock.minutes().count()) + ":" +
           two(clock.seconds().count()) + "Z";
}

std::optional<WallTime> parse_utc(std::string_view text) {
    Cutter cut(text);
    const auto y = cut.number(4);
    cut.literal("-");
    const auto m = cut.number(2);
    cut.literal("-");
    const auto d = cut.number(2);
    cut.literal("T");
    const auto hour_of_day = cut.number(2);
    cut.literal(":");
    const auto minute = cut.number(2);
    unsigned second = 0;
    if (cut.next_is(':')) {
        cut.literal(":");
        second = cut.number(2);
    }
    cut.literal("Z");
    return cut.finished() ? assemble(y, m, d, hour_of_day, minute, second) : std::nullopt;
}

std::optional<WallTime> parse_http_date(std::string_view text) {
    static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    Cutter cut(text);
    cut.take(3);
    cut.literal(", ");
    const auto d = cut.number(2);
    cut.literal(" ");
    const auto m = kMonths.find(cut.take(3));
    cut.literal(" ");
    const auto y = cut.number(4);
    cut.literal(" ");
    const auto hour_of_day = cut.number(2);
    cut.literal(":");
    const auto minute = cut.number(2);
    cut.literal(":");
    const auto second = cut.number(2);
    cut.literal(" GMT");
    if (!cut.finished() || m == std::string_view::npos || m % 3 != 0) {
        return std::nullopt;
    }
    return assemble(y, static_cast<unsigned>(m / 3 + 1), d, hour_of_day, minute, second);
}

}  // namespace terway::cloud
