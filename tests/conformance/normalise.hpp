// From the JSON of ip, tc and nft to objects. Pure.
#pragma once

#include <boost/json/array.hpp>
#include <string>

#include "snapshot.hpp"

namespace terway::conformance {

// `json` is what the tool printed for one command; `place` goes into each object.
void add_links(Snapshot& to, const std::string& place, const boost::json::array& json);
void add_addresses(Snapshot& to, const std::string& place, const boost::json::array& json);
void add_routes(Snapshot& to, const std::string& place, const boost::json::array& json, bool ipv6);
void add_rules(Snapshot& to, const std::string& place, const boost::json::array& json, bool ipv6);
void add_neighbours(Snapshot& to, const std::string& place, const boost::json::array& json,
                    bool ipv6);
void add_qdiscs(Snapshot& to, const std::string& place, const boost::json::array& json);
void add_filters(Snapshot& to, const std::string& place, const boost::json::array& json,
                 const std::string& dev, const std::string& hook);
// Lines of text; tc prints no JSON for classes.
void add_classes(Snapshot& to, const std::string& place, const std::string& text,
                 const std::string& dev);
void add_ruleset(Snapshot& to, const std::string& place, const boost::json::array& json);

// The text of a member, "" if there is none; numbers are printed.
[[nodiscard]] std::string member(const boost::json::value& object, std::string_view key);

}  // namespace terway::conformance
