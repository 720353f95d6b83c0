#include "sim/kube/paging.hpp"

#include <string_view>

#include "sim/kube/problem.hpp"

namespace terway::sim::kube {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

std::string hex(const std::string& text) {
    std::string out;
    for (const char c : text) {
        out += kDigits[static_cast<unsigned char>(c) >> 4U];
        out += kDigits[static_cast<unsigned char>(c) & 0xfU];
    }
    return out;
}

std::string unhex(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
        const auto high = kDigits.find(text[at]);
        const auto low = kDigits.find(text[at + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) {
            return "";
        }
        out += static_cast<char>(high << 4U | low);
    }
    return out;
}

}  // namespace

std::string continue_text(const Continue& where) {
    return hex(json::serialize(json::object{
        {"rv", where.version}, {"namespace", where.start.space}, {"name", where.start.name}}));
}

Continue parse_continue(const std::string& text) {
    boost::system::error_code error;
    const json::value read = json::parse(unhex(text), error);
    const json::object* object = error ? nullptr : read.if_object();
    const json::value* version = object == nullptr ? nullptr : object->if_contains("rv");
    if (version == nullptr || !version->is_int64()) {
        throw bad_request("continue key is not valid: it was not made by this server");
    }
    return {static_cast<std::uint64_t>(version->get_int64()),
            {text_at(*object, {"namespace"}), text_at(*object, {"name"})}};
}

}  // namespace terway::sim::kube
