#include "config/check/tls.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include "config/file/print.h"
#include "tests/support/config.h"
#include "tests/support/test_certificates.h"

using namespace lp;
using namespace lp::test;

namespace {

struct Files {
  std::string folder = (std::filesystem::temp_directory_path() / "logto-proxy-XXXXXX").string();
  std::string both;
  Files() {
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    const TestCertificates made(folder + "/", "app.test");
    both = "certificate_file: " + made.certificate_file() + ", key_file: " + made.key_file();
    std::filesystem::permissions(made.key_file(), std::filesystem::perms::owner_all);
  }
  ~Files() { std::filesystem::remove_all(folder); }
  [[nodiscard]] std::string tls(const std::string& more = "") const {
    return "tls: { certificates: { " + both + " }" + more + " }";
  }
};

std::string problems_with(const std::string& listen, const std::string& url = "https://app.test") {
  return problems_of(good_config({{"external_urls", "external_urls: [" + url + "]\n"}, {"listen", listen + "\n"}}));
}

std::string warnings_with(const std::string& listen) {
  const auto loaded =
      parse_config(good_config({{"external_urls", "external_urls: [https://app.test]\n"}, {"listen", listen + "\n"}}),
                   "f", usual_environment());
  REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().front().text()));
  std::string all;
  for (const std::string& warning : loaded->warnings) all += warning + "\n";
  return all;
}

}  // namespace

TEST_CASE("what cannot be meant of TLS on listeners is told") {
  const Files files;
  struct Row {
    const char* what;
    std::string listen, url, problem;
  };
  const std::string https = "https://app.test";
  const Row rows[] = {
      {"a certificate", "listen: [{ address: 127.0.0.1:1, " + files.tls() + " }]", https, ""},
      {"a list of one", "listen: [{ address: 127.0.0.1:1, tls: { certificates: [{ " + files.both + " }] } }]", https,
       ""},
      {"none", "listen: [{ address: 127.0.0.1:1, tls: {} }]", https, "listen[1].tls: required: expected certificates"},
      {"all of it behind #", "listen: [{ address: 127.0.0.1:1, tls: }]", https, "listen[1].tls: required"},
      {"only a version", "listen: [{ address: 127.0.0.1:1, tls: { min_version: 1.3 } }]", https,
       "listen[1].tls: required"},
      {"an old version", "listen: [{ address: 127.0.0.1:1, " + files.tls(", min_version: 1.1") + " }]", https,
       "listen[1].tls.min_version: expected 1.2 or 1.3, found '1.1'"},
      {"a short hsts", "listen: [{ address: 127.0.0.1:1, " + files.tls(", hsts: 1s") + " }]", https,
       "listen[1].tls.hsts: expected off or a duration"},
      {"nobody's address", "listen: [{ address: 127.0.0.1:1, " + files.tls() + " }]", "http://app.test",
       "listen[1].tls: external_urls names no https:// address"},
      {"nowhere to send to", "listen: [127.0.0.1:1, { address: 127.0.0.1:2, redirect_to_https: true }]",
       "http://app.test", "listen[2].redirect_to_https: external_urls names no https:// address"},
      {"there already", "listen: [{ address: 127.0.0.1:1, redirect_to_https: true, " + files.tls() + " }, 127.0.0.1:2]",
       https, "listen[1].redirect_to_https: this listener has tls"},
      {"HTTP/2 in two ways", "listen: [{ address: 127.0.0.1:1, h2c: true, " + files.tls() + " }]", https,
       "listen[1].h2c: this listener has tls"},
      {"nobody is served", "listen: { address: 127.0.0.1:1, redirect_to_https: true }", https, "expected a list"},
      {"nobody is served by any", "listen: [{ address: 127.0.0.1:1, redirect_to_https: true }]", https,
       "listen: every listener only sends people to https://"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const std::string problems = problems_with(row.listen, row.url);
    if (row.problem.empty()) {
      CHECK(problems.empty());
    } else {
      CHECK_MESSAGE(problems.find(row.problem) != std::string::npos, problems);
    }
  }
}

TEST_CASE("what is probably not meant of TLS on listeners is remarked") {
  const Files files;
  const std::string secured = "{ address: 127.0.0.1:1, " + files.tls();
  CHECK(warnings_with("listen: [" + secured + " }, 0.0.0.0:2]")
            .find("listen[2]: serves https:// addresses without TLS") != std::string::npos);
  CHECK(warnings_with("listen: [" + secured + " }, 127.0.0.1:2]").find("without TLS") == std::string::npos);
  CHECK(warnings_with("listen: [" + secured + " }, { address: 0.0.0.0:2, redirect_to_https: true }]")
            .find("without TLS") == std::string::npos);
  CHECK(warnings_with("listen: [{ address: 127.0.0.1:1, " + files.tls(", hsts_subdomains: true") + " }]")
            .find("has no effect without hsts") != std::string::npos);
  CHECK(warnings_with("listen: [" + secured + " }]").find("expires in ") != std::string::npos);
}

TEST_CASE("what is printed of TLS is read back as the same") {
  const Files files;
  const std::string text = good_config(
      {{"external_urls", "external_urls: [https://app.test]\n"},
       {"listen", "listen: [{ address: 127.0.0.1:1, " + files.tls(", min_version: 1.3, hsts: 30d") +
                      " }, { address: 127.0.0.1:2, redirect_to_https: true }]\n"},
       {"upstreams", "upstreams: { wiki: { url: https://wiki, tls: { server_name: w, client_certificate: { " +
                         files.both + " } } } }\n"}});
  const auto loaded = parse_config(text, "f", usual_environment());
  REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().front().text()));
  CHECK(loaded->settings->listen[0].tls.min_version == TlsVersion::tls_1_3);
  CHECK(loaded->settings->listen[0].tls.hsts_ms == 30 * kDay);
  CHECK(loaded->settings->listen[1].redirect_to_https);
  CHECK(loaded->settings->upstreams.at("wiki").tls.is_on);
  CHECK(loaded->settings->upstreams.at("wiki").port == 443);
  const std::string printed = print_config(*loaded->settings);
  CHECK(printed.find("certificate_file: " + files.folder + "/server.pem") != std::string::npos);
  CHECK(printed.find("url: https://wiki") != std::string::npos);
}
