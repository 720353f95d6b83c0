#include "kube/json.hpp"

#include <gmock/gmock.h>

#include "kube_testing.hpp"

namespace terway::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Writes down what it is told.
class Notes final : public Sink {
public:
    void begin(Tag tag) override { lines.push_back("begin " + std::to_string(tag)); }
    void end(Tag tag) override { lines.push_back("end " + std::to_string(tag)); }
    bool wants(Tag, std::string_view key) override { return key != "unwanted"; }
    void value(Tag tag, std::string_view key, std::string_view text) override {
        auto line = std::to_string(tag);
        if (!key.empty()) {
            line.append(" ").append(key);
        }
        lines.push_back(line.append("=").append(text));
    }
    void misfit(Tag tag) override { lines.push_back("misfit " + std::to_string(tag)); }

    std::vector<std::string> lines;
};

const Shape& shape() {
    static const auto shape = Shape::object(
        {{"name", Shape::text(1)},
         {"map", Shape::map(2)},
         {"list", Shape::list(Shape::object({{"x", Shape::text(4)}}, 3))},
         {"texts", Shape::list(Shape::text(5))},
         {"ends", Shape::list(Shape::list(Shape::text(9)), 8)},
         {"strings", Shape::list(Shape::text(10, Shape::Scalar::String), 11)},
         {"string map", Shape::map(12, Shape::Scalar::String)},
         {"number", Shape::text(13, Shape::Scalar::Number)},
         {"either", Shape::string_or_number(14, 15)},
         {"deep", Shape::object({{"deeper", Shape::object({{"y", Shape::text(6)}})}})}},
        7);
    return shape;
}

std::vector<std::string> read(const std::string& text, std::size_t piece = std::string::npos) {
    Notes notes;
    JsonReader reader(shape(), notes);
    for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size())) {
        reader.feed(std::string_view(text).substr(at, piece));
    }
    reader.finish();
    return notes.lines;
}

constexpr const char* kDocument = R"( {"junk": {"name": "no", "list": [{"x": 1}, [2]]},
    "name": "a\u0041\n\ud83d\ude00", "map": {"one": "1", "unwanted": "no", "tw\"o": "2", "inner": {"z": "no"}},
    "list": [{"x": "first", "x2": 0}, {"x": 12345}, "odd", [{"x": "no"}], null, {"x": true}],
    "texts": ["t1", {"x": "no"}, "t2"], "deep": {"other": [], "deeper": {"y": -5}}, "name": null} )";

TEST(KubeJson, TellsWhatTheShapeNames) {
    EXPECT_THAT(read(kDocument),
                ElementsAre("begin 7", "1=aA\n😀", "2 one=1", "2 tw\"o=2", "misfit 2", "begin 3",
                            "4=first", "end 3", "begin 3", "4=12345", "end 3", "misfit 3",
                            "misfit 3", "begin 3", "end 3", "begin 3", "4=true", "end 3", "5=t1",
                            "misfit 5", "5=t2", "6=-5", "end 7"));
}

TEST(KubeJson, TellsTheEndsOfAListThatHasATag) {
    EXPECT_THAT(read(R"({"ends": [["a"], 1, []]})"),
                ElementsAre("begin 7", "begin 8", "9=a", "end 8", "end 7"));
    EXPECT_THAT(read(R"({"ends": []})"), ElementsAre("begin 7", "begin 8", "end 8", "end 7"));
    EXPECT_THAT(read(R"({"ends": {}})"), ElementsAre("begin 7", "misfit 8", "end 7"));
}

TEST(KubeJson, TellsTheSameHoweverTheBytesArrive) {
    const auto whole = read(kDocument);
    for (const std::size_t piece : {1U, 2U, 3U, 5U, 7U, 16U, 64U, 100U}) {
        EXPECT_EQ(read(kDocument, piece), whole) << piece;
    }
}

