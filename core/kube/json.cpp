#include "kube/json.hpp"

#include <algorithm>
#include <limits>

#include <boost/json/basic_parser_impl.hpp>

#include "terway/error.hpp"

namespace terway::kube {
namespace {

namespace json = boost::json;
using Code = boost::system::error_code;

// Called by Boost.JSON's parser.
class Handler {
public:
    static constexpr auto max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr auto max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr auto max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr auto max_string_size = std::numeric_limits<std::size_t>::max();

    Handler(const Shape& shape, Sink& sink) : root_(shape), sink_(sink) {}

    void restart() {
        open_.clear();
        part_.clear();
        skipped_ = 0;
        next_ = &root_;
    }

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code&) { return open(Shape::Kind::Object); }
    bool on_object_end(std::size_t, Code&) { return close(); }
    bool on_array_begin(Code&) { return open(Shape::Kind::List); }
    bool on_array_end(std::size_t, Code&) { return close(); }
    bool on_key_part(json::string_view part, std::size_t, Code&) {
        if (skipped_ == 0 && part_.size() <= JsonReader::kLongestKey) {
            part_.append(part.data(), part.size());
        }
        return true;
    }
    bool on_key(json::string_view rest, std::size_t, Code&) {
        if (skipped_ == 0) {
            choose(whole(rest));
            part_.clear();
        }
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t total, Code& code) {
        if (is_wanted(Scalar::String)) {
            if (total > JsonReader::kLongestValue) {
                code = json::error::string_too_large;
                return false;
            }
            part_.append(part.data(), part.size());
        }
        return true;
    }
    bool on_string(json::string_view rest, std::size_t total, Code& code) {
        if (is_wanted(Scalar::String)) {
            if (total > JsonReader::kLongestValue) {
                code = json::error::string_too_large;
                return false;
            }
            tell(next_->tag, whole(rest));
            part_.clear();
        } else {
            tell_misfit();
        }
        return value_ends();
    }
    bool on_number_part(json::string_view, Code&) { return true; }
    bool on_int64(std::int64_t number, json::string_view, Code&) { return on_number(number); }
    bool on_uint64(std::uint64_t number, json::string_view, Code&) { return on_number(number); }
    bool on_double(double number, json::string_view, Code&) { return on_number(number); }
    bool on_bool(bool flag, Code&) {
        if (is_wanted(Scalar::Any)) {
            tell(next_->tag, flag ? "true" : "false");
        } else {
            tell_misfit();
        }
        return value_ends();
    }
    // Among others it is what is empty, as it is to the API server.
    bool on_null(Code&) {
        const bool is_element = skipped_ == 0 && next_ != nullptr && !open_.empty() &&
                                (open_.back()->kind == Shape::Kind::List || in_map());
        if (is_element && next_->kind == Shape::Kind::Object && has_ends(*next_)) {
            sink_.begin(next_->tag);
            sink_.end(next_->tag);
        } else if (is_element && has_scalars() && next_->scalar == Scalar::String) {
            tell(next_->tag, {});
        }
        return value_ends();
    }
    bool on_comment_part(json::string_view, Code&) { return true; }
    bool on_comment(json::string_view, Code&) { return true; }

private:
    using Scalar = Shape::Scalar;

    [[nodiscard]] bool has_scalars() const {
        return next_->kind == Shape::Kind::Text || (next_->kind == Shape::Kind::Map && in_map());
    }
    // Whether the next value may be one of the kind.
    [[nodiscard]] bool is_wanted(Scalar scalar) const {
        if (skipped_ > 0 || next_ == nullptr || !has_scalars()) {
            return false;
        }
        return next_->scalar == Scalar::Any || next_->scalar == scalar ||
               (next_->scalar == Scalar::StringOrNumber && scalar != Scalar::Any);
    }
    void tell_misfit() {
        if (skipped_ == 0 && next_ != nullptr && next_->tag != 0) {
            sink_.misfit(next_->tag);
        }
    }
    // Inside a map the shape of its values is that of the map itself.
    [[nodiscard]] bool in_map() const { return !open_.empty() && open_.back() == next_; }

    [[nodiscard]] std::string_view whole(json::string_view rest) {
        if (part_.empty()) {
            return {rest.data(), rest.size()};
        }
        part_.append(rest.data(), rest.size());
        return part_;
    }

    void choose(std::string_view key) {
        const auto* shape = open_.back();
        next_ = nullptr;
        if (key.size() > JsonReader::kLongestKey) {
            return;
        }
        if (shape->kind == Shape::Kind::Map) {
            if (sink_.wants(shape->tag, key)) {
                key_ = key;
                next_ = shape;
            }
            return;
        }
        for (const auto& member : shape->members) {
            if (member.name == key) {
                next_ = &member.shape;
                return;
            }
        }
    }

    [[nodiscard]] static bool has_ends(const Shape& shape) {
        return shape.kind != Shape::Kind::Map && shape.tag != 0;
    }

