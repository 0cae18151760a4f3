#include "auth/pages/pages.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "auth/pages/requirement_words.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "tests/support/requirements.h"

using namespace lp;

namespace {

constexpr PageKind kAll[] = {PageKind::sign_in_failed,
                             PageKind::sign_in_unavailable,
                             PageKind::sign_in_expired,
                             PageKind::cookies_needed,
                             PageKind::unauthenticated,
                             PageKind::forbidden,
                             PageKind::certificate_needed,
                             PageKind::closed,
                             PageKind::not_found,
                             PageKind::method_not_allowed,
                             PageKind::misdirected,
                             PageKind::bad_request,
                             PageKind::payload_too_large,
                             PageKind::timeout,
                             PageKind::bad_gateway,
                             PageKind::unavailable,
                             PageKind::gateway_timeout,
                             PageKind::signed_out,
                             PageKind::confirm_sign_out,
                             PageKind::carry_fragment,
                             PageKind::confirm_sign_out_everywhere,
                             PageKind::account,
                             PageKind::loop_stopped,
                             PageKind::confirm_resume,
                             PageKind::request_not_sent,
                             PageKind::held_request_gone,
                             PageKind::session_unverified,
                             PageKind::step_up_needed,
                             PageKind::step_up_failed,
                             PageKind::proof_missing,
                             PageKind::sign_in_denied,
                             PageKind::sign_in_broken,
                             PageKind::token_refused,
                             PageKind::session_too_large,
                             PageKind::apps,
                             PageKind::no_apps};

std::string header(const Answer& answer, std::string_view name) {
  for (const auto& [n, v] : answer.headers) {
    if (iequals(n, name)) return v;
  }
  return {};
}

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string between(const std::string& text, std::string_view open, std::string_view close) {
  const std::size_t start = text.find(open) + open.size();
  return text.substr(start, text.find(close, start) - start);
}

}  // namespace

TEST_CASE("the language with the highest weight that we have is chosen") {
  struct Case {
    const char* accept;
    Language language;
  };
  const Case cases[] = {{"", Language::english},
                        {"ja", Language::japanese},
                        {"ja-JP,ja;q=0.9,en-US;q=0.8,en;q=0.7", Language::japanese},
                        {"en-US,en;q=0.9,ja;q=0.8", Language::english},
                        {"en;q=0.5, ja;q=0.6", Language::japanese},
                        {"de, fr;q=0.9", Language::english},
                        {"de, ja;q=0.1", Language::japanese},
                        {"de, *;q=0.5, ja;q=0.1", Language::english},
                        {"ja;q=0", Language::english},
                        {"JA", Language::japanese},
                        {"jav", Language::english},
                        {"ja;q=x, en", Language::english},
                        {"ja;q=0.123456789", Language::english},
                        {",,,;;q==,ja", Language::japanese}};
  for (const Case& c : cases) {
    CAPTURE(c.accept);
    CHECK(choose_language(c.accept) == c.language);
  }
}

TEST_CASE("every page is complete in both languages") {
  for (const PageKind kind : kAll) {
    for (const char* language : {"en", "ja"}) {
      CAPTURE(static_cast<int>(kind));
      PageFacts facts;
      facts.accept_language = language;
      facts.request_id = "0123456789abcdef";
      facts.return_to = "/x";
      const Answer page = make_page(kind, facts);
      CHECK(page.status == page_form(kind).status);
      CHECK(header(page, "Content-Type") == "text/html; charset=utf-8");
      CHECK(header(page, "Cache-Control") == "no-store");
      CHECK(header(page, "X-Content-Type-Options") == "nosniff");
      CHECK(header(page, "X-Frame-Options") == "DENY");
      CHECK(header(page, "X-Request-Id") == "0123456789abcdef");
      CHECK(holds(header(page, "Content-Security-Policy"), "default-src 'none'"));
      CHECK(holds(header(page, "Content-Security-Policy"), "frame-ancestors 'none'"));
      CHECK_FALSE(holds(header(page, "Content-Security-Policy"), "unsafe"));
      CHECK(holds(page.body, std::string("<html lang=\"") + language + "\">"));
      CHECK(holds(page.body, "<code>0123456789abcdef</code>"));
      CHECK(holds(page.body, "<main>"));
      CHECK(is_valid_utf8(page.body));
    }
  }
}

