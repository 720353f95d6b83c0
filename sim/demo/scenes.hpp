// The plays there are. Each tells its steps and throws Error when it cannot go on.
#pragma once

#include "sim/demo/story.hpp"

namespace terway::sim::demo {

void vpc_route(Story& story);
void secondary_ip(Story& story);
void ipvlan(Story& story);
void eni_exclusive(Story& story);
void kubernetes(Story& story);
void bandwidth(Story& story);
void policy(Story& story);

}  // namespace terway::sim::demo
