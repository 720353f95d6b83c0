#include "sim/nft.hpp"

#include <nftables/libnftables.h>

#include "base/netns.hpp"
#include "terway/error.hpp"

namespace terway::sim {

void Nft::Free::operator()(nft_ctx* context) const noexcept {
    nft_ctx_free(context);
}

Nft::Nft(int netns_fd) {
    const NetnsScope scope(netns_fd);
    context_.reset(nft_ctx_new(NFT_CTX_DEFAULT));
    if (!context_ || nft_ctx_buffer_output(context_.get()) != 0 ||
        nft_ctx_buffer_error(context_.get()) != 0) {
        throw Error(Status::Internal, "cannot initialise libnftables");
    }
}

void Nft::run(const std::string& script) {
    if (nft_run_cmd_from_buffer(context_.get(), script.c_str()) != 0) {
        throw Error(
            Status::Internal,
            std::string("nftables: ") + nft_ctx_get_error_buffer(context_.get()) + "in: " + script);
    }
}

void Nft::apply(const std::string& script) {
    nft_ctx_output_set_flags(context_.get(), 0);
    run(script);
}

std::string Nft::list(const std::string& command) {
    nft_ctx_output_set_flags(context_.get(), NFT_CTX_OUTPUT_JSON);
    run(command);
    return nft_ctx_get_output_buffer(context_.get());
}

}  // namespace terway::sim
