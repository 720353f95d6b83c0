// Versions of the CNI specification. Pure.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace terway::cni {

struct Version {
    unsigned major = 0;
    unsigned minor = 0;
    unsigned micro = 0;

    // "1", "1.0" and "1.0.0" are the same version, as for the reference library.
    [[nodiscard]] static std::optional<Version> parse(std::string_view text);
    [[nodiscard]] std::string text() const;

    // clang-tidy 14 takes the zero in the generated comparison for a null pointer.
    auto operator<=>(const Version&) const = default;  // NOLINT(modernize-use-nullptr)
};

// Oldest first.
inline constexpr std::array<Version, 5> kSupportedVersions = {
    {{0, 3, 0}, {0, 3, 1}, {0, 4, 0}, {1, 0, 0}, {1, 1, 0}}};
inline constexpr Version kNewestVersion = kSupportedVersions.back();
inline constexpr Version kFirstWithCheck = {0, 4, 0};
inline constexpr Version kFirstWithGcAndStatus = {1, 1, 0};

[[nodiscard]] bool is_supported(const Version& version);
// "0.3.0, 0.3.1, ..."
[[nodiscard]] std::string supported_versions_text();
// The document that answers VERSION; `echoed` is the version the runtime asked with.
[[nodiscard]] std::string version_document(const std::string& echoed);

}  // namespace terway::cni