TEST_CASE("the policy names exactly the style and script of the page") {
  const Answer page = make_page(PageKind::carry_fragment, {});
  const std::string policy = header(page, "Content-Security-Policy");
  const std::string style = between(page.body, "<style>", "</style>");
  const std::string script = between(page.body, "<script>", "</script>");
  CHECK(holds(policy, "style-src 'sha256-" + base64_encode(sha256(style)) + "'"));
  CHECK(holds(policy, "script-src 'sha256-" + base64_encode(sha256(script)) + "'"));
  CHECK_FALSE(holds(make_page(PageKind::not_found, {}).body, "<script"));
}

TEST_CASE("whatever comes from outside is escaped") {  // threat O16
  PageFacts facts;
  facts.user = "<script>alert(1)</script>";
  facts.code = "\"><img src=x onerror=alert(1)>";
  facts.asked_host = "<b>";
  facts.served_at = "https://\"><img";
  facts.back_to = "/x?\"><script>";
  facts.apps = {{"<b>", "<i>", "\"><img", "/\"><script"}};
  facts.request_id = "<b>";
  const Requirement needed = roles_requirement({"<i>"});
  facts.missing = {&needed};
  facts.return_to = "/x?y=\"><script>";
  facts.paragraphs = {"<img src=x>"};
  facts.rows = {{"<b>", "<script>alert(1)</script>"}};
  facts.evidence = {"<img src=x>"};
  facts.resume_target = "/x?\"><script>";
  facts.resume_token = "\"><img";
  for (const PageKind kind : kAll) {
    const Answer page = make_page(kind, facts);
    for (const char* raw : {"<script>alert", "<img src=x", "<b>", "<i>", "\"><script", "\"><img\""})
      CHECK_FALSE(holds(page.body, raw));
  }
}

TEST_CASE("the 403 page says who you are, what is missing, and offers another account") {
  PageFacts facts;
  facts.user = "Alice";
  const Requirement roles = roles_requirement({"admin", "owner"});
  const Requirement social = social_requirement({"patreon"});
  facts.missing = {&roles, &social};
  facts.return_to = "/admin?x=1";
  const Answer page = make_page(PageKind::forbidden, facts);
  CHECK(page.status == 403);
  CHECK(holds(page.body, "<strong>Alice</strong>"));
  CHECK(holds(page.body, "one of the roles <strong>admin</strong>, <strong>owner</strong>"));
  CHECK(holds(page.body, "an account linked with <strong>Patreon</strong>"));
  CHECK(holds(page.body, "href=\"/_auth/sign-in?prompt=login&amp;return_to=%2Fadmin%3Fx%3D1\""));
}

TEST_CASE("the question before signing out posts to us, and may be redirected to Logto") {
  PageFacts facts;
  facts.form_origin = "https://logto.test";
  const Answer page = make_page(PageKind::confirm_sign_out, facts);
  CHECK(holds(page.body, "<form method=\"post\" action=\"/_auth/sign-out\">"));
  CHECK(holds(header(page, "Content-Security-Policy"), "form-action 'self' https://logto.test"));
  CHECK(header(page, "Referrer-Policy") == "same-origin");
  CHECK(header(make_page(PageKind::not_found, {}), "Referrer-Policy") == "no-referrer");
}

