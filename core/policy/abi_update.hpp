// An update as the contract with policy modules has it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "policy/update.hpp"
#include "terway/abi.h"

namespace terway::policy {

// What a module calls an endpoint by.
struct EndpointKeyText {
    std::string container_id;
    std::string ifname;
};

// Owns the C structs. Neither moves nor copies, for they point to each other.
class AbiUpdate {
public:
    // The endpoints of a pod; none: it has none here. Asked during construction alone.
    using KeysOf = std::function<std::vector<EndpointKeyText>(const ObjectName&)>;

    AbiUpdate(const Update& update, bool is_full, const KeysOf& keys_of);
    ~AbiUpdate();
    AbiUpdate(const AbiUpdate&) = delete;
    AbiUpdate& operator=(const AbiUpdate&) = delete;

    [[nodiscard]] const twy_policy_update& raw() const;

private:
    struct Content;
    std::unique_ptr<Content> content_;
};

}  // namespace terway::policy
