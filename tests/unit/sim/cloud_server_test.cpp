// The cloud over loopback, spoken to with bare sockets.
#include "sim/cloud_server.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "base/fd.hpp"
#include "sim/cloud/actions.hpp"
#include "vpc.hpp"

namespace terway::sim {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

// Everything the server says to one request; empty if it cuts the connection, "silence" if it says
// nothing for a while.
std::string exchange(const std::string& endpoint, const std::string& request,
                     Milliseconds patience = 10s) {
    const auto port =
        static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
    const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{patience.count() / 1000, patience.count() % 1000 * 1000};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string all;
    std::array<char, 4096> part{};
    for (;;) {
        const auto size = ::recv(fd.get(), part.data(), part.size(), 0);
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return "silence";
        }
        if (size <= 0) {
            return all;
        }
        all.append(part.data(), static_cast<std::size_t>(size));
    }
}

class Server : public ::testing::Test {
protected:
    CloudServer server_{two_nodes()};
    int nonce_ = 0;

    std::string signed_request(const std::string& action, Parameters parameters,
                               const std::string& secret = "testsecret") {
        parameters.insert({{"Action", action},
                           {"Version", "2014-05-26"},
                           {"Format", "JSON"},
                           {"RegionId", "cn-hangzhou"},
                           {"AccessKeyId", "testid"},
                           {"SignatureMethod", "HMAC-SHA1"},
                           {"SignatureVersion", "1.0"},
                           {"SignatureNonce", std::to_string(++nonce_)},
                           {"Timestamp", iso_time(server_.time())}});
        parameters["Signature"] = rpc_signature(rpc_string_to_sign("GET", parameters), secret);
        std::string query;
        for (const auto& [key, value] : parameters) {
            query += (query.empty() ? "" : "&") + percent_encode(key) + "=" + percent_encode(value);
        }
        return "GET /?" + query + " HTTP/1.1\r\nHost: ecs\r\nConnection: close\r\n\r\n";
    }
    std::string ask(const std::string& action, const Parameters& parameters = {},
                    Milliseconds patience = 10s) {
        return exchange(server_.endpoint(), signed_request(action, parameters), patience);
    }
    static json::value body(const std::string& answer) {
        return json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
    }
    std::string metadata(const std::string& path, const std::string& headers = "",
                         const std::string& method = "GET") {
        return exchange(server_.metadata_endpoint("i-a"), method + " /latest/" + path +
                                                              " HTTP/1.1\r\nHost: m\r\n" + headers +
                                                              "Connection: close\r\n\r\n");
    }
    static std::string text(const std::string& answer) {
        return answer.substr(answer.find("\r\n\r\n") + 4);
    }
    static unsigned status(const std::string& answer) {
        return static_cast<unsigned>(std::stoul(answer.substr(9, 3)));
    }
};

const Parameters kNewEni{{"VSwitchId", "vsw"}, {"SecurityGroupId", "sg-1"}};

TEST_F(Server, AnswersASignedCall) {
    const auto answer = ask("CreateNetworkInterface", kNewEni);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(body(answer).at("Status"), "Available");
    EXPECT_THAT(answer, HasSubstr("Date: "));
    EXPECT_EQ(server_.with([](Cloud& cloud) { return cloud.calls().mutating(); }), 1U);
}

TEST_F(Server, TellsItsOwnTime) {
    server_.skip(std::chrono::hours(30));
    const auto day = http_date(server_.time()).substr(0, 16);
    EXPECT_THAT(ask("CreateNetworkInterface", kNewEni), HasSubstr("Date: " + day));
}

// The answer to a request over TLS, by a client that trusts `authority` alone; or "untrusted".
std::string exchange_tls(const std::string& endpoint, const std::string& authority,
                         const std::string& request) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        ::SSL_CTX_new(::TLS_client_method()), SSL_CTX_free);
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> text(
        ::BIO_new_mem_buf(authority.data(), static_cast<int>(authority.size())), BIO_free_all);
    const std::unique_ptr<X509, decltype(&X509_free)> trusted(
        ::PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr), X509_free);
    ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context.get()), trusted.get());
    ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> link(::BIO_new_ssl_connect(context.get()),
                                                             BIO_free_all);
    const std::string host = endpoint.substr(std::string("https://").size());
    BIO_set_conn_hostname(link.get(), host.c_str());
    SSL* ssl = nullptr;
    BIO_get_ssl(link.get(), &ssl);
    ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl), "127.0.0.1");
    if (BIO_do_handshake(link.get()) != 1) {
        return "untrusted";
    }
    ::BIO_write(link.get(), request.data(), static_cast<int>(request.size()));
    std::string all;
    std::array<char, 4096> part{};
    for (int size = 1; size > 0;) {
        size = ::BIO_read(link.get(), part.data(), static_cast<int>(part.size()));
        all.append(part.data(), static_cast<std::size_t>(std::max(size, 0)));
    }
    return all;
}

