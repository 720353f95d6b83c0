#include "kube/status.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "kube/json.hpp"

namespace terway::kube {
namespace {

enum StatusTag : Tag { kCode = 1, kReason, kMessage, kRetryAfter };

constexpr std::size_t kLongestExcerpt = 200;

// 0 for what is no number.
int number_of(std::string_view text) {
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

class StatusSink final : public Sink {
public:
    explicit StatusSink(Refusal& refusal) : refusal_(refusal) {}
    void begin(Tag) override {}
    void end(Tag) override {}
    bool wants(Tag, std::string_view) override { return false; }
    void value(Tag tag, std::string_view, std::string_view text) override {
        switch (tag) {
            case kCode:
                refusal_.code = number_of(text);
                break;
            case kReason:
                refusal_.reason = text;
                break;
            case kMessage:
                refusal_.message = text;
                break;
            default:
                refusal_.retry_after = std::chrono::seconds(number_of(text));
        }
    }

private:
    Refusal& refusal_;
};

const Shape& status_shape() {
    static const auto shape = Shape::object(
        {{"code", Shape::text(kCode)},
         {"reason", Shape::text(kReason)},
         {"message", Shape::text(kMessage)},
         {"details", Shape::object({{"retryAfterSeconds", Shape::text(kRetryAfter)}})}});
    return shape;
}

std::string excerpt(std::string_view body) {
    auto line = std::string(body.substr(0, std::min(body.find('\n'), kLongestExcerpt)));
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c >= 0 && c < ' '; }, ' ');
    return line;
}

Status status_of(int code) {
    if (code == 404 || code == 410) {
        return Status::Gone;
    }
    const bool passing = code == 401 || code == 409 || code == 429 || code >= 500;
    return passing ? Status::Retry : Status::Invalid;
}

}  // namespace

std::string Refusal::text() const {
    auto text = std::to_string(code);
    if (!reason.empty()) {
        text += " " + reason;
    }
    return message.empty() ? text : text + ": " + message;
}

Refusal read_refusal(int http_status, std::string_view body, std::string_view retry_after) {
    Refusal refusal;
    try {
        StatusSink sink(refusal);
        JsonReader reader(status_shape(), sink);
        reader.feed(body);
        reader.finish();
    } catch (const Error&) {
        refusal = {};
    }
    if (refusal.message.empty() && refusal.reason.empty()) {
        refusal.message = excerpt(body);
    }
    refusal.code = http_status;
    if (const int seconds = number_of(retry_after); seconds > 0) {
        refusal.retry_after = std::chrono::seconds(seconds);
    }
    return refusal;
}

ApiError::ApiError(const std::string& what, Refusal refusal)
    : Error(status_of(refusal.code), what + ": " + refusal.text()), refusal_(std::move(refusal)) {}

}  // namespace terway::kube
