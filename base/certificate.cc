#include "base/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>

#include "base/check.h"
#include "base/encoding.h"
#include "base/errno_words.h"
#include "base/pem.h"

namespace lp {
namespace {

using KeyPtr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using ContextPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

}  // namespace

Result<std::string> read_pem_file(const std::string& path, std::size_t most_bytes) {
  struct stat about {};
  if (::stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode))
    return fail("cannot read " + path + ": it is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("cannot read " + path + ": " + errno_words(errno));
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad() || text.empty()) return fail("cannot read " + path + ": it is empty");
  if (text.size() > most_bytes) return fail(path + " is too large for what it should be");
  return text;
}

namespace {

// Without a passphrase: nobody is there to be asked for one, and OpenSSL would ask the terminal.
KeyPtr key_in(std::string_view pem) {
  ERR_clear_error();
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  return {PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, no_passphrase, nullptr), &EVP_PKEY_free};
}

std::string reason_of_openssl() {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : "OpenSSL does not say why";
}

std::string text_of(const GENERAL_NAME* name) {
  if (name->type == GEN_DNS) {
    const ASN1_IA5STRING* dns = name->d.dNSName;
    const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(dns)),
                                static_cast<std::size_t>(ASN1_STRING_length(dns)));
    return text.find('\0') == std::string_view::npos ? ascii_lower(text) : std::string();
  }
  if (name->type != GEN_IPADD) return {};
  const ASN1_OCTET_STRING* address = name->d.iPAddress;
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const char* made = inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size());
  return made == nullptr ? std::string() : std::string(made);
}

std::vector<std::string> names_of(X509* certificate) {
  std::vector<std::string> names;
  auto* const all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; all != nullptr && i < sk_GENERAL_NAME_num(all); ++i) {
    if (std::string name = text_of(sk_GENERAL_NAME_value(all, i)); !name.empty()) names.push_back(std::move(name));
  }
  GENERAL_NAMES_free(all);
  std::sort(names.begin(), names.end());
  return names;
}

std::string day_of(std::int64_t unix_s) {
  const auto time = static_cast<std::time_t>(unix_s);
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", &utc)};
}

bool others_may_read(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && (about.st_mode & S_IROTH) != 0;
}

std::string why_no_key(const std::string& file, std::string_view pem) {
  if (pem.find("PRIVATE KEY-----") == std::string_view::npos) return file + " holds no private key in PEM form";
  const bool is_encrypted = pem.find("ENCRYPTED") != std::string_view::npos;
  return is_encrypted ? file + " is encrypted: nobody is there to type its passphrase, store it without (openssl pkey)"
                      : file + " holds a private key that cannot be read: " + reason_of_openssl();
}

// Often the intermediate stands before the certificate itself.
Result<void> belongs_to_first(const std::vector<X509Ptr>& chain, EVP_PKEY* key, const std::string& certificate_file,
                              const std::string& key_file) {
  if (X509_check_private_key(chain.front().get(), key) == 1) return {};
  const bool is_of_another = std::any_of(
      chain.begin(), chain.end(), [key](const X509Ptr& one) { return X509_check_private_key(one.get(), key) == 1; });
  ERR_clear_error();
  if (is_of_another)
    return fail("the server's own certificate must stand first in " + certificate_file +
                ", before those of its authority");
  return fail(key_file + " is not the key of the certificate in " + certificate_file);
}

enum class Expired { refused, taken };

Result<void> is_valid_at(const X509* certificate, const std::string& file, std::int64_t now_s, Expired expired) {
  const std::int64_t begins_s = unix_s_of(X509_get0_notBefore(certificate));
  const std::int64_t ends_s = unix_s_of(X509_get0_notAfter(certificate));
  if (now_s >= ends_s && expired == Expired::refused)
    return fail("the certificate in " + file + " has expired, on " + day_of(ends_s));
  if (now_s < begins_s)
    return fail("the certificate in " + file + " is not valid before " + day_of(begins_s) + ": is the clock right?");
  return {};
}

