// How the model says no.
#pragma once

#include <string>

#include "terway/error.hpp"

namespace terway::sim {

[[noreturn]] inline void refuse(const std::string& object, const std::string& reason) {
    throw Error(Status::Invalid, object + ": " + reason);
}

}  // namespace terway::sim
