// The metadata service over HTTP.
#pragma once

#include <optional>
#include <string>

#include "base/mutex.hpp"
#include "cloud/effects.hpp"
#include "cloud/metadata.hpp"
#include "http/http.hpp"

namespace terway::cloud {

// A monitor; any thread.
class MetadataClient final : public Metadata {
public:
    // `base` is "http://100.100.100.200", without a final slash.
    explicit MetadataClient(std::string base, Effects effects = {});

    [[nodiscard]] InstanceFacts instance(const Patience& patience) override;
    [[nodiscard]] std::vector<Mac> macs(const Patience& patience) override;
    [[nodiscard]] std::optional<NicFacts> nic(const Mac& mac, const Patience& patience) override;

    // The text below /latest/meta-data/, or anywhere if `path` begins with a slash; nothing if
    // there is none. What is below ram/ is secret. Errors as above; Error(Invalid) for a path with
    // anything but printable ASCII.
    [[nodiscard]] std::optional<std::string> raw(const std::string& path, const Patience& patience);

private:
    // Empty where the service has no tokens.
    [[nodiscard]] std::string token(const Patience& patience);
    void forget(const std::string& token);
    [[nodiscard]] http::Response ask(const std::string& path, const std::string& token,
                                     const Patience& patience);
    // As raw(), without the line's end; throws Error(Internal) if there is none.
    [[nodiscard]] std::string line(const std::string& path, const Patience& patience);

    const std::string base_;
    const Effects effects_;
    http::Client client_;
    Mutex mutex_;
    std::string token_ TERWAY_GUARDED_BY(mutex_);
    std::optional<Deadline> renew_at_ TERWAY_GUARDED_BY(mutex_);  // nothing: no token asked for
};

}  // namespace terway::cloud
