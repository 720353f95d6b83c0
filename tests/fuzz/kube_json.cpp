// What an API server sends: any bytes give objects or an Error, and the same ones however the bytes
// are cut. The first byte says how.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kube/cache.hpp"
#include "kube/status.hpp"
#include "terway/error.hpp"

namespace {

using namespace terway::kube;

// How it went, with what is in the cache then.
template <class Object, class Reader, class... Arguments>
std::string read(std::string_view body, std::size_t piece, Arguments... arguments) {
    Words words;
    Cache<Object> cache(words, {});
    Reader reader(cache, arguments...);
    std::string outcome = "fine";
    try {
        while (!body.empty()) {
            reader.feed(body.substr(0, piece));
            body.remove_prefix(std::min(piece, body.size()));
        }
    } catch (const terway::Error&) {
        outcome = "refused";
    }
    return outcome + " " + std::to_string(cache.size()) + " " + reader.version();
}

template <class Object>
void try_all(std::string_view body, std::size_t piece) {
    const auto whole = std::max<std::size_t>(1, body.size());
    if (read<Object, ListReader>(body, piece) != read<Object, ListReader>(body, whole) ||
        read<Object, WatchReader>(body, piece, std::string("1")) !=
            read<Object, WatchReader>(body, whole, std::string("1"))) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t piece = 1U + data[0] % 64U;
    try_all<Pod>(body, piece);
    try_all<Node>(body, piece);
    try_all<Namespace>(body, piece);
    try_all<NetworkPolicy>(body, piece);
    try_all<ClusterNetworkPolicy>(body, piece);
    (void)read_refusal(500, body, body);
    return 0;
}
