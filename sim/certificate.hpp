// A certificate authority that lives as long as the simulation.
#pragma once

#include <string>
#include <vector>

namespace terway::sim {

// PEM texts.
struct Certificates {
    std::string authority;    // what a client must trust
    std::string certificate;  // of the server
    std::string key;          // of the server
    std::string authority_key;
};

struct ClientCertificate {
    std::string certificate;
    std::string key;
};

// Fresh keys, valid for a year, for names ("DNS:*.aliyuncs.com") and addresses ("IP:127.0.0.1").
// Throws Error.
[[nodiscard]] Certificates make_certificates(const std::vector<std::string>& names);
// Signed by that authority, for a user and a group ("O"). Throws Error.
[[nodiscard]] ClientCertificate make_client_certificate(const Certificates& authority,
                                                        const std::string& user,
                                                        const std::string& group);

}  // namespace terway::sim