    // Object and Map are objects, List is an array.
    bool open(Shape::Kind kind) {
        const bool is_object = kind == Shape::Kind::Object;
        const bool fits = skipped_ == 0 && next_ != nullptr && !in_map() &&
                          (next_->kind == kind || (is_object && next_->kind == Shape::Kind::Map));
        if (!fits) {
            tell_misfit();
            ++skipped_;
            return true;
        }
        open_.push_back(next_);
        if (has_ends(*next_)) {
            sink_.begin(next_->tag);
        }
        next_ = is_object ? nullptr : &next_->element.front();
        return true;
    }

    bool close() {
        if (skipped_ > 0) {
            --skipped_;
            return skipped_ > 0 || value_ends();
        }
        const auto* shape = open_.back();
        open_.pop_back();
        if (has_ends(*shape)) {
            sink_.end(shape->tag);
        }
        return value_ends();
    }

    // In a list the next value is like the last one.
    bool value_ends() {
        if (skipped_ == 0) {
            const auto* outer = open_.empty() ? nullptr : open_.back();
            next_ = outer != nullptr && outer->kind == Shape::Kind::List ? &outer->element.front()
                                                                         : nullptr;
        }
        return true;
    }

    void tell(Tag tag, std::string_view text) {
        sink_.value(tag, in_map() ? std::string_view(key_) : std::string_view(), text);
    }

    template <class Number>
    bool on_number(Number number) {
        if (is_wanted(Scalar::Number)) {
            tell(next_->scalar == Scalar::StringOrNumber ? next_->number_tag : next_->tag,
                 std::to_string(number));
        } else {
            tell_misfit();
        }
        return value_ends();
    }

    const Shape& root_;
    Sink& sink_;
    std::vector<const Shape*> open_;
    const Shape* next_ = &root_;  // what the next value is to be; null if nobody wants it
    std::size_t skipped_ = 0;     // how many unwanted objects and arrays we are inside of
    std::string part_;            // of a key or value whose end is still to come
    std::string key_;             // of the value to come, in a map
};

json::parse_options limits() {
    json::parse_options options;
    options.max_depth = JsonReader::kDeepest;
    return options;
}

bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

}  // namespace

class JsonReader::Parser {
public:
    Parser(const Shape& shape, Sink& sink) : parser_(limits(), shape, sink) {}

    void feed(std::string_view bytes) {
        while (!bytes.empty()) {
            if (!inside_) {
                const auto* const first = std::find_if_not(bytes.begin(), bytes.end(), is_space);
                advance(bytes, static_cast<std::size_t>(first - bytes.begin()));
                if (bytes.empty()) {
                    return;
                }
                parser_.reset();
                parser_.handler().restart();
                inside_ = true;
            }
            write(bytes);
        }
    }

    void finish() const {
        if (inside_) {
            throw Error(Status::Internal, "malformed JSON before byte " + std::to_string(at_) +
                                              ": it ends in the middle of a document");
        }
    }
    [[nodiscard]] std::size_t documents() const noexcept { return documents_; }

private:
    void advance(std::string_view& bytes, std::size_t count) {
        bytes.remove_prefix(count);
        at_ += count;
    }

    void write(std::string_view& bytes) {
        Code code;
        const auto used = parser_.write_some(true, bytes.data(), bytes.size(), code);
        advance(bytes, used);
        if (code) {
            throw Error(Status::Internal, "malformed JSON before byte " + std::to_string(at_) +
                                              ": " + code.message());
        }
        if (parser_.done()) {
            inside_ = false;
            ++documents_;
        }
    }

    json::basic_parser<Handler> parser_;
    bool inside_ = false;
    std::size_t at_ = 0;
    std::size_t documents_ = 0;
};

Shape Shape::text(Tag tag, Scalar scalar) {
    return {Kind::Text, tag, scalar, 0, {}, {}};
}

Shape Shape::string_or_number(Tag string_tag, Tag number_tag) {
    return {Kind::Text, string_tag, Scalar::StringOrNumber, number_tag, {}, {}};
}

Shape Shape::map(Tag tag, Scalar scalar) {
    return {Kind::Map, tag, scalar, 0, {}, {}};
}

Shape Shape::object(std::vector<Member> members, Tag tag) {
    return {Kind::Object, tag, Scalar::Any, 0, std::move(members), {}};
}

Shape Shape::list(Shape element, Tag tag) {
    Shape shape{Kind::List, tag, Scalar::Any, 0, {}, {}};
    shape.element.push_back(std::move(element));
    return shape;
}

JsonReader::JsonReader(const Shape& shape, Sink& sink)
    : parser_(std::make_unique<Parser>(shape, sink)) {}
JsonReader::~JsonReader() = default;

void JsonReader::feed(std::string_view bytes) {
    parser_->feed(bytes);
}

void JsonReader::finish() {
    parser_->finish();
}

std::size_t JsonReader::documents() const noexcept {
    return parser_->documents();
}

}  // namespace terway::kube
