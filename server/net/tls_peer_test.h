// What tests need of TLS: identities that sign themselves, and the server's side of a connection.
// Tests only.
#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/check.h"

namespace telltale::net {

// A key and its certificate, good for 127.0.0.1; it is its own authority.
class TlsIdentity {
 public:
  explicit TlsIdentity(const std::string& name)
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(X509_new(), X509_free) {
    X509* x509 = certificate_.get();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -86'400);
    X509_gmtime_adj(X509_getm_notAfter(x509), 86'400);
    X509_NAME* subject = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x509, subject);
    X509_set_pubkey(x509, key_.get());
    add(NID_subject_alt_name, "IP:127.0.0.1");
    add(NID_basic_constraints, "critical,CA:TRUE");
    CHECK(X509_sign(x509, key_.get(), EVP_sha256()) > 0, "a certificate cannot be signed");
  }

  std::string certificate_pem() const {
    return pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate_.get()); });
  }
  std::string key_pem() const {
    return pem([&](BIO* out) {
      return PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  X509* certificate() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }

 private:
  void add(int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  template <typename Write>
  static std::string pem(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> out(BIO_new(BIO_s_mem()), BIO_free_all);
    CHECK(write(out.get()) == 1, "no PEM");
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

// Serves one request with `answer` over TLS as `self`; with a `client` only to who shows that.
inline void serve_tls(int socket, const TlsIdentity& self, const TlsIdentity* client,
                      const std::string& answer) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                                  SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), self.certificate());
  SSL_CTX_use_PrivateKey(context.get(), self.key());
  if (client != nullptr) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), client->certificate());
  }
  const std::unique_ptr<SSL, decltype(&SSL_free)> connection(SSL_new(context.get()), SSL_free);
  SSL_set_fd(connection.get(), socket);
  if (SSL_accept(connection.get()) != 1) return;
  std::string request;
  char bytes[4096];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const int got = SSL_read(connection.get(), bytes, sizeof(bytes));
    if (got <= 0) return;
    request.append(bytes, static_cast<std::size_t>(got));
  }
  SSL_write(connection.get(), answer.data(), static_cast<int>(answer.size()));
  SSL_shutdown(connection.get());
}

}  // namespace telltale::net
