// The settings of modules, remembered beyond their profile: endpoints of a former profile go on
// with what it said of their modules.
#pragma once

#include <map>
#include <string>

#include "profile/profile.hpp"
#include "store/store.hpp"

namespace terway::daemon {

using ModuleMemory = std::map<std::string, profile::ModuleSettings>;  // by module id

// Of each module of the profile; throws Error if the store cannot be written.
void remember_modules(store::Store& store, const profile::Profile& profile);

// What was remembered; without pins and places. What cannot be read is logged and left out.
[[nodiscard]] ModuleMemory remembered_modules(store::Store& store);

// The same as text and back. Pure. Throws Error(Invalid) for what is no such text.
[[nodiscard]] std::string write_settings(const profile::ModuleSettings& settings);
[[nodiscard]] profile::ModuleSettings read_settings(const std::string& text);

}  // namespace terway::daemon
