#include "kube/meta.hpp"

namespace terway::kube {
namespace {

enum MetaTag : Tag {
    kVersion = kVersionTag,
    kSpace,
    kName,
    kUid,
    kDeletion,
    kLabels,
    kAnnotations,
    kOwner,
    kOwnerKind,
    kOwnerName,
    kOwnerController,
};
static_assert(kOwnerController < kTagAfterMeta);

void sort(Pairs& pairs) {
    std::sort(pairs.begin(), pairs.end());
    pairs.shrink_to_fit();
}

}  // namespace

const Owner* Meta::controller() const noexcept {
    const auto found = std::find_if(owners.begin(), owners.end(),
                                    [](const Owner& owner) { return owner.is_controller; });
    return found == owners.end() ? nullptr : &*found;
}

bool is_terway_annotation(std::string_view key) {
    return key.starts_with("k8s.aliyun.com/") || key == "kubernetes.io/ingress-bandwidth" ||
           key == "kubernetes.io/egress-bandwidth" || key == "kubernetes.io/config.mirror" ||
           key == "cpuSet" || key == "alibabacloud.com/instance-type-info";
}

Shape meta_shape() {
    return Shape::object({{"name", Shape::text(kName)},
                          {"namespace", Shape::text(kSpace)},
                          {"uid", Shape::text(kUid)},
                          {"resourceVersion", Shape::text(kVersion)},
                          {"deletionTimestamp", Shape::text(kDeletion)},
                          {"labels", Shape::map(kLabels)},
                          {"annotations", Shape::map(kAnnotations)},
                          {"ownerReferences", Shape::list(Shape::object(
                                                  {{"kind", Shape::text(kOwnerKind)},
                                                   {"name", Shape::text(kOwnerName)},
                                                   {"controller", Shape::text(kOwnerController)}},
                                                  kOwner))}});
}

void MetaReader::begin(Tag tag) {
    if (tag == kOwner) {
        owner_ = {};
    }
}

void MetaReader::end(Tag tag) {
    if (tag == kOwner) {
        meta_.owners.push_back(std::move(owner_));
    }
}

bool MetaReader::wants(Tag tag, std::string_view key) const {
    return tag == kLabels || (tag == kAnnotations && wanted_ && wanted_(key));
}

void MetaReader::value(Tag tag, std::string_view key, std::string_view text) {
    switch (tag) {
        case kSpace:
            meta_.space = words_.word(text);
            break;
        case kName:
            meta_.name = Word(text);
            break;
        case kUid:
            meta_.uid = Word(text);
            break;
        case kVersion:
            meta_.version = Word(text);
            break;
        case kDeletion:
            meta_.deletion = Word(text);
            break;
        case kLabels:
            meta_.labels.emplace_back(words_.word(key), words_.word(text));
            break;
        case kAnnotations:
            meta_.annotations.emplace_back(words_.word(key), words_.word(text));
            break;
        case kOwnerKind:
            owner_.kind = words_.word(text);
            break;
        case kOwnerName:
            owner_.name = words_.word(text);
            break;
        case kOwnerController:
            owner_.is_controller = text == "true";
            break;
        default:
            break;
    }
}

Meta MetaReader::take() {
    sort(meta_.labels);
    sort(meta_.annotations);
    meta_.owners.shrink_to_fit();
    return std::exchange(meta_, {});
}

}  // namespace terway::kube
