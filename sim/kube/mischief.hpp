// Bodies that come out wrong. One thread at a time.
#pragma once

#include <memory>

#include "base/time.hpp"
#include "sim/kube/api.hpp"

namespace terway::sim::kube {

// A body that is there already.
[[nodiscard]] std::shared_ptr<BodyStream> whole(std::string body);
// `inner`, treated as the fault says.
[[nodiscard]] std::shared_ptr<BodyStream> spoiled(std::shared_ptr<BodyStream> inner,
                                                  const Mischief& mischief);

}  // namespace terway::sim::kube
