#include "cni/version.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace terway::cni {

std::optional<Version> Version::parse(std::string_view text) {
    std::array<unsigned, 3> parts{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto dot = std::min(text.find('.'), text.size());
        const auto [end, error] = std::from_chars(text.data(), text.data() + dot, parts[i]);
        if (error != std::errc() || end != text.data() + dot) {
            return std::nullopt;
        }
        if (dot == text.size()) {
            return Version{parts[0], parts[1], parts[2]};
        }
        text.remove_prefix(dot + 1);
    }
    return std::nullopt;
}

std::string Version::text() const {
    return std::to_string(major) + '.' + std::to_string(minor) + '.' + std::to_string(micro);
}

bool is_supported(const Version& version) {
    return std::find(kSupportedVersions.begin(), kSupportedVersions.end(), version) !=
           kSupportedVersions.end();
}

std::string supported_versions_text() {
    std::string text;
    for (const auto& version : kSupportedVersions) {
        text += (text.empty() ? "" : ", ") + version.text();
    }
    return text;
}

std::string version_document(const std::string& echoed) {
    boost::json::array supported;
    for (const auto& version : kSupportedVersions) {
        supported.emplace_back(version.text());
    }
    const boost::json::object document{{"cniVersion", echoed}, {"supportedVersions", supported}};
    return boost::json::serialize(document) + '\n';
}

}  // namespace terway::cni
