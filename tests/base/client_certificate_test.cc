#include "base/client_certificate.h"

#include <doctest/doctest.h>
#include <openssl/x509v3.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/test_authority.h"

using namespace lp;
using namespace lp::test;

namespace {

using Part = CertificateField;
using Texts = std::vector<std::string>;

void name(X509* certificate, int nid, int type, std::string_view bytes, int set = 0) {
  X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), nid, type,
                             reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), -1,
                             set);
}

ClientCertificate read(const TestAuthority::Asked& asked) {
  TestAuthority authority("Test, Inc.");
  return read_client_certificate(*authority.issue(asked).certificate);
}

void alternative(X509* certificate, int type, std::string_view bytes) {
  GENERAL_NAMES* const all = GENERAL_NAMES_new();
  GENERAL_NAME* const one = GENERAL_NAME_new();
  ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
  ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size()));
  GENERAL_NAME_set0_value(one, type, text);
  sk_GENERAL_NAME_push(all, one);
  X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, 0, 0);
  GENERAL_NAMES_free(all);
}

}  // namespace

TEST_CASE("a certificate's names are told as RFC 4514 has them, and one by one") {
  const auto made = read({.cn = "Alice Müller",
                          .alternatives = "DNS:Laptop.Test,email:Alice@Corp.Test,URI:spiffe://a/b",
                          .change = [](X509* one) {
                            name(one, NID_organizationalUnitName, MBSTRING_UTF8, "R&D, Tokyo");
                            name(one, NID_organizationalUnitName, MBSTRING_UTF8, "second");
                            name(one, NID_organizationName, MBSTRING_UTF8, " Acme+Co ");
                            name(one, NID_countryName, MBSTRING_ASC, "JP", -1);  // with the one before: multi-valued
                          }});
  CHECK(made.of(Part::subject) == Texts{"C=JP+O=\\ Acme\\+Co\\ ,OU=second,OU=R&D\\, Tokyo,CN=Alice Müller"});
  CHECK(made.of(Part::subject_cn) == Texts{"Alice Müller"});
  CHECK(made.of(Part::subject_ou) == Texts{"R&D, Tokyo", "second"});
  CHECK(made.of(Part::subject_o) == Texts{" Acme+Co "});
  CHECK(made.of(Part::issuer) == Texts{"CN=Test\\, Inc."});
  CHECK(made.of(Part::san_dns) == Texts{"laptop.test"});
  CHECK(made.of(Part::san_email) == Texts{"alice@corp.test"});
  CHECK(made.of(Part::san_uri) == Texts{"spiffe://a/b"});
  CHECK(made.first(Part::fingerprint).size() == 64);
  CHECK(made.first(Part::certificate).starts_with(":MII"));
  CHECK(made.first(Part::certificate).ends_with(":"));
}

TEST_CASE("other kinds of strings are the same text") {
  const std::string bmp("\0A\0l\0i\0c\0e\x30\x42", 12);
  const auto with = [](int type, std::string_view bytes) {
    return read({.cn = "", .change = [=](X509* one) { name(one, NID_commonName, type, bytes); }});
  };
  CHECK(with(V_ASN1_BMPSTRING, bmp).of(Part::subject_cn) == Texts{"Aliceあ"});
  CHECK(with(V_ASN1_T61STRING, "M\xfcller").of(Part::subject_cn) == Texts{"Müller"});
  CHECK(with(V_ASN1_PRINTABLESTRING, "Alice").of(Part::subject) == Texts{"CN=Alice"});
}

TEST_CASE("what another reader could take for another name is none") {
  const std::string_view kNames[] = {std::string_view("alice\0evil", 10), "alice\r\nX-User: bob", "al\tice",
                                     "al\x7fice"};
  for (const std::string_view text : kNames) {
    CAPTURE(text);
    const auto made =
        read({.cn = "", .change = [=](X509* one) { name(one, NID_commonName, V_ASN1_UTF8STRING, text); }});
    CHECK(made.of(Part::subject_cn).empty());
    for (const std::string& subject : made.of(Part::subject))
      CHECK(subject.find_first_of(std::string_view("\0\r\n\t\x7f", 5)) == std::string::npos);
  }
}

TEST_CASE("alternative names with a NUL, a blank or a line's end are none") {
  for (const int type : {GEN_DNS, GEN_EMAIL, GEN_URI}) {
    for (const std::string_view text :
         {std::string_view("good.test\0.evil.test", 20), std::string_view("a b"), std::string_view("a\r\nb"),
          std::string_view("\xc3\xa4.test"), std::string_view()}) {
      const auto made = read({.change = [=](X509* one) { alternative(one, type, text); }});
      CHECK(made.of(Part::san_dns).empty());
      CHECK(made.of(Part::san_email).empty());
      CHECK(made.of(Part::san_uri).empty());
    }
  }
}

TEST_CASE("values are written as other programs show them") {
  const std::string digits(64, 'a');
  std::string spaced;
  for (int i = 0; i < 32; ++i) spaced += i == 0 ? "AA" : ":AA";
  CHECK(*certificate_value(Part::fingerprint, spaced) == digits);
  CHECK_FALSE(certificate_value(Part::fingerprint, "aa"));
  CHECK_FALSE(certificate_value(Part::fingerprint, std::string(64, 'g')));
  CHECK(*certificate_value(Part::serial, "3E9") == "03e9");
  CHECK(*certificate_value(Part::san_email, "Alice@Corp.test") == "alice@corp.test");
  CHECK_FALSE(certificate_value(Part::san_dns, "a b"));
  CHECK_FALSE(certificate_value(Part::subject_cn, "a\n"));
  CHECK(*certificate_value(Part::subject_cn, "Alice M") == "Alice M");
  CHECK(certificate_field_named("san_dns") == Part::san_dns);
  CHECK_FALSE(certificate_field_named("dns"));
}

TEST_CASE("a certificate is read of a file's text") {
  TestAuthority authority("a");
  CHECK(client_certificate_in("nothing\n" + authority.pem())->of(Part::subject_cn) == Texts{"a"});
  CHECK_FALSE(client_certificate_in("nothing"));
}
