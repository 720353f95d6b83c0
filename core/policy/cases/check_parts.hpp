// What checks of policies share. Throw Error(Invalid) with the place. Private.
#pragma once

#include "kube/object_sink.hpp"
#include "policy/cases/document.hpp"

namespace terway::policy {

void check_selector(const Part& selector);
// Of a port, from 1 to 65535.
void check_number(const Part& port);
// If there is such a member, it is `wanted`.
void check_says(const Part& object, std::string_view key, std::string_view wanted);
[[nodiscard]] Prefix read_cidr(const Part& part);

// As the watch reads it.
template <class Object>
[[nodiscard]] Object read_object(const Part& part, kube::Words& words) {
    const auto shape = kube::Shape::object(kube::members_of<Object>());
    kube::ObjectSink<Object> sink(words, [](std::string_view) { return false; });
    kube::JsonReader reader(shape, sink);
    reader.feed(part.serialized());
    reader.finish();
    return sink.take();
}

}  // namespace terway::policy
