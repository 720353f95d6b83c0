// libnftables tied to one network namespace.
#pragma once

#include <memory>
#include <string>

struct nft_ctx;

namespace terway::sim {

// One thread at a time.
class Nft {
public:
    // Stays bound to the namespace; the calling thread is home again on return. Throws Error.
    explicit Nft(int netns_fd);

    // One transaction: all of `script` or nothing. Throws Error with what nftables says.
    void apply(const std::string& script);
    // The JSON answer to a "list" command. Throws Error.
    [[nodiscard]] std::string list(const std::string& command);

private:
    struct Free {
        void operator()(nft_ctx* context) const noexcept;
    };
    void run(const std::string& script);
    std::unique_ptr<nft_ctx, Free> context_;
};

}  // namespace terway::sim
