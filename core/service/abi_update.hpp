// Updates as modules are told them (terway/abi_service.h).
#pragma once

#include <cstdint>
#include <vector>

#include "service/index.hpp"
#include "terway/abi.h"

namespace terway::service {

// Owns the C structs of one update, but for texts.
class AbiUpdate {
public:
    // Borrows the frontends. `is_full`: it is all that holds.
    AbiUpdate(const Update& update, bool is_full, std::uint64_t revision);
    AbiUpdate(const AbiUpdate&) = delete;
    AbiUpdate& operator=(const AbiUpdate&) = delete;

    [[nodiscard]] const twy_service_update& raw() const noexcept { return raw_; }

private:
    void add(const Frontend& frontend);

    std::vector<twy_backend> backends_;
    std::vector<twy_frontend> frontends_;
    std::vector<const twy_frontend*> list_;
    std::vector<twy_frontend_key> gone_;
    twy_service_update raw_{};
};

[[nodiscard]] twy_frontend_key to_abi(const FrontendKey& key);
[[nodiscard]] twy_backend to_abi(const Backend& backend);

}  // namespace terway::service
