// The daemon's connection to the cloud, and what it learned of the node through it.
#pragma once

#include <memory>

#include "base/metrics.hpp"
#include "cloud/call_log.hpp"
#include "cloud/make_cloud.hpp"
#include "cloud/metadata_client.hpp"
#include "daemon/inspect_cloud.hpp"
#include "daemon/node_facts.hpp"
#include "profile/profile.hpp"
#include "store/store.hpp"

namespace terway::daemon {

// What the profile says of the cloud, in the client's own terms. Pure.
[[nodiscard]] cloud::Settings cloud_settings(const profile::Cloud& from, const std::string& region);

class CloudAccess {
public:
    // Learns what instance this is. If the metadata service does not answer, what was remembered
    // the last time serves; without that this blocks for two minutes, or until stopped, and then
    // throws Error. Borrows all three.
    CloudAccess(const profile::Cloud& settings, store::Store& store, Metrics& metrics,
                const std::stop_token& stop = {});

    [[nodiscard]] cloud::Api& api() noexcept { return *api_; }
    [[nodiscard]] cloud::Metadata& metadata() noexcept { return metadata_; }
    [[nodiscard]] const cloud::InstanceFacts& instance() const noexcept { return instance_; }
    // Asks the API for what the profile leaves open, with the same fall-back.
    [[nodiscard]] NodeFacts node();
    [[nodiscard]] CloudDoors doors() noexcept {
        return {api_.get(), &metadata_, &calls_, nullptr, instance_.instance};
    }

private:
    [[nodiscard]] cloud::InstanceFacts find_instance(const std::stop_token& stop);

    const profile::Cloud& settings_;
    store::Store& store_;
    cloud::CallLog calls_;
    cloud::MetadataClient metadata_;
    cloud::InstanceFacts instance_;
    std::unique_ptr<cloud::Api> api_;
};

}  // namespace terway::daemon
