// The metadata service an instance finds at 100.100.100.200. Pure.
#pragma once

#include <map>
#include <string>

#include "sim/cloud/cloud.hpp"
#include "sim/cloud/signature.hpp"

namespace terway::sim {

// One thread at a time.
class MetadataService {
public:
    // `instance` empty: nobody's address asks; 404.
    [[nodiscard]] Answer answer(Cloud& cloud, const HttpRequest& request,
                                const std::string& instance, WallTime now);

    // Whose request it is that comes from `source`: the instance whose ENI owns it or has it routed
    // to it; empty if none. A pod is served like its node.
    [[nodiscard]] static std::string instance_at(const Model& model, const IpAddress& source);

private:
    Answer issue_token(Cloud& cloud, const HttpRequest& request, const std::string& instance,
                       WallTime now);

    struct Token {
        std::string instance;
        WallTime expires;
    };
    std::map<std::string, Token> tokens_;
};

// The value at a path below /latest/; nothing if there is none.
[[nodiscard]] std::optional<std::string> metadata_value(Cloud& cloud, const std::string& path,
                                                        const std::string& instance, WallTime now);

}  // namespace terway::sim