TEST_F(Server, SpeaksTlsWithACertificateOfItsOwnAuthority) {
    const auto answer = exchange_tls(server_.tls_endpoint(), server_.authority(),
                                     signed_request("CreateNetworkInterface", kNewEni));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
    const auto other = make_certificates({"IP:127.0.0.1"}).authority;
    EXPECT_EQ(exchange_tls(server_.tls_endpoint(), other, ""), "untrusted");
}

TEST_F(Server, RefusesAndLogsAWrongSignature) {
    const auto answer =
        exchange(server_.endpoint(), signed_request("CreateNetworkInterface", kNewEni, "wrong"));
    EXPECT_EQ(status(answer), 400U);
    EXPECT_EQ(body(answer).at("Code"), "SignatureDoesNotMatch");
    server_.with([](Cloud& cloud) {
        EXPECT_EQ(cloud.model().enis().size(), 2U);
        EXPECT_EQ(
            cloud.calls().counts().at("CreateNetworkInterface").failed.at("SignatureDoesNotMatch"),
            1U);
    });
}

TEST_F(Server, ALostAnswerCutsTheConnectionAfterTheDeed) {
    server_.with([](Cloud& cloud) {
        FaultRule rule;
        rule.kind = FaultRule::Kind::Lost;
        cloud.faults().add(rule);
    });
    EXPECT_EQ(ask("CreateNetworkInterface", kNewEni), "");
    EXPECT_EQ(server_.with([](Cloud& cloud) { return cloud.model().enis().size(); }), 3U);
}

TEST_F(Server, AHangSaysNothing) {
    server_.with([](Cloud& cloud) {
        FaultRule rule;
        rule.kind = FaultRule::Kind::Hang;
        rule.times = 1;
        cloud.faults().add(rule);
    });
    EXPECT_EQ(ask("CreateNetworkInterface", kNewEni, 100ms), "silence");
    EXPECT_EQ(status(ask("CreateNetworkInterface", kNewEni)), 200U);
}

TEST_F(Server, RendersTheModelBeforeItAnswers) {
    Mutex mutex;
    std::size_t seen = 0;
    server_.on_change([&](const Model& model) {
        const MutexLock lock(mutex);
        seen = model.enis().size();
    });
    ask("CreateNetworkInterface", kNewEni);
    const MutexLock lock(mutex);
    EXPECT_EQ(seen, 3U);
}

TEST_F(Server, TransitionsHappenByThemselves) {
    Mutex mutex;
    Condition done;
    bool attached = false;
    server_.on_change([&](const Model& model) {
        const MutexLock lock(mutex);
        for (const auto& [id, eni] : model.enis()) {
            attached = attached || (eni.attachment && !eni.attachment->primary());
        }
        done.notify_all();
    });
    server_.with([](Cloud& cloud) { cloud.settings().set("attach", "20ms"); });
    const auto eni = json::value_to<std::string>(
        body(ask("CreateNetworkInterface", kNewEni)).at("NetworkInterfaceId"));
    ask("AttachNetworkInterface", {{"NetworkInterfaceId", eni}, {"InstanceId", "i-a"}});
    const MutexLock lock(mutex);
    EXPECT_TRUE(done.wait(mutex, {}, after(10s), [&] { return attached; }));
}

TEST_F(Server, TimeCanBeSkipped) {
    server_.with([](Cloud& cloud) { cloud.settings().set("create", "1h"); });
    ask("CreateNetworkInterface", kNewEni);
    server_.skip(1h);
    server_.with([](Cloud& cloud) {
        EXPECT_EQ(cloud.enis().now().at("eni-sim00000001")->record.status, EniStatus::Available);
    });
}

