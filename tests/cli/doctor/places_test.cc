#include "cli/doctor/places.h"

#include <doctest/doctest.h>

#include <string>

#include "cli/doctor/ask_tls.h"

namespace lp {
namespace {

using Level = DoctorFinding::Level;

}  // namespace

TEST_CASE("files of secrets: who else may read or replace them") {
  struct Case {
    unsigned mode;
    Level level;
  };
  for (const Case& c : {Case{0600, Level::ok}, Case{0640, Level::ok}, Case{0400, Level::ok}, Case{0644, Level::warning},
                        Case{0444, Level::warning}, Case{0660, Level::failure}, Case{0666, Level::failure}}) {
    CAPTURE(c.mode);
    CHECK(judge_mode({"logto.app_secret_file", "/f"}, c.mode).level == c.level);
  }
  CHECK(judge_mode({"logto.app_secret_file", "/f"}, 0666).evidence == "mode 0666");
}

TEST_CASE("addresses that the internet could reach") {
  for (const char* ip : {"8.8.8.8", "1.0.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"}) {
    CAPTURE(ip);
    CHECK(is_public_address(ip));
  }
  for (const char* ip :
       {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "169.254.169.254",
        "0.0.0.0", "::1", "fd00::1", "fe80::1", "::ffff:10.0.0.1", "2001:db8::1", "224.0.0.1", "app", "", "8.8.8"}) {
    CAPTURE(ip);
    CHECK_FALSE(is_public_address(ip));
  }
}

TEST_CASE("who listens on every address, by the kernel's table") {
  const std::string head = "  sl  local_address rem_address   st tx_queue rx_queue\n";
  CHECK(listens_everywhere(head + "   0: 00000000:0BB8 00000000:0000 0A 00000000:00000000\n", 3000));
  CHECK(listens_everywhere(head + "   0: 00000000000000000000000000000000:0BB8 0:0 0A 0:0\n", 3000));
  CHECK_FALSE(listens_everywhere(head + "   0: 0100007F:0BB8 00000000:0000 0A 00000000:00000000\n", 3000));
  CHECK_FALSE(listens_everywhere(head + "   0: 00000000:0BB9 00000000:0000 0A 00000000:00000000\n", 3000));
  CHECK_FALSE(listens_everywhere(head + "   0: 00000000:0BB8 0100007F:A000 01 00000000:00000000\n", 3000));
  CHECK_FALSE(listens_everywhere("", 3000));
}

TEST_CASE("the admin listener, which asks nobody who they are") {
  const auto level_at = [](const std::string& host) {
    Settings settings;
    settings.admin.host = host;
    return judge_admin(settings).front().level;
  };
  CHECK(level_at("127.0.0.1") == Level::ok);
  CHECK(level_at("10.0.0.5") == Level::ok);
  CHECK(level_at("0.0.0.0") == Level::warning);
  CHECK(level_at("8.8.8.8") == Level::failure);
}

TEST_CASE("http:// is told wherever somebody could listen in") {
  Settings settings;
  settings.external_urls = {{"http", "app.test", 80}, {"https", "b.test", 443}, {"http", "127.0.0.1", 8080}};
  settings.logto.endpoint = {"http", "logto.test", 3001};
  const auto findings = judge_schemes(settings);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].what == "external_urls http://app.test is not https");
  CHECK(findings[1].what == "logto.endpoint http://logto.test:3001 is not https");
}

TEST_CASE("certificates: dates, names, authorities") {
  constexpr std::int64_t kNow = 1'800'000'000;
  constexpr std::int64_t kDayS = 86'400;
  const Origin origin{"https", "app.test", 443};
  const auto of = [&](const ShownCertificate& shown) { return judge_certificate(shown, origin, kNow); };
  CHECK(text_of(of({kNow + 60 * kDayS, true, ""})) == "the certificate of https://app.test is good for 60 days");
  CHECK(of({kNow - 1, true, ""}).level == Level::failure);
  CHECK(of({kNow + 3 * kDayS, true, ""}).level == Level::warning);
  CHECK(of({kNow + 60 * kDayS, false, ""}).what == "the certificate of https://app.test is not for app.test");
  CHECK(of({kNow + 60 * kDayS, true, "self-signed certificate"}).level == Level::warning);
}

}  // namespace lp

TEST_CASE("what others answered writes no line and no command to a terminal") {
  using lp::DoctorFinding;
  const DoctorFinding finding{DoctorFinding::Level::failure, "issuer", "Logto says \x1b]0;pwn\x07",
                              "mend it\r\nok  all is well", "a\x7f"};
  CHECK(lp::text_of(finding) == "Logto says ?]0;pwn?: mend it??ok  all is well (a?)");
}
