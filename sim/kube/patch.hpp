// The three kinds of patches a client may send. Pure.
#pragma once

#include <boost/json.hpp>
#include <string>

namespace terway::sim::kube {

namespace json = boost::json;

// RFC 7386.
void merge_patch(json::value& target, const json::value& patch);
// RFC 6902. Throws Problem (422) for what does not apply, (400) for what is no patch.
void json_patch(json::value& target, const json::value& patch);
// Maps are merged, null deletes, lists with a merge key are merged element by element; with the
// directives $patch, $setElementOrder, $deleteFromPrimitiveList and $retainKeys. Throws Problem
// (400).
void strategic_patch(json::object& target, const json::object& patch);

}  // namespace terway::sim::kube