TEST_F(Server, MetadataTellsTheInstanceAndItsNics) {
    EXPECT_EQ(text(metadata("meta-data/instance-id")), "i-a");
    EXPECT_EQ(text(metadata("meta-data/instance/instance-type")), "ecs.g7.4xlarge");
    EXPECT_EQ(text(metadata("meta-data/private-ipv4")), "10.0.0.10");
    const auto mac = text(metadata("meta-data/mac"));
    const std::string nic = "meta-data/network/interfaces/macs/";
    EXPECT_EQ(text(metadata(nic)), mac + "/");
    EXPECT_EQ(text(metadata(nic + mac + "/private-ipv4s")), R"(["10.0.0.10"])");
    EXPECT_EQ(text(metadata(nic + mac + "/gateway")), "10.0.0.253");
    EXPECT_EQ(text(metadata(nic + mac + "/netmask")), "255.255.255.0");
    EXPECT_EQ(text(metadata(nic + mac + "/network-interface-id")), "eni-a");
    EXPECT_EQ(status(metadata(nic + mac + "/ipv6s")), 404U);
    EXPECT_EQ(status(metadata("meta-data/nothing")), 404U);
}

TEST_F(Server, MetadataLagsBehindTheApi) {
    server_.with([](Cloud& cloud) {
        cloud.settings().set("metadata_lag", "1h");
        const Wish wish{{ip("10.0.0.77")}, {}, 0, 0};
        cloud.enis().assign("eni-a", Family::V4, wish, wall_now());
    });
    const auto path =
        "meta-data/network/interfaces/macs/" + text(metadata("meta-data/mac")) + "/private-ipv4s";
    EXPECT_EQ(text(metadata(path)), R"(["10.0.0.10"])");
    server_.skip(1h);
    EXPECT_EQ(text(metadata(path)), R"(["10.0.0.10","10.0.0.77"])");
}

TEST_F(Server, TokensAreIssuedCheckedAndRequired) {
    const std::string ttl = "X-aliyun-ecs-metadata-token-ttl-seconds: ";
    EXPECT_EQ(status(metadata("api/token", "", "PUT")), 400U);
    EXPECT_EQ(status(metadata("api/token", ttl + "21601\r\n", "PUT")), 400U);
    EXPECT_EQ(status(metadata("api/token", ttl + "60\r\nX-Forwarded-For: 1.2.3.4\r\n", "PUT")),
              403U);
    const auto token = text(metadata("api/token", ttl + "60\r\n", "PUT"));
    const std::string with = "X-aliyun-ecs-metadata-token: " + token + "\r\n";
    server_.with([](Cloud& cloud) { cloud.settings().metadata_token_required = true; });
    EXPECT_EQ(status(metadata("meta-data/instance-id")), 403U);
    EXPECT_EQ(text(metadata("meta-data/instance-id", with)), "i-a");
    EXPECT_EQ(status(metadata("meta-data/instance-id", "X-aliyun-ecs-metadata-token: no\r\n")),
              401U);
    server_.skip(61s);
    EXPECT_EQ(status(metadata("meta-data/instance-id", with)), 401U);
}

TEST_F(Server, TooManyMetadataRequestsAreRefused) {
    server_.with([](Cloud& cloud) { cloud.settings().metadata_throttle = {1, 1}; });
    EXPECT_EQ(status(metadata("meta-data/instance-id")), 200U);
    EXPECT_EQ(status(metadata("meta-data/instance-id")), 429U);
}

TEST_F(Server, RoleCredentialsRotateBeforeTheyEndAndBothSetsWork) {
    EXPECT_EQ(status(metadata("meta-data/ram/security-credentials/")), 404U);
    server_.with([](Cloud& cloud) { cloud.keys().add_role("terway", "i-*"); });
    EXPECT_EQ(text(metadata("meta-data/ram/security-credentials/")), "terway");
    const auto take = [&] { return body(metadata("meta-data/ram/security-credentials/terway")); };
    const auto first = take();
    EXPECT_EQ(first.at("Code"), "Success");
    EXPECT_EQ(take(), first);
    server_.skip(5h + 31min);
    const auto second = take();
    EXPECT_NE(second.at("AccessKeyId"), first.at("AccessKeyId"));
    server_.with([&](Cloud& cloud) {
        const auto* key = cloud.keys().find(json::value_to<std::string>(first.at("AccessKeyId")));
        ASSERT_NE(key, nullptr);
        EXPECT_GT(*key->expires, wall_now() + 5h + 31min);
    });
}

TEST(SimMetadata, KnowsAnInstanceByItsAddressesAndRoutes) {
    Model model = two_nodes();
    model.add_route({prefix("172.20.1.0/24"), {NextHop::Kind::Instance, "i-b"}});
    EXPECT_EQ(MetadataService::instance_at(model, ip("10.0.0.10")), "i-a");
    EXPECT_EQ(MetadataService::instance_at(model, ip("172.20.1.9")), "i-b");
    EXPECT_EQ(MetadataService::instance_at(model, ip("10.0.0.99")), "");
}

}  // namespace
}  // namespace terway::sim
