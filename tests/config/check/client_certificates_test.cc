#include "config/check/client_certificates.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "config/file/load.h"
#include "config/file/print.h"
#include "tests/support/config.h"
#include "tests/support/test_authority.h"
#include "tests/support/test_certificates.h"

using namespace lp;
using namespace lp::test;

namespace {

struct Files {
  std::string folder = (std::filesystem::temp_directory_path() / "logto-proxy-XXXXXX").string();
  std::string own, ca, crl;
  Files() {
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    const TestCertificates made(folder + "/", "app.test");
    own = "certificates: { certificate_file: " + made.certificate_file() + ", key_file: " + made.key_file() + " }";
    std::filesystem::permissions(made.key_file(), std::filesystem::perms::owner_all);
    TestAuthority authority("clients");
    ca = write("clients.pem", authority.pem());
    crl = write("crl.pem", authority.list({}));
  }
  ~Files() { std::filesystem::remove_all(folder); }
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder + "/" + name) << text;
    return folder + "/" + name;
  }
  [[nodiscard]] std::string config(const std::string& clients, const std::string& route = "upstream: wiki",
                                   const std::string& more = "") const {
    const std::string asks = clients.empty() ? "" : ", client_certificates: " + clients;
    return good_config({{"external_urls", "external_urls: [https://app.test]\n"},
                        {"listen", "listen: [{ address: 127.0.0.1:1, tls: { " + own + asks + " } }]\n"},
                        {"routes", "routes:\n  - { path: /*, " + route + " }\n"},
                        {"ztests", more}});
  }
};

constexpr const char* kRule = "upstream: wiki, require: { client_certificate: true }";

}  // namespace

TEST_CASE("who is asked for a certificate reads and prints") {
  const Files files;
  const std::string rule =
      "upstream: wiki, require: { client_certificate: { subject_cn: alice, fingerprint: \"" + std::string(64, 'A') +
      "\" }, any: [{ client_certificate: true }, { roles: [x] }] }, identity_headers: { X-A: { client_certificate: "
      "subject_ou, separator: ';' } }";
  const std::string test =
      "tests:\n  - { url: 'https://app.test/', client_certificate: { subject_cn: alice, fingerprint: \"" +
      std::string(64, 'a') + "\" }, expect: sign_in }\n";
  const auto loaded = parse_config(files.config("[{ mode: optional, ca_file: " + files.ca + ", crl_file: " + files.crl +
                                                    ", hosts: [\"*.A.test\", b.test] }, { ca_file: " + files.ca + " }]",
                                                rule, test),
                                   "f", usual_environment());
  REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().front().text()));
  const auto& clients = loaded->settings->listen[0].tls.client_certificates;
  REQUIRE(clients.size() == 2);
  CHECK(clients[0].mode == ClientCertificateSettings::Mode::optional);
  CHECK(clients[0].hosts == std::vector<std::string>{"*.a.test", "b.test"});
  CHECK(clients[1].mode == ClientCertificateSettings::Mode::required);
  const std::string printed = print_config(*loaded->settings);
  CAPTURE(printed);
  for (const char* line : {"mode: optional", "mode: required", "crl_file: ", "subject_cn: [alice]",
                           "client_certificate: true", "client_certificate: subject_ou"}) {
    CAPTURE(line);
    CHECK(printed.find(line) != std::string::npos);
  }
}

TEST_CASE("what cannot be meant of clients' certificates is told") {
  const Files files;
  const std::string asks = "{ ca_file: " + files.ca + " }";
  struct Row {
    const char* what;
    std::string config, problem;
  };
  const Row rows[] = {
      {"a rule", files.config(asks, kRule), ""},
      {"a rule, and nobody is asked", files.config("", kRule), "no listener asks for client certificates"},
      {"a header, and nobody is asked",
       files.config("", "upstream: wiki, identity_headers: { X-A: { client_certificate: subject } }"),
       "identity_headers: client_certificate: no listener asks"},
      {"two sources",
       files.config(asks, "upstream: wiki, identity_headers: { X-A: { client_certificate: subject, claim: a } }"),
       "expected exactly one of"},
      {"no part of it", files.config(asks, "upstream: wiki, identity_headers: { X-A: { client_certificate: cn } }"),
       "expected one of subject, subject_cn"},
      {"the whole of it in a rule",
       files.config(asks, "upstream: wiki, require: { client_certificate: { certificate: x } }"), "unknown key"},
      {"false", files.config(asks, "upstream: wiki, require: { client_certificate: false }"),
       "expected true, or a map"},
      {"an empty map", files.config(asks, "upstream: wiki, require: { client_certificate: {} }"), "found nothing"},
      {"an address", files.config("{ ca_file: " + files.ca + ", hosts: [127.0.0.1] }"),
       "which TLS clients ask for by name"},
      {"no host", files.config("{ ca_file: " + files.ca + ", hosts: [] }"), "expected at least one host"},
      {"a word that nobody knows", files.config("{ ca_file: " + files.ca + ", depth: 2 }"), "unknown key"},
      {"nothing", files.config("[]"), "expected { mode:"},
      {"one host twice",
       files.config("[{ ca_file: " + files.ca + ", hosts: [a.test] }, { ca_file: " + files.ca + ", hosts: [A.test] }]"),
       "a host is named by elements 1 and 2"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const std::string problems = problems_of(row.config);
    CAPTURE(problems);
    CHECK((row.problem.empty() ? problems.empty() : problems.find(row.problem) != std::string::npos));
  }
}
