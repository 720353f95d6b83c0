// Reads JSON as it arrives and keeps nothing of it: what a shape names is told to a sink, anything
// else is skipped without being held. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace terway::kube {

// Tells the parts of a document apart for the sink; 0 is said of nothing.
using Tag = int;

struct Member;

// Which parts of a document are wanted, and by which tag they go.
struct Shape {
    enum class Kind : std::uint8_t {
        Text,    // as `scalar` says: value(tag, "", text)
        Object,  // begin(tag), its members, end(tag)
        Map,     // any keys: value(tag, key, text) for those the sink wants
        List,    // each element as `element` says, between begin(tag) and end(tag)
    };
    enum class Scalar : std::uint8_t { Any, String, Number, StringOrNumber };

    Kind kind = Kind::Text;
    Tag tag = 0;
    Scalar scalar = Scalar::Any;  // of a Text, and of what a Map has
    Tag number_tag = 0;           // what the number of a StringOrNumber goes by
    std::vector<Member> members;  // of an Object
    std::vector<Shape> element;   // of a List: one

    [[nodiscard]] static Shape text(Tag tag, Scalar scalar = Scalar::Any);
    [[nodiscard]] static Shape string_or_number(Tag string_tag, Tag number_tag);
    [[nodiscard]] static Shape map(Tag tag, Scalar scalar = Scalar::Any);
    [[nodiscard]] static Shape object(std::vector<Member> members, Tag tag = 0);
    [[nodiscard]] static Shape list(Shape element, Tag tag = 0);
};

struct Member {
    std::string_view name;
    Shape shape;
};

// Is told in the order of the document. Only what has a tag is told. Null is as good as missing,
// but in a list of objects an empty one, and among strings an empty one.
class Sink {
public:
    virtual ~Sink() = default;
    virtual void begin(Tag tag) = 0;
    virtual void end(Tag tag) = 0;
    [[nodiscard]] virtual bool wants(Tag tag, std::string_view key) = 0;
    virtual void value(Tag tag, std::string_view key, std::string_view text) = 0;
    // In place of all others: the part is of another type than its shape says.
    virtual void misfit(Tag tag) { (void)tag; }
};

// One document after the other from pieces of any size. Holds at most one key or value.
class JsonReader {
public:
    // Longer keys are unknown, longer values are refused.
    static constexpr std::size_t kLongestKey = 512;
    static constexpr std::size_t kLongestValue = 1U << 20U;
    static constexpr std::size_t kDeepest = 128;

    // Borrows both.
    JsonReader(const Shape& shape, Sink& sink);
    ~JsonReader();
    JsonReader(const JsonReader&) = delete;
    JsonReader& operator=(const JsonReader&) = delete;

    // Throws Error(Internal) "malformed JSON before byte N: reason", after which there is no going
    // on; and what the sink throws.
    void feed(std::string_view bytes);
    // Throws Error(Internal) if a document is unfinished.
    void finish();
    // Whole documents so far.
    [[nodiscard]] std::size_t documents() const noexcept;

private:
    class Parser;
    std::unique_ptr<Parser> parser_;
};

}  // namespace terway::kube