TEST_CASE("each form may post where it must, and nowhere else") {
  PageFacts facts;
  facts.form_origin = "https://logto.test";
  facts.resume_target = "/save";
  const auto form_action = [&](PageKind kind) {
    const std::string policy = header(make_page(kind, facts), "Content-Security-Policy");
    const std::size_t start = policy.find("form-action ");
    return policy.substr(start, policy.find(';', start) - start);
  };
  CHECK(form_action(PageKind::account) == "form-action 'self' https://logto.test");
  CHECK(form_action(PageKind::confirm_sign_out_everywhere) == "form-action 'self' https://logto.test");
  CHECK(form_action(PageKind::confirm_resume) == "form-action 'self' *");  // the app's answer may redirect anywhere
  CHECK(form_action(PageKind::loop_stopped) == "form-action 'none'");
  CHECK(form_action(PageKind::request_not_sent) == "form-action 'none'");
}

TEST_CASE("who cannot be asked now may be asked again soon") {
  CHECK(header(make_page(PageKind::session_unverified, {}), "Retry-After") == "5");
}

TEST_CASE("statuses without a page of their own keep their number") {
  for (const int status : {400, 403, 404, 405, 408, 413, 414, 421, 431, 500, 501, 502, 503, 504, 505, 599, 417}) {
    CHECK(make_status_page(status, {}).status == status);
    const Answer json = make_status_json(status, "id");
    CHECK(json.status == status);
    CHECK(header(json, "Content-Type") == "application/problem+json");
    const auto problem = nlohmann::json::parse(json.body);
    CHECK(problem["request_id"] == "id");
    CHECK(problem["instance"] == "id");
    CHECK(problem["status"] == status);
    CHECK(problem["detail"] == problem["message"]);
    CHECK_FALSE(problem["title"].get<std::string>().empty());
  }
  CHECK(header(make_status_page(503, {}), "Retry-After") == "5");
  CHECK(header(make_status_json(401, ""), "WWW-Authenticate") == "Cookie realm=\"logto-proxy\"");
}

TEST_CASE("JSON errors hold their facts in order and never throw on broken UTF-8") {
  const Answer answer = make_json_error(403, "forbidden", "no \xff", "id", {{"missing", {"role x"}}});
  CHECK(answer.body ==
        "{\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403,\"detail\":\"no \xef\xbf\xbd\","
        "\"instance\":\"id\",\"error\":\"forbidden\",\"message\":\"no \xef\xbf\xbd\",\"missing\":[\"role x\"],"
        "\"request_id\":\"id\"}");
}

TEST_CASE("a redirect is 303 and not stored") {
  const Answer answer = make_redirect("/x");
  CHECK(answer.status == 303);
  CHECK(header(answer, "Location") == "/x");
  CHECK(header(answer, "Cache-Control") == "no-store");
  CHECK(header(answer, "Referrer-Policy") == "no-referrer");
}

TEST_CASE("return_to stands last in a sign-in link") {
  CHECK(sign_in_path("/_auth", "") == "/_auth/sign-in");
  CHECK(sign_in_path("/_auth", "/a?b", 3, true) == "/_auth/sign-in?prompt=login&route=3&return_to=%2Fa%3Fb");
}

TEST_CASE("a Japanese title may break between its phrases, and the tab shows it in one piece") {
  for (const PageKind kind : kAll) {
    PageFacts facts;
    facts.accept_language = "ja";
    const std::string html = make_page(kind, facts).body;
    const std::string title = between(html, "<title>", "</title>");
    std::string heading = between(html, "<h1>", "</h1>");
    CAPTURE(heading);
    CHECK(title.find('|') == std::string::npos);
    // 13 letters are what a screen of 360 px has room for.
    std::size_t longest = 0;
    for (std::size_t at = 0; at < heading.size();) {
      const std::size_t end = std::min(heading.find("<wbr>", at), heading.size());
      longest = std::max(longest, (end - at) / 3);
      at = end + 5;
    }
    CHECK(longest <= 13);
    for (auto at = heading.find("<wbr>"); at != heading.npos; at = heading.find("<wbr>")) heading.erase(at, 5);
    CHECK(heading == title);
  }
}

