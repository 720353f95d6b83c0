// Who signed a request, and rightly? Both schemes of the OpenAPI, written from their description
// and from nothing else: a second opinion on any client. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "sim/cloud/call.hpp"
#include "sim/cloud/keys.hpp"

namespace terway::sim {

struct HttpRequest {
    std::string method;
    std::string target;  // "/?Action=..."
    Headers headers;     // names in lower case
    std::string body;
    std::string peer;          // address of the client
    std::string subject = {};  // "O=group,CN=user" of its certificate, if it has shown one

    // Empty if absent; several of the same name are joined by commas in sorted order.
    [[nodiscard]] std::string header(const std::string& name) const;
    [[nodiscard]] bool has_header(const std::string& name) const;
    [[nodiscard]] std::string path() const;
    [[nodiscard]] std::string query() const;
};

// RFC 3986 unreserved characters stay, every other byte is %XX.
[[nodiscard]] std::string percent_encode(const std::string& text);
// "a=1&b=%20" decoded. `form`: a plus is a space.
[[nodiscard]] Parameters parse_query(const std::string& text, bool form);

[[nodiscard]] std::string rpc_string_to_sign(const std::string& method,
                                             const Parameters& parameters);
[[nodiscard]] std::string rpc_signature(const std::string& string_to_sign,
                                        const std::string& secret);
// `payload_hash` as the request claims it, `signed_headers` "host;x-acs-date".
[[nodiscard]] std::string acs3_string_to_sign(const HttpRequest& request,
                                              const std::string& signed_headers,
                                              const std::string& payload_hash);
[[nodiscard]] std::string acs3_signature(const std::string& string_to_sign,
                                         const std::string& secret);

// What a request says it is.
struct Presented {
    ApiCall call;
    std::string version;
};

// One thread at a time.
class Gate {
public:
    // The call in a request, its caller proven. Actions in `unsigned_actions` may come without a
    // signature. Throws Refusal; `presented` then holds what is known.
    void admit(const HttpRequest& request, const Keys& keys, WallTime now, Presented& presented);

private:
    void check_time(const std::string& text, WallTime now) const;
    void check_nonce(const std::string& key, const std::string& nonce, WallTime now);
    void admit_rpc(const HttpRequest& request, const Parameters& all, const Keys& keys,
                   WallTime now, Presented& presented);
    void admit_acs3(const HttpRequest& request, const Keys& keys, WallTime now,
                    Presented& presented);

    std::map<std::string, WallTime> nonces_;
};

}  // namespace terway::sim
