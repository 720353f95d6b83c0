// Intermediate functional blocks: a link whose queue shapes what is redirected to it, and which
// then gives each packet back to where it was on its way to.
#pragma once

#include <cstdint>
#include <string>

#include "netlink/socket.hpp"

namespace terway::netlink {

// Born down, in the socket's namespace and in `group`. Throws Error with errno EEXIST if the name
// is taken.
void create_ifb(Socket& socket, const std::string& name, std::uint32_t group);

}  // namespace terway::netlink
