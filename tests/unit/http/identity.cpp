#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "server.hpp"

namespace terway::testing_http {
namespace {

struct Free {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
};
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

Key make_key() {
    return Key(EVP_EC_gen("P-256"));
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Free> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
        throw std::runtime_error("extension " + value);
    }
}

Certificate make_certificate(const std::string& name, EVP_PKEY* key, X509* issuer,
                             EVP_PKEY* issuer_key, const std::string& alternative_name) {
    Certificate certificate(X509_new());
    auto* raw = certificate.get();
    X509_set_version(raw, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(raw), issuer == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(raw), -3600);
    X509_gmtime_adj(X509_getm_notAfter(raw), 3600);
    X509_set_pubkey(raw, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    auto* signer = issuer == nullptr ? raw : issuer;
    X509_set_issuer_name(raw, X509_get_subject_name(signer));
    if (issuer == nullptr) {
        add_extension(raw, signer, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(raw, signer, NID_key_usage, "critical,keyCertSign");
    } else {
        add_extension(raw, signer, NID_subject_alt_name, alternative_name);
    }
    if (X509_sign(raw, issuer_key, EVP_sha256()) == 0) {
        throw std::runtime_error("signing the test's certificate");
    }
    return certificate;
}

template <class Write>
void write_pem(const std::string& path, Write write) {
    std::FILE* file = std::fopen(path.c_str(), "we");
    if (file == nullptr || write(file) != 1 || std::fclose(file) != 0) {
        throw std::runtime_error(path);
    }
}

}  // namespace

Identity::Identity(const std::string& subject_alternative_name) {
    std::string pattern = std::filesystem::temp_directory_path() / "terway-http-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error(pattern);
    }
    directory_ = pattern;
    const auto authority_key = make_key();
    const auto authority = make_certificate("authority of " + directory_, authority_key.get(),
                                            nullptr, authority_key.get(), "");
    const auto own_key = make_key();
    const auto own = make_certificate("test server", own_key.get(), authority.get(),
                                      authority_key.get(), subject_alternative_name);
    write_pem(this->authority(),
              [&](std::FILE* file) { return PEM_write_X509(file, authority.get()); });
    write_pem(certificate(), [&](std::FILE* file) { return PEM_write_X509(file, own.get()); });
    write_pem(key(), [&](std::FILE* file) {
        return PEM_write_PrivateKey(file, own_key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
}

Identity::~Identity() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

}  // namespace terway::testing_http
