// The files of sim/data, compiled in.
#pragma once

namespace terway::sim::data {

[[nodiscard]] const char* instance_types();
[[nodiscard]] const char* actions();

}  // namespace terway::sim::data
