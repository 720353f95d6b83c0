// From the original Terway's `eni_conf` to a profile of ours. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/text_place.hpp"

namespace terway::ctl {

enum class RemarkKind : std::uint8_t {
    Note,          // taken over, but it means something else here
    Default,       // absent there, and what holds here instead
    NoEquivalent,  // there is nothing like it here, and why
    Wrong,         // no valid value; dropped
};

struct Remark {
    RemarkKind kind = RemarkKind::Note;
    TextPlace at;  // of the key in eni_conf; nowhere if it is not there
    std::string key;
    std::string text;

    bool operator==(const Remark&) const = default;
};

struct ImportOptions {
    std::string file = "eni_conf";  // what errors call the text
    std::string zone;               // take the vSwitches of this one only; empty: of all
    std::string credentials_file;   // where the keys will be; empty: nowhere
};

struct Import {
    std::string source;           // the text in which the places of remarks are
    std::string profile;          // TOML; never holds a secret
    std::string credentials;      // TOML of the credentials file; empty if there are no keys
    std::vector<Remark> remarks;  // in the order of eni_conf, those about no place in it last

    [[nodiscard]] bool dropped_something() const;
};

// `text` is the JSON of eni_conf, or of the ConfigMap that has it under that key (as printed by
// `kubectl -n kube-system get cm eni-config -o json`). Throws Error(Invalid) that begins with
// file, line and column if it is neither.
[[nodiscard]] Import import_eni_conf(std::string_view text, const ImportOptions& options);

// "SOURCE:3:5: note: max_pool_size: ..."; a line without its end.
[[nodiscard]] std::string print(const Remark& remark, std::string_view source);

}  // namespace terway::ctl
