// The answers of the cloud's API: any bytes give data or an Error, each reader for itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cloud/answer.hpp"
#include "cloud/api_error.hpp"
#include "cloud/credential_source.hpp"
#include "terway/error.hpp"

namespace {

using namespace terway::cloud;

template <class Read>
void try_to(Read&& read) {
    try {
        read();
    } catch (const terway::Error&) {
        // Refusing is fine, crashing is not.
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const auto refusal = read_refusal(body);
    (void)name_of(reaction_to(refusal.code, refusal.message, 400));
    try_to([&] { (void)read_enis(body); });
    try_to([&] {
        if (read_created_eni(body).id.empty()) {
            std::abort();
        }
    });
    try_to([&] { (void)read_assigned_ipv4(body); });
    try_to([&] { (void)read_assigned_ipv6(body); });
    try_to([&] { (void)read_instance_types(body); });
    try_to([&] { (void)read_vswitches(body); });
    try_to([&] { (void)read_route_tables(body); });
    try_to([&] { (void)read_route_entries(body); });
    try_to([&] { (void)parse_role_credentials(body, "role"); });
    try_to([&] { (void)parse_assumed_role(body); });
    return 0;
}