TEST_CASE("who lacks a verified address is told so, in words of their own") {
  Requirement rule;
  rule.kind = Requirement::Kind::claim;
  rule.test.claim = "email_verified";
  rule.test.values = {"true"};
  CHECK(requirement_html(rule, Language::english) == "a verified e-mail address");
  CHECK(requirement_html(rule, Language::japanese) == "確認済みのメールアドレス");
  rule.test.values = {"false"};
  CHECK(requirement_html(rule, Language::english) == "a certain attribute of the account");
}

TEST_CASE("a wrong host is told the right address where it is known") {
  PageFacts facts;
  CHECK_FALSE(holds(make_status_page(421, facts).body, "This server is"));
  facts.served_at = "https://app.test";
  CHECK(holds(make_status_page(421, facts).body, "This server is <a href=\"https://app.test/\">https://app.test</a>"));
}

TEST_CASE("a refusal for want of a connector offers to sign in with it, before another account") {
  const Requirement social = social_requirement({"patreon", "linkedin"});
  const Requirement roles = roles_requirement({"admin"});
  Requirement either;
  either.kind = Requirement::Kind::any;
  either.children = {roles, social_requirement({"github"})};
  Requirement neither;
  neither.kind = Requirement::Kind::none;
  neither.children = {social_requirement({"google"})};
  CHECK(connectors_wanted({&social, &roles, &either, &neither}) ==
        std::vector<std::string>{"patreon", "linkedin", "github"});
  PageFacts facts;
  facts.return_to = "/x";
  facts.sign_in_with = {"patreon", "linkedin"};
  const std::string html = make_page(PageKind::forbidden, facts).body;
  CHECK(holds(html,
              "<a class=\"button\" href=\"/_auth/sign-in?with=social%3Apatreon&amp;prompt=login&amp;return_to=%2Fx"
              "\">Sign in with Patreon</a>"));
  CHECK(holds(html, ">Sign in with LinkedIn</a>"));
  CHECK(html.find("Use another account") > html.find("Sign in with LinkedIn"));
  facts.accept_language = "ja";
  CHECK(holds(make_page(PageKind::forbidden, facts).body, ">Patreonでサインイン</a>"));
}

TEST_CASE("each page has a way back: to where the link stood, else to the start, but not to itself") {
  PageFacts facts;
  CHECK(holds(make_page(PageKind::not_found, facts).body, "href=\"/\">Go to the start page</a>"));
  facts.back_to = "/wiki/a?b";
  const std::string back = make_page(PageKind::not_found, facts).body;
  CHECK(holds(back, "href=\"/wiki/a?b\">Go back</a>"));
  CHECK_FALSE(holds(back, "start page"));
  facts.back_to.clear();
  facts.is_home = true;
  CHECK_FALSE(holds(make_page(PageKind::not_found, facts).body, "start page"));
}

TEST_CASE("an app that does not answer can be asked again by a button") {
  PageFacts facts;
  CHECK_FALSE(holds(make_status_page(502, facts).body, "Try again"));  // a form was sent: a link would not send it
  facts.return_to = "/x?y";
  CHECK(holds(make_status_page(502, facts).body, "class=\"button\" href=\"/x?y\">Try again</a>"));
}

TEST_CASE("the page says the status that HTTP has") {
  for (const int status : {400, 414, 431, 501, 502, 505})
    CHECK(holds(make_status_page(status, {}).body, "<p class=\"status\">" + std::to_string(status) + "</p>"));
  CHECK(holds(make_page(PageKind::sign_in_failed, {}, 502).body, "<p class=\"status\">502</p>"));
}

TEST_CASE("a wrong host is shown as it was asked for") {
  PageFacts facts;
  facts.asked_host = "wiki.<b>.test";
  CHECK(holds(make_status_page(421, facts).body, "You asked for <strong>wiki.&lt;b&gt;.test</strong>."));
}
