#include "config/acme.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "config/check/check.h"
#include "config/file/load.h"
#include "config/file/print.h"
#include "tests/support/config.h"

using namespace lp;
using namespace lp::test;

namespace {

std::string config_with(const std::string& listen, const std::string& urls, const std::string& more = "") {
  return good_config({{"external_urls", "external_urls: [" + urls + "]\n"}, {"listen", listen + "\n"}, {"z", more}});
}

std::string listening(const std::string& acme,
                      const std::string& others = ", { address: 0.0.0.0:80, redirect_to_https: true }") {
  return "listen: [{ address: 0.0.0.0:443, tls: { acme: " + acme + " } }" + others + "]";
}

Settings settings_of(const std::string& text) {
  const auto loaded = parse_config(text, "f", usual_environment());
  REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().front().text()));
  return *loaded->settings;
}

}  // namespace

TEST_CASE("what cannot be meant of certificates that come by themselves is told") {
  struct Row {
    const char* what;
    std::string listen, urls, problem;
  };
  const std::string app = "https://app.example.com";
  const Row rows[] = {
      {"all of it", listening("{ agree_tos: true, email: a@b.example }"), app, ""},
      {"no address", listening("{ agree_tos: true }"), app, ""},
      {"a plain listener beside it", listening("{ agree_tos: true }", ", 0.0.0.0:80"), app, ""},
      {"no agreement", listening("{ email: a@b.example }"), app,
       "listen[1].tls.acme.agree_tos: required: true says that you have read"},
      {"none at all", listening("{}"), app, "listen[1].tls.acme.agree_tos: required"},
      {"a refusal", listening("{ agree_tos: false }"), app, "listen[1].tls: required: expected certificates"},
      {"all of it behind #", listening(""), app, "agree_tos: required"},
      {"nobody answers", listening("{ agree_tos: true }", ""), app,
       "listen[1].tls.acme: the authority asks on port 80, without TLS, and no listener could answer"},
      {"a wildcard", listening("{ agree_tos: true }"), "https://*.example.com",
       "listen[1].tls.acme: no certificate comes by itself for *.example.com of external_urls: a wildcard"},
      {"an address", listening("{ agree_tos: true }"), "https://192.0.2.1",
       "for 192.0.2.1 of external_urls: an address"},
      {"an IPv6 address", listening("{ agree_tos: true }"), "'https://[2001:db8::1]'", "an address is no name"},
      {"this machine", listening("{ agree_tos: true }"), "https://localhost", "nobody's name outside this machine"},
      {"uacme's folder", listening("{ agree_tos: true }"), "https://private", "uacme's own"},
      {"http only", listening("{ agree_tos: true }"), "http://app.example.com", "external_urls names no https://"},
      {"two minds",
       listening("{ agree_tos: true }",
                 ", { address: 127.0.0.1:444, tls: { acme: { agree_tos: true, email: a@b.example }"
                 " } }, 0.0.0.0:80"),
       app, "listen[2].tls.acme: says something else"},
      {"a name for an address", listening("{ agree_tos: true, email: somebody }"), app,
       "listen[1].tls.acme.email: expected an address such as you@example.com"},
      {"an address that is more", listening("{ agree_tos: true, email: 'a@b.example\", \"x\": \"' }"), app,
       "acme.email"},
      {"an option for an address", listening("{ agree_tos: true, email: '-a@b.example' }"), app, "acme.email"},
      {"no TLS to the authority", listening("{ agree_tos: true, directory: 'http://ca.test/dir' }"), app,
       "listen[1].tls.acme.directory: expected an https:// URL of an ACME directory"},
      {"no directory", listening("{ agree_tos: true, directory: letsencrypt }"), app, "acme.directory: expected"},
      {"no authority for it", listening("{ agree_tos: true, ca_file: /nowhere.pem }"), app, "acme.ca_file"},
      {"a word that nobody knows", listening("{ agree_tos: true, challenge: dns-01 }"), app, "unknown key"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const bool is_wild = row.urls.find('*') != std::string::npos;
    const std::string problems =
        problems_of(config_with(row.listen, row.urls, is_wild ? "sign_in_url: https://auth.example.com\n" : ""));
    if (row.problem.empty()) {
      CHECK_MESSAGE(problems.empty(), problems);
    } else {
      CHECK_MESSAGE(problems.find(row.problem) != std::string::npos, problems);
    }
  }
}

TEST_CASE("where nobody listens on port 80 it is remarked") {
  const auto is_noted = [](const std::string& others) {
    const auto notes =
        notes_on(settings_of(config_with(listening("{ agree_tos: true }", others), "https://a.example")));
    return std::any_of(notes.begin(), notes.end(),
                       [](const std::string& note) { return note.find("on port 80") != std::string::npos; });
  };
  CHECK_FALSE(is_noted(", 0.0.0.0:80"));
  CHECK(is_noted(", 0.0.0.0:8080"));
}

TEST_CASE("certificates come for the https:// hosts of all realms, each once") {
  const Settings one = settings_of(
      config_with(listening("{ agree_tos: true }"), "https://a.example, 'https://a.example:8443', https://b.example"));
  CHECK(hosts_with_acme(one) == std::vector<std::string>{"a.example", "b.example"});
  REQUIRE(acme_of(one) != nullptr);
  Settings other = one;
  other.realms.resize(2);
  other.realms[0].external_urls = {{"https", "c.example", 443}, {"http", "d.example", 80}};
  other.realms[1].external_urls = {{"https", "*.e.example", 443}, {"https", "a.example", 443}};
  CHECK(https_hosts(other) == std::vector<std::string>{"a.example", "b.example", "c.example", "*.e.example"});
  CHECK(hosts_with_acme(other) == std::vector<std::string>{"a.example", "b.example", "c.example"});
  other.listen.front().tls.acme = {};
  CHECK(acme_of(other) == nullptr);
}

TEST_CASE("files of one authority are not those of another, and no name leads out of the folder") {
  AcmeSettings settings;
  settings.state_dir = "/state";
  CHECK(acme_folder(settings) == "/state/acme-v02.api.letsencrypt.org_directory");
  settings.directory = "https://ca.test:14000/dir/../..";
  CHECK(acme_folder(settings) == "/state/ca.test_14000_dir_.._..");
  const CertificateFiles files = acme_files(settings, "app.test");
  CHECK(files.certificate == acme_folder(settings) + "/app.test/cert.pem");
  CHECK(files.key == acme_folder(settings) + "/private/app.test/key.pem");
}

TEST_CASE("what is printed of it is read back as the same") {
  const std::string acme = "{ agree_tos: true, email: a@b.example, directory: 'https://ca.test/dir', state_dir: /s }";
  const Settings settings = settings_of(config_with(listening(acme), "https://app.test", "acme_webroot: /tmp\n"));
  CHECK(settings.acme_webroot == "/tmp");
  const std::string printed = print_config(settings);
  for (const char* line : {"agree_tos: true", "email: a@b.example", "directory: https://ca.test/dir", "state_dir: /s",
                           "self_signed_meanwhile: false", "acme_webroot: /tmp"}) {
    CHECK_MESSAGE(printed.find(line) != std::string::npos, line);
  }
}