Result<Certificate> read_both(const std::string& certificate_file, const std::string& key_file, std::int64_t now_s,
                              Expired expired) {
  const auto chain = read_pem_file(certificate_file);
  if (!chain) return chain.error();
  auto key = read_pem_file(key_file);
  if (!key) return key.error();
  const std::vector<X509Ptr> all = certificates_in(*chain);
  if (all.empty()) return fail(certificate_file + " holds no certificate in PEM form");
  const KeyPtr parsed = key_in(*key);
  if (parsed == nullptr) return fail(why_no_key(key_file, *key));
  if (auto fits = belongs_to_first(all, parsed.get(), certificate_file, key_file); !fits) return fits.error();
  if (auto valid = is_valid_at(all.front().get(), certificate_file, now_s, expired); !valid) return valid.error();
  Certificate made;
  made.chain = *chain;
  made.key = Secret(std::move(*key));
  made.names = names_of(all.front().get());
  made.not_before_s = unix_s_of(X509_get0_notBefore(all.front().get()));
  made.not_after_s = unix_s_of(X509_get0_notAfter(all.front().get()));
  made.others_may_read_key = others_may_read(key_file);
  const ContextPtr trial(SSL_CTX_new(TLS_method()), &SSL_CTX_free);
  LP_CHECK(trial != nullptr, "OpenSSL failed");
  if (!use_certificate(trial.get(), made))
    return fail("the certificate in " + certificate_file + " cannot be used: " + reason_of_openssl());
  return made;
}

std::string pem_of(const std::function<int(BIO*)>& write) {
  const BioPtr bio(BIO_new(BIO_s_mem()), &BIO_free);
  LP_CHECK(bio != nullptr && write(bio.get()) == 1, "OpenSSL failed");
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  std::string text(bytes, static_cast<std::size_t>(size));
  OPENSSL_cleanse(bytes, static_cast<std::size_t>(size));
  return text;
}

void set_time(ASN1_TIME* time, std::int64_t unix_s) {
  LP_CHECK(ASN1_TIME_set(time, static_cast<std::time_t>(unix_s)) != nullptr, "OpenSSL failed");
}

// The name stands in subjectAltName alone, where everybody looks (RFC 6125 6.4.4); the subject's may be too short for
// it.
void name_it(X509* certificate, const std::string& host) {
  X509_NAME* const subject = X509_get_subject_name(certificate);
  const std::string_view common = "self-signed, until a certificate comes";
  LP_CHECK(
      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common.data()),
                                 static_cast<int>(common.size()), -1, 0) == 1,
      "OpenSSL failed");
  LP_CHECK(X509_set_issuer_name(certificate, subject) == 1, "OpenSSL failed");
  const std::string value = "DNS:" + host;
  X509_EXTENSION* const names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, value.c_str());
  LP_CHECK(names != nullptr && X509_add_ext(certificate, names, -1) == 1, "OpenSSL failed");
  X509_EXTENSION_free(names);
}

constexpr std::int64_t kDayS = 24 * 60 * 60;

}  // namespace

Result<Certificate> read_certificate(const std::string& certificate_file, const std::string& key_file,
                                     std::int64_t now_s) {
  return read_both(certificate_file, key_file, now_s, Expired::refused);
}

Result<Certificate> read_old_certificate(const std::string& certificate_file, const std::string& key_file,
                                         std::int64_t now_s) {
  return read_both(certificate_file, key_file, now_s, Expired::taken);
}

Certificate make_self_signed(const std::string& host, std::int64_t now_s) {
  const KeyPtr key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const X509Ptr certificate(X509_new(), &X509_free);
  LP_CHECK(key != nullptr && certificate != nullptr, "OpenSSL failed");
  Certificate made;
  made.names = {host};
  made.not_before_s = now_s - kDayS;  // clocks differ
  made.not_after_s = now_s + 90 * kDayS;
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(certificate.get()), now_s);
  set_time(X509_getm_notBefore(certificate.get()), made.not_before_s);
  set_time(X509_getm_notAfter(certificate.get()), made.not_after_s);
  name_it(certificate.get(), host);
  LP_CHECK(X509_set_pubkey(certificate.get(), key.get()) == 1, "OpenSSL failed");
  LP_CHECK(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "OpenSSL failed");
  made.chain = pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  made.key = Secret(pem_of(
      [&](BIO* bio) { return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); }));
  return made;
}

std::size_t count_certificates(std::string_view pem) { return certificates_in(pem).size(); }

bool use_certificate(ssl_ctx_st* context, const Certificate& certificate) {
  const std::vector<X509Ptr> chain = certificates_in(certificate.chain);
  const KeyPtr key = key_in(certificate.key.reveal());
  if (chain.empty() || key == nullptr || SSL_CTX_use_certificate(context, chain.front().get()) != 1) return false;
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) return false;
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) return false;
  }
  return true;
}

bool certificate_name_matches(std::string_view name, std::string_view host) {
  if (!name.starts_with("*.")) return name == host;
  const std::size_t dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && host.substr(dot) == name.substr(1);
}

}  // namespace lp
