// A kubeconfig: any bytes give an access or an Error.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "kube/access.hpp"
#include "kube/base64.hpp"
#include "terway/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    (void)terway::kube::base64_decoded(text);
    try {
        if (!terway::kube::parse_kubeconfig(text, "k").http.verify) {
            std::abort();
        }
    } catch (const terway::Error&) {
        // Refusing is fine, crashing is not.
    }
    return 0;
}
