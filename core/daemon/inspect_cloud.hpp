// Answers terwayctl's questions about addresses and the cloud.
#pragma once

#include <functional>
#include <string>

#include "cloud/api.hpp"
#include "cloud/call_log.hpp"
#include "cloud/metadata_client.hpp"
#include "endpoint/manager.hpp"
#include "pool/address_pool.hpp"
#include "routes/keeper.hpp"

namespace terway::daemon {

// What there is of the cloud; all null where the node needs none.
struct CloudDoors {
    cloud::Api* api = nullptr;
    cloud::MetadataClient* metadata = nullptr;
    cloud::CallLog* calls = nullptr;
    const routes::Keeper* routes = nullptr;
    std::string instance;
    std::string trouble;  // why they are closed for now
};

// Borrows everything. Any thread, in the host's network namespace. Each verb answers JSON text;
// those about the cloud throw Error(Unsupported) where there is none.
class CloudInspector {
public:
    using Doors = std::function<CloudDoors()>;

    CloudInspector(endpoint::Manager& manager, const pool::AddressPool& pool, Doors doors)
        : manager_(manager), pool_(pool), doors_(std::move(doors)) {}

    [[nodiscard]] std::string pool() const;
    // Asks the kernel about every endpoint and the cloud about every ENI of this node.
    [[nodiscard]] std::string mapping(const endpoint::Operation& operation) const;
    [[nodiscard]] std::string metadata(const endpoint::Operation& operation) const;
    [[nodiscard]] std::string calls() const;
    [[nodiscard]] std::string routes() const;

private:
    endpoint::Manager& manager_;
    const pool::AddressPool& pool_;
    const Doors doors_;
};

}  // namespace terway::daemon
