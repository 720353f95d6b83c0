#include "kube/feed.hpp"

#include <charconv>
#include <utility>

#include "kube/meta.hpp"
#include "terway/error.hpp"

namespace terway::kube {
namespace {

// Beyond those of any object.
enum FeedTag : Tag {
    kItem = 1000,
    kListVersion,
    kListContinue,
    kListKind,
    kEvent,
    kEventType,
    kStatusCode,
    kStatusReason,
    kStatusMessage,
};

Shape list_shape(const Target& target) {
    return Shape::object(
        {{"kind", Shape::text(kListKind)},
         {"metadata", Shape::object({{"resourceVersion", Shape::text(kListVersion)},
                                     {"continue", Shape::text(kListContinue)}})},
         {"items", Shape::list(Shape::object(target.members(), kItem))}});
}

// In an ERROR event the object is a Status.
Shape watch_shape(const Target& target) {
    auto members = target.members();
    members.push_back({"code", Shape::text(kStatusCode)});
    members.push_back({"reason", Shape::text(kStatusReason)});
    members.push_back({"message", Shape::text(kStatusMessage)});
    return Shape::object(
        {{"type", Shape::text(kEventType)}, {"object", Shape::object(std::move(members), kItem)}},
        kEvent);
}

}  // namespace

class ListReader::Inside final : private Sink {
public:
    explicit Inside(Target& target)
        : target_(target), shape_(list_shape(target)), reader_(shape_, *this) {}

    void feed(std::string_view bytes) { reader_.feed(bytes); }
    void finish() {
        reader_.finish();
        if (reader_.documents() != 1 || version_.empty()) {
            throw Error(Status::Internal, "the answer is not a list but " +
                                              (kind_.empty() ? "something unknown" : kind_));
        }
    }
    [[nodiscard]] const std::string& version() const noexcept { return version_; }
    [[nodiscard]] const std::string& next_page() const noexcept { return next_page_; }

private:
    void begin(Tag tag) override {
        if (tag == kItem) {
            target_.forget();
        } else {
            target_.sink().begin(tag);
        }
    }
    void end(Tag tag) override {
        if (tag == kItem) {
            target_.listed();
        } else {
            target_.sink().end(tag);
        }
    }
    bool wants(Tag tag, std::string_view key) override { return target_.sink().wants(tag, key); }
    void misfit(Tag tag) override { target_.sink().misfit(tag); }
    void value(Tag tag, std::string_view key, std::string_view text) override {
        switch (tag) {
            case kListVersion:
                version_ = text;
                break;
            case kListContinue:
                next_page_ = text;
                break;
            case kListKind:
                kind_ = text;
                break;
            default:
                target_.sink().value(tag, key, text);
        }
    }

    Target& target_;
    const Shape shape_;
    JsonReader reader_;
    std::string version_;
    std::string next_page_;
    std::string kind_;
};

class WatchReader::Inside final : private Sink {
public:
    Inside(Target& target, std::string version)
        : target_(target),
          shape_(watch_shape(target)),
          reader_(shape_, *this),
          version_(std::move(version)) {}

    void feed(std::string_view bytes) { reader_.feed(bytes); }
    [[nodiscard]] const std::string& version() const noexcept { return version_; }
    [[nodiscard]] std::size_t events() const noexcept { return events_; }
    [[nodiscard]] const std::optional<Refusal>& error() const noexcept { return error_; }

private:
    void begin(Tag tag) override {
        if (tag == kEvent) {
            target_.forget();
            type_.clear();
            object_version_.clear();
            status_ = {};
        } else if (tag != kItem) {
            target_.sink().begin(tag);
        }
    }
    void end(Tag tag) override {
        if (tag == kEvent) {
            act();
        } else if (tag != kItem) {
            target_.sink().end(tag);
        }
    }
    bool wants(Tag tag, std::string_view key) override { return target_.sink().wants(tag, key); }
    void misfit(Tag tag) override { target_.sink().misfit(tag); }
    void value(Tag tag, std::string_view key, std::string_view text) override {
        switch (tag) {
            case kEventType:
                type_ = text;
                break;
            case kStatusCode:
                std::from_chars(text.data(), text.data() + text.size(), status_.code);
                break;
            case kStatusReason:
                status_.reason = text;
                break;
            case kStatusMessage:
                status_.message = text;
                break;
            default:
                if (tag == kVersionTag) {
                    object_version_ = text;
                }
                target_.sink().value(tag, key, text);
        }
    }

    void act() {
        if (error_) {
            target_.forget();
            return;
        }
        ++events_;
        if (type_ == "ADDED" || type_ == "MODIFIED") {
            target_.changed();
        } else if (type_ == "DELETED") {
            target_.deleted();
        } else if (type_ == "BOOKMARK") {
            target_.forget();
        } else if (type_ == "ERROR") {
            target_.forget();
            error_ = std::move(status_);
            return;
        } else {
            throw Error(Status::Internal, "an event of the unknown type \"" + type_ + "\"");
        }
        if (!object_version_.empty()) {
            version_ = object_version_;
        }
    }

    Target& target_;
    const Shape shape_;
    JsonReader reader_;
    std::string version_;
    std::string type_;
    std::string object_version_;
    Refusal status_;
    std::optional<Refusal> error_;
    std::size_t events_ = 0;
};

ListReader::ListReader(Target& target) : inside_(std::make_unique<Inside>(target)) {}
ListReader::~ListReader() = default;
void ListReader::feed(std::string_view bytes) {
    inside_->feed(bytes);
}
void ListReader::finish() {
    inside_->finish();
}
const std::string& ListReader::version() const noexcept {
    return inside_->version();
}
const std::string& ListReader::next_page() const noexcept {
    return inside_->next_page();
}

WatchReader::WatchReader(Target& target, std::string version)
    : inside_(std::make_unique<Inside>(target, std::move(version))) {}
WatchReader::~WatchReader() = default;
void WatchReader::feed(std::string_view bytes) {
    inside_->feed(bytes);
}
const std::string& WatchReader::version() const noexcept {
    return inside_->version();
}
std::size_t WatchReader::events() const noexcept {
    return inside_->events();
}
const std::optional<Refusal>& WatchReader::error() const noexcept {
    return inside_->error();
}

}  // namespace terway::kube
