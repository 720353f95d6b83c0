// The whole client, put together.
#pragma once

#include <memory>

#include "cloud/api.hpp"
#include "cloud/call_log.hpp"
#include "cloud/effects.hpp"
#include "cloud/metadata_client.hpp"
#include "cloud/settings.hpp"

namespace terway::cloud {

// `metadata` and `log` must outlive the answer. Asks nothing of the network yet. Throws
// Error(Invalid) for settings that contradict themselves.
[[nodiscard]] std::unique_ptr<Api> make_cloud(const Settings& settings, MetadataClient& metadata,
                                              CallLog& log, const Effects& effects = {});

}  // namespace terway::cloud
