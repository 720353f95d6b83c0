#include "retired_links.hpp"

#include <cerrno>

#include "netlink/link.hpp"
#include "terway/error.hpp"

namespace terway::test {

void serve_retired_links(sdk::testing::FakeHost& fake) {
    fake.on_retire_link([](std::uint32_t ifindex) {
        netlink::Socket socket;
        try {
            netlink::change_link(socket, ifindex, {.group = TWY_RETIRED_LINK_GROUP});
        } catch (const Error& error) {
            // One that vanishes meanwhile, with its sandbox, is no error.
            if (error.sys_errno() != ENODEV) {
                throw;
            }
        }
    });
    fake.on_await_retired([] {
        netlink::Socket socket;
        netlink::remove_links_of_group(socket, TWY_RETIRED_LINK_GROUP);
        return true;
    });
}

}  // namespace terway::test
