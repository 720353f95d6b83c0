#include "ctl/import_eni_conf.hpp"

#include <algorithm>
#include <utility>

#include "ctl/import_parts.hpp"

namespace terway::ctl {
namespace {

std::string_view word_for(RemarkKind kind) {
    switch (kind) {
        case RemarkKind::Note:
            return "note";
        case RemarkKind::Default:
            return "default";
        case RemarkKind::NoEquivalent:
            return "no equivalent";
        case RemarkKind::Wrong:
            break;
    }
    return "wrong";
}

}  // namespace

bool Import::dropped_something() const {
    return std::any_of(remarks.begin(), remarks.end(),
                       [](const Remark& remark) { return remark.kind == RemarkKind::Wrong; });
}

Import import_eni_conf(std::string_view text, const ImportOptions& options) {
    auto conf = EniConf::parse(text, options.file);
    TomlText out;
    out.comment("Made by terwayctl import-eni-conf from the original Terway's eni_conf. Where a");
    out.comment("value means something else here, a comment beside it says so.");
    out.value("profile", "\"secondary-ip\"");
    out.section("chain");
    out.value("dataplane", "\"veth\"");
    import_pool(conf, out);
    auto credentials = import_cloud(conf, options, out);
    out.section("module.veth");
    out.value("mode", "\"secondary-ip\"");
    remark_on_the_rest(conf);
    return {conf.source(), out.text(), std::move(credentials), conf.finish()};
}

std::string print(const Remark& remark, std::string_view source) {
    const auto place = remark.at.line == 0 ? "" : ":" + remark.at.text();
    return std::string(source) + place + ": " + std::string(word_for(remark.kind)) + ": " +
           remark.key + ": " + remark.text;
}

}  // namespace terway::ctl
