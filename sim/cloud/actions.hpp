// What each action does: reads the request, changes the cloud, answers the members of the response
// beside RequestId. Refuse by throwing Refusal.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

#include "sim/cloud/cloud.hpp"
#include "sim/cloud/request.hpp"

namespace terway::sim {

[[nodiscard]] boost::json::object run_ecs_change(Cloud& cloud, const Request& request);
[[nodiscard]] boost::json::object run_ecs_read(Cloud& cloud, const Request& request);
[[nodiscard]] boost::json::object run_vpc(Cloud& cloud, const Request& request);
[[nodiscard]] boost::json::object run_sts(Cloud& cloud, const Request& request);

// As DescribeNetworkInterfaces tells it.
[[nodiscard]] boost::json::object eni_object(const Cloud& cloud, const EniView& view);
// "2026-01-01T12:00:00Z"
[[nodiscard]] std::string iso_time(WallTime time);
// Nothing if it is written otherwise.
[[nodiscard]] std::optional<WallTime> parse_iso_time(const std::string& text);

// A slice of a list by MaxResults and NextToken.
struct Page {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string next;  // empty at the end of the list
};
[[nodiscard]] Page page_by_token(const Cloud& cloud, const Request& request, std::size_t total,
                                 const std::string& size_name, std::size_t least, std::size_t most);
// By PageNumber and PageSize.
[[nodiscard]] Page page_by_number(const Cloud& cloud, const Request& request, std::size_t total);

}  // namespace terway::sim
