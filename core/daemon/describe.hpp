// The JSON terwayctl gets, made of what the daemon knows. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <vector>

#include "cloud/call_log.hpp"
#include "daemon/fallback.hpp"
#include "daemon/mapping.hpp"
#include "endpoint/record.hpp"
#include "pool/address_pool.hpp"
#include "routes/keeper.hpp"

namespace terway::daemon {

[[nodiscard]] boost::json::object describe(const endpoint::EndpointRecord& record);
[[nodiscard]] boost::json::array describe(const std::vector<Fallback>& fallbacks);
[[nodiscard]] boost::json::object describe(const pool::PoolPicture& picture);
// With "ok", whether all rows are; `trouble` says what could not be asked.
[[nodiscard]] boost::json::object describe(const std::vector<MappingRow>& rows,
                                           const std::string& trouble);
[[nodiscard]] boost::json::array describe(const std::map<std::string, cloud::ActionLog>& calls);
[[nodiscard]] boost::json::object describe(const routes::State& state);

}  // namespace terway::daemon
