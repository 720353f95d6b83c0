#include "kube/objects.hpp"

namespace terway::kube {
namespace {

enum NamespaceTag : Tag { kPhase = kTagAfterMeta };

}  // namespace

template <>
std::vector<Member> members_of<Namespace>() {
    return {{"metadata", meta_shape()},
            {"status", Shape::object({{"phase", Shape::text(kPhase)}})}};
}

void Builder<Namespace>::value(Tag tag, std::string_view key, std::string_view text) {
    if (tag == kPhase) {
        namespace_.is_terminating = text == "Terminating";
    } else {
        meta_.value(tag, key, text);
    }
}

Namespace Builder<Namespace>::take() {
    namespace_.meta = meta_.take();
    return std::exchange(namespace_, {});
}

}  // namespace terway::kube
