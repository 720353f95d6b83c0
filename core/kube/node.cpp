#include <algorithm>

#include "kube/objects.hpp"
#include "kube/quantity.hpp"

namespace terway::kube {
namespace {

enum NodeTag : Tag {
    kPodCidr = kTagAfterMeta,
    kPodCidrs,
    kCapacity,
    kAllocatable,
    kAddress,
    kAddressType,
    kAddressText,
    kCondition,
    kConditionType,
    kConditionStatus,
    kConditionReason,
    kConditionMessage,
    kConditionTransition,
    kConditionHeartbeat,
};

}  // namespace

template <>
std::vector<Member> members_of<Node>() {
    const auto address = Shape::object(
        {{"type", Shape::text(kAddressType)}, {"address", Shape::text(kAddressText)}}, kAddress);
    const auto condition = Shape::object({{"type", Shape::text(kConditionType)},
                                          {"status", Shape::text(kConditionStatus)},
                                          {"reason", Shape::text(kConditionReason)},
                                          {"message", Shape::text(kConditionMessage)},
                                          {"lastTransitionTime", Shape::text(kConditionTransition)},
                                          {"lastHeartbeatTime", Shape::text(kConditionHeartbeat)}},
                                         kCondition);
    return {{"metadata", meta_shape()},
            {"spec", Shape::object({{"podCIDR", Shape::text(kPodCidr)},
                                    {"podCIDRs", Shape::list(Shape::text(kPodCidrs))}})},
            {"status", Shape::object({{"capacity", Shape::map(kCapacity)},
                                      {"allocatable", Shape::map(kAllocatable)},
                                      {"addresses", Shape::list(address)},
                                      {"conditions", Shape::list(condition)}})}};
}

const NodeCondition* Node::condition(std::string_view type) const noexcept {
    const auto found =
        std::find_if(conditions.begin(), conditions.end(),
                     [&](const NodeCondition& condition) { return condition.type == type; });
    return found == conditions.end() ? nullptr : &*found;
}

void Builder<Node>::begin(Tag tag) {
    if (tag == kAddress) {
        address_ = {};
    } else if (tag == kCondition) {
        condition_ = {};
    } else {
        meta_.begin(tag);
    }
}

void Builder<Node>::end(Tag tag) {
    if (tag == kAddress) {
        node_.addresses.push_back(std::move(address_));
    } else if (tag == kCondition) {
        node_.conditions.push_back(std::move(condition_));
    } else {
        meta_.end(tag);
    }
}

bool Builder<Node>::wants(Tag tag, std::string_view key) const {
    if (tag == kCapacity || tag == kAllocatable) {
        return key == "pods" || key.starts_with("aliyun/");
    }
    return meta_.wants(tag, key);
}

void Builder<Node>::value(Tag tag, std::string_view key, std::string_view text) {
    auto& words = meta_.words();
    switch (tag) {
        case kPodCidr:
            pod_cidr_ = text;
            break;
        case kPodCidrs:
            if (const auto prefix = Prefix::parse(text)) {
                node_.pod_cidrs.push_back(*prefix);
            }
            break;
        case kCapacity:
            node_.capacity.push_back({words.word(key), parse_count(text)});
            break;
        case kAllocatable:
            node_.allocatable.push_back({words.word(key), parse_count(text)});
            break;
        case kAddressType:
            address_.type = words.word(text);
            break;
        case kAddressText:
            address_.address = Word(text);
            break;
        case kConditionType:
            condition_.type = words.word(text);
            break;
        case kConditionStatus:
            condition_.status = words.word(text);
            break;
        case kConditionReason:
            condition_.reason = words.word(text);
            break;
        case kConditionMessage:
            condition_.message = words.word(text);
            break;
        case kConditionTransition:
            condition_.transition = Word(text);
            break;
        case kConditionHeartbeat:
            condition_.heartbeat = Word(text);
            break;
        default:
            meta_.value(tag, key, text);
    }
}

Node Builder<Node>::take() {
    const auto only = Prefix::parse(pod_cidr_);
    if (node_.pod_cidrs.empty() && only) {
        node_.pod_cidrs.push_back(*only);
    }
    pod_cidr_.clear();
    node_.meta = meta_.take();
    return std::exchange(node_, {});
}

}  // namespace terway::kube