TEST(KubeJson, SaysOncePerPartThatItIsOfAnotherType) {
    EXPECT_THAT(
        read(
            R"({"name": {"x": 1}, "map": "m", "list": {"x": 2}, "deep": [1], "ends": [["a", [1]], 5],
                 "strings": ["a", 1, true, ["b"]], "string map": {"a": "b", "c": 1, "unwanted": 1},
                 "number": "1", "number": [2, 3]})"),
        ElementsAre("begin 7", "misfit 1", "misfit 2", "begin 8", "9=a", "misfit 9", "end 8",
                    "begin 11", "10=a", "misfit 10", "misfit 10", "misfit 10", "end 11", "12 a=b",
                    "misfit 12", "misfit 13", "misfit 13", "end 7"));
    EXPECT_THAT(read("[]"), ElementsAre("misfit 7"));
}

TEST(KubeJson, TellsNumbersFromStrings) {
    EXPECT_THAT(read(R"({"number": 1, "either": "1", "either": 2, "either": true})"),
                ElementsAre("begin 7", "13=1", "14=1", "15=2", "misfit 14", "end 7"));
}

TEST(KubeJson, TakesANullAmongStringsForAnEmptyOne) {
    EXPECT_THAT(read(R"({"strings": [null], "string map": {"a": null}, "number": null,
                         "texts": [null], "map": {"a": null}, "strings": null})"),
                ElementsAre("begin 7", "begin 11", "10=", "end 11", "12 a=", "end 7"));
}

TEST(KubeJson, ReadsOneDocumentAfterTheOther) {
    Notes notes;
    JsonReader reader(shape(), notes);
    reader.feed(R"({"name":"a"})");
    EXPECT_EQ(reader.documents(), 1U);
    reader.feed("\n{\"name\":\"b\"}{\"na");
    EXPECT_EQ(reader.documents(), 2U);
    reader.feed("me\":\"c\"}\n");
    EXPECT_EQ(reader.documents(), 3U);
    reader.finish();
    EXPECT_THAT(notes.lines, ElementsAre("begin 7", "1=a", "end 7", "begin 7", "1=b", "end 7",
                                         "begin 7", "1=c", "end 7"));
}

TEST(KubeJson, RefusesWhatIsMalformed) {
    for (const std::string text :
         {"{\"name\": }", "{\"name\" 1}", "{name: 1}", "]", "{\"a\":1,}", "{\"a\":01}", "nonsense",
          "{\"a\":\"\xff\"}", "{\"a\":\"\x01\"}"}) {
        EXPECT_THAT(complaint_of([&] { (void)read(text); }),
                    HasSubstr("malformed JSON before byte"))
            << text;
        EXPECT_THAT(complaint_of([&] { (void)read(text, 1); }), HasSubstr("malformed JSON"))
            << text;
    }
}

TEST(KubeJson, MissesTheEnd) {
    EXPECT_THAT(complaint_of([] { (void)read(R"({"name": "a")"); }),
                HasSubstr("in the middle of a document"));
}

TEST(KubeJson, RefusesToGoTooDeep) {
    const std::string deep(100'000, '[');
    EXPECT_THAT(complaint_of([&] { (void)read(deep); }), HasSubstr("deep"));
    EXPECT_NO_THROW(
        (void)read(R"({"junk":)" + std::string(100, '[') + std::string(100, ']') + "}"));
}

TEST(KubeJson, RefusesAValueThatIsTooLongAndSkipsOneThatIsNotWanted) {
    const std::string longest(JsonReader::kLongestValue + 1, 'x');
    EXPECT_THAT(complaint_of([&] { (void)read("{\"name\":\"" + longest + "\"}", 4096); }),
                HasSubstr("too large"));
    EXPECT_THAT(read("{\"junk\":\"" + longest + "\",\"" + longest + "\":1}", 4096),
                ElementsAre("begin 7", "end 7"));
}

}  // namespace
}  // namespace terway::kube
