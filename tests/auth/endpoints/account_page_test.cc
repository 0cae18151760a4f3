#include "auth/endpoints/account_page.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "auth/pages/person_words.h"

using namespace lp;

TEST_CASE("spans and sizes read as a person says them") {
  struct Case {
    std::int64_t seconds;
    const char* english;
    const char* japanese;
  };
  const Case cases[] = {{0, "less than a minute", "1分未満"},
                        {-5, "less than a minute", "1分未満"},
                        {59, "less than a minute", "1分未満"},
                        {60, "1 minute", "1分"},
                        {3600, "1 hour", "1時間"},
                        {3661, "1 hour 1 minute", "1時間1分"},
                        {86400, "1 day", "1日"},
                        {86400 + 120, "1 day", "1日"},
                        {14 * 86400 - 3600, "13 days 23 hours", "13日23時間"}};
  for (const Case& c : cases) {
    CAPTURE(c.seconds);
    CHECK(span_text(c.seconds, Language::english) == c.english);
    CHECK(span_text(c.seconds, Language::japanese) == c.japanese);
  }
  CHECK(size_text(1, Language::english) == "1 byte");
  CHECK(size_text(1023, Language::japanese) == "1023 バイト");
  CHECK(size_text(1536, Language::english) == "1.5 KiB");
  CHECK(moment_text(1'795'317'047, Language::english) == "2026-11-22 03:10 UTC");
  CHECK(moment_text(1'795'317'047, Language::japanese) == "2026年11月22日 03:10 (UTC)");
}

TEST_CASE("the account page shows what is known, when it ends, and both ways out") {
  Session session;
  session.sub = "u1";
  session.refresh_token = Secret("r-secret");
  session.claims = {
      {"name", "Alice <b>"}, {"email", "a@example.test"}, {"roles", {"editor", "admin"}}, {"x", "hidden"}};
  PageFacts facts;
  facts.form_origin = "https://logto.test";
  const Answer page = make_account_page(facts, session, {1'795'317'047, 1'795'317'047 + 86400, 3600, 1'795'317'047});
  CHECK(page.status == 200);
  const auto holds = [&](std::string_view part) { return page.body.find(part) != std::string::npos; };
  CHECK(holds("Alice &lt;b&gt;"));
  CHECK(holds("editor, admin"));
  CHECK(holds("(in 1 day)"));
  CHECK(holds("after 1 hour without use"));
  CHECK(holds("action=\"/_auth/sign-out\""));
  CHECK(holds("action=\"/_auth/sign-out?everywhere=1\""));
  CHECK_FALSE(holds("r-secret"));
  CHECK_FALSE(holds("hidden"));
}
