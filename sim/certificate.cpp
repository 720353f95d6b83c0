#include "sim/certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>

#include "terway/error.hpp"

namespace terway::sim {
namespace {

template <auto Free>
struct Freer {
    template <class Object>
    void operator()(Object* object) const noexcept {
        Free(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;

void check(bool good, const char* what) {
    if (!good) {
        throw Error(Status::Internal, std::string("certificate: cannot ") + what);
    }
}

Key new_key() {
    Key key(EVP_EC_gen("P-256"));
    check(key != nullptr, "make a key");
    return key;
}

void add(X509* to, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    ::X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    const Extension made(::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    check(made != nullptr && ::X509_add_ext(to, made.get(), -1) == 1, "add an extension");
}

Certificate blank(const std::string& name, long serial, EVP_PKEY* key) {
    constexpr long kHour = 3600;
    constexpr long kYear = 365 * 24 * kHour;
    Certificate made(::X509_new());
    check(made != nullptr, "make one");
    ::X509_set_version(made.get(), 2);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(made.get()), serial);
    ::X509_gmtime_adj(::X509_getm_notBefore(made.get()), -kHour);
    ::X509_gmtime_adj(::X509_getm_notAfter(made.get()), kYear);
    ::X509_set_pubkey(made.get(), key);
    check(::X509_NAME_add_entry_by_txt(::X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                                       reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                                       0) == 1,
          "name one");
    return made;
}

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

std::string pem(X509* certificate) {
    const Bio bio(::BIO_new(::BIO_s_mem()));
    check(::PEM_write_bio_X509(bio.get(), certificate) == 1, "write one");
    return text_of(bio.get());
}

template <auto Read>
auto read_pem(const std::string& text) {
    const Bio bio(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    return Read(bio.get(), nullptr, nullptr, nullptr);
}

std::string pem(EVP_PKEY* key) {
    const Bio bio(::BIO_new(::BIO_s_mem()));
    check(::PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "write a key");
    return text_of(bio.get());
}

}  // namespace

Certificates make_certificates(const std::vector<std::string>& names) {
    const Key authority_key = new_key();
    const Certificate authority = blank("terway-sim CA", 1, authority_key.get());
    X509* issuer = authority.get();
    ::X509_set_issuer_name(issuer, ::X509_get_subject_name(issuer));
    add(issuer, issuer, NID_basic_constraints, "critical,CA:TRUE");
    add(issuer, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    add(issuer, issuer, NID_subject_key_identifier, "hash");
    check(::X509_sign(issuer, authority_key.get(), ::EVP_sha256()) != 0, "sign the authority");

    const Key key = new_key();
    const Certificate server = blank("terway-sim", 2, key.get());
    ::X509_set_issuer_name(server.get(), ::X509_get_subject_name(issuer));
    std::string all;
    for (const auto& name : names) {
        all += (all.empty() ? "" : ",") + name;
    }
    add(server.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
    add(server.get(), issuer, NID_ext_key_usage, "serverAuth");
    add(server.get(), issuer, NID_subject_alt_name, all);
    check(::X509_sign(server.get(), authority_key.get(), ::EVP_sha256()) != 0, "sign one");
    return {pem(issuer), pem(server.get()), pem(key.get()), pem(authority_key.get())};
}

ClientCertificate make_client_certificate(const Certificates& authority, const std::string& user,
                                          const std::string& group) {
    const Certificate issuer(read_pem<::PEM_read_bio_X509>(authority.authority));
    const Key issuer_key(read_pem<::PEM_read_bio_PrivateKey>(authority.authority_key));
    check(issuer != nullptr && issuer_key != nullptr, "read the authority");
    const Key key = new_key();
    constexpr long kSerial = 3;
    const Certificate client = blank(user, kSerial, key.get());
    if (!group.empty()) {
        check(::X509_NAME_add_entry_by_txt(::X509_get_subject_name(client.get()), "O", MBSTRING_ASC,
                                           reinterpret_cast<const unsigned char*>(group.c_str()),
                                           -1, -1, 0) == 1,
              "name its group");
    }
    ::X509_set_issuer_name(client.get(), ::X509_get_subject_name(issuer.get()));
    add(client.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
    add(client.get(), issuer.get(), NID_ext_key_usage, "clientAuth");
    check(::X509_sign(client.get(), issuer_key.get(), ::EVP_sha256()) != 0, "sign one");
    return {pem(client.get()), pem(key.get())};
}

}  // namespace terway::sim
