#include "base/client_trust.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/certificate.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/pem.h"

namespace lp {
namespace {

using CrlPtr = std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)>;

// Of what clients send: a chain of a few, and no more work than that.
constexpr int kMostBetween = 8;
constexpr std::size_t kMostChainBytes = 48 * 1024;
constexpr std::size_t kMostListBytes = 32 << 20;

std::vector<CrlPtr> lists_in(std::string_view pem) {
  std::vector<CrlPtr> all;
  const BioPtr bio = bio_of(pem);
  while (X509_CRL* one = PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr))
    all.emplace_back(one, &X509_CRL_free);
  ERR_clear_error();
  return all;
}

// Whatever their order in the file.
std::string id_of(const std::vector<X509Ptr>& authorities) {
  std::vector<std::string> digests;
  for (const X509Ptr& one : authorities) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int count = 0;
    LP_CHECK(X509_digest(one.get(), EVP_sha256(), digest, &count) == 1, "OpenSSL failed");
    digests.emplace_back(reinterpret_cast<const char*>(digest), count);
  }
  std::sort(digests.begin(), digests.end());
  std::string all;
  for (const std::string& digest : digests) all += digest;
  return sha256(all);
}

bool is_signed_by_any(X509_CRL* list, const std::vector<X509Ptr>& authorities) {
  const bool found = std::any_of(authorities.begin(), authorities.end(), [list](const X509Ptr& one) {
    return X509_NAME_cmp(X509_get_subject_name(one.get()), X509_CRL_get_issuer(list)) == 0 &&
           X509_CRL_verify(list, X509_get0_pubkey(one.get())) == 1;
  });
  ERR_clear_error();
  return found;
}

Result<void> read_lists(const std::string& file, const std::vector<X509Ptr>& authorities, std::int64_t now_s,
                        ClientTrust& made) {
  auto text = read_pem_file(file, kMostListBytes);
  if (!text) return text.error();
  made.crl = std::move(*text);
  const std::vector<CrlPtr> lists = lists_in(made.crl);
  if (lists.empty()) return fail(file + " holds no revocation list in PEM form (X509 CRL)");
  const bool is_of_others = std::none_of(lists.begin(), lists.end(),
                                         [&](const CrlPtr& one) { return is_signed_by_any(one.get(), authorities); });
  if (is_of_others) return fail("none of the revocation lists in " + file + " is of an authority in ca_file");
  for (const CrlPtr& one : lists) {
    const std::int64_t ends_s = unix_s_of(X509_CRL_get0_nextUpdate(one.get()));
    if (ends_s != 0 && ends_s <= now_s) made.expired_lists.push_back(ends_s);
  }
  return {};
}

}  // namespace

Result<ClientTrust> read_client_trust(const std::string& ca_file, const std::string& crl_file, std::int64_t now_s) {
  auto text = read_pem_file(ca_file);
  if (!text) return text.error();
  ClientTrust made;
  made.ca = std::move(*text);
  const std::vector<X509Ptr> authorities = certificates_in(made.ca);
  if (authorities.empty()) return fail(ca_file + " holds no certificate in PEM form");
  made.id = id_of(authorities);
  if (crl_file.empty()) return made;
  if (auto read = read_lists(crl_file, authorities, now_s, made); !read) return read.error();
  return made;
}

ClientVerifier::ClientVerifier(const ClientTrust& trust) : store_(X509_STORE_new()), ca_(trust.ca) {
  LP_CHECK(store_ != nullptr, "OpenSSL failed");
  for (const X509Ptr& one : certificates_in(trust.ca))
    LP_CHECK(X509_STORE_add_cert(store_, one.get()) == 1, "OpenSSL failed");
  // What stands in the file is trusted by itself, an authority below another one too.
  unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;
  for (const CrlPtr& one : lists_in(trust.crl)) {
    LP_CHECK(X509_STORE_add_crl(store_, one.get()) == 1, "OpenSSL failed");
    flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
  }
  LP_CHECK(X509_STORE_set_flags(store_, flags) == 1, "OpenSSL failed");
}

ClientVerifier::~ClientVerifier() { X509_STORE_free(store_); }

void ClientVerifier::use_in(ssl_ctx_st* context, bool is_required) const {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (is_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  SSL_CTX_set_verify_depth(context, kMostBetween);
  SSL_CTX_set_max_cert_list(context, static_cast<long>(kMostChainBytes));
  LP_CHECK(SSL_CTX_set1_verify_cert_store(context, store_) == 1, "OpenSSL failed");
  for (const X509Ptr& one : certificates_in(ca_))
    LP_CHECK(SSL_CTX_add_client_CA(context, one.get()) == 1, "OpenSSL failed");
}

bool ClientVerifier::accepts(x509_st* certificate, stack_st_X509* between) const {
  const StoreContext judged(X509_STORE_CTX_new(), &X509_STORE_CTX_free);
  if (judged == nullptr || X509_STORE_CTX_init(judged.get(), store_, certificate, between) != 1) return false;
  if (X509_STORE_CTX_set_default(judged.get(), "ssl_client") != 1) return false;
  X509_STORE_CTX_set_depth(judged.get(), kMostBetween);
  const bool accepted = X509_verify_cert(judged.get()) == 1;
  ERR_clear_error();
  return accepted;
}

}  // namespace lp
