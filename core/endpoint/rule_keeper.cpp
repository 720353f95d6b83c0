#include "endpoint/rule_keeper.hpp"

#include <algorithm>

namespace terway::endpoint {

const ModulePin* policy_pin(const EndpointRecord& record) {
    const auto found =
        std::find_if(record.chain.begin(), record.chain.end(),
                     [](const ModulePin& pin) { return pin.role == ModuleRole::Policy; });
    return found == record.chain.end() ? nullptr : &*found;
}

}  // namespace terway::endpoint
