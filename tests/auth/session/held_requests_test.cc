#include "auth/session/held_requests.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "auth/held/held_pages.h"
#include "auth/held/hold_rules.h"
#include "base/crypto.h"

using namespace lp;

namespace {

constexpr std::int64_t kNowS = 1'795'317'047;
constexpr std::size_t kBudget = std::size_t{8} << 20;

HeldRequest form(const std::string& sub = "u1", std::size_t bytes = 3) {
  std::string body(bytes, '\0');
  body.replace(0, 2, "\xff\n");  // bytes are bytes
  return {"POST", "/save?x=1", "multipart/form-data; boundary=b", body, sub, "https://app.test"};
}

std::optional<HeldTicket> hold(HeldRequests& store, const HeldRequest& request, std::int64_t now_s = kNowS) {
  return store.hold(request, now_s, random_bytes(kHoldRandomBytes));
}

RequestHead post(std::vector<std::pair<std::string_view, std::string_view>> fields, std::string_view method = "POST") {
  RequestHead head;
  head.method = method;
  for (const auto& [name, value] : fields) head.fields.add(name, value);
  return head;
}

const Origin kApp{"https", "app.test", 443};

}  // namespace

TEST_CASE("what is held comes back once, byte for byte") {
  HeldRequests store(kBudget);
  const HeldRequest sent = form();
  const auto ticket = hold(store, sent);
  REQUIRE(ticket);
  CHECK(store.look(*ticket, "u1", kNowS).request.body == sent.body);
  const auto taken = store.take(*ticket, "u1", "https://app.test", "/save?x=1", kNowS + 599);
  REQUIRE(taken);
  CHECK(taken->body == sent.body);
  CHECK(taken->content_type == sent.content_type);
  CHECK_FALSE(store.take(*ticket, "u1", "https://app.test", "/save?x=1", kNowS + 599));
  CHECK(store.size() == 0);
  CHECK(store.bytes() == 0);
}

TEST_CASE("only its own person gets it, only at its own target, only in time, only with the key") {
  HeldRequests store(kBudget);
  const auto ticket = hold(store, form());
  REQUIRE(ticket);
  CHECK_FALSE(store.take(*ticket, "u2", "https://app.test", "/save?x=1", kNowS));
  CHECK(store.look(*ticket, "u2", kNowS).fate == HeldRequests::Fate::other_person);
  CHECK_FALSE(store.take(*ticket, "u1", "https://app.test", "/save?x=2", kNowS));
  CHECK_FALSE(store.take(*ticket, "u1", "https://other.test", "/save?x=1", kNowS));
  CHECK_FALSE(store.take(*ticket, "u1", "https://app.test", "/save?x=1", kNowS + 600));
  HeldTicket wrong = *ticket;
  wrong.key = Secret(std::string(32, 'k'));
  CHECK_FALSE(store.take(wrong, "u1", "https://app.test", "/save?x=1", kNowS));
  store.discard(wrong);
  CHECK(store.size() == 1);
  CHECK(store.take(*ticket, "u1", "https://app.test", "/save?x=1", kNowS));
}

TEST_CASE("the budget is kept, nobody is pushed out, and time frees it") {
  HeldRequests store(std::size_t{3} << 20);
  REQUIRE(hold(store, form("u1", kMaxHeldBodyBytes)));
  REQUIRE(hold(store, form("u2", kMaxHeldBodyBytes), kNowS + 1));
  CHECK_FALSE(hold(store, form("u3", kMaxHeldBodyBytes)));
  CHECK_FALSE(hold(store, form("u3", kMaxHeldBodyBytes + 1)));
  CHECK(hold(store, form("u3", 1000)));
  CHECK(store.bytes() <= std::size_t{3} << 20);
  CHECK(hold(store, form("u4", kMaxHeldBodyBytes), kNowS + 600));
  store.drop_expired(kNowS + 1200);
  CHECK(store.size() == 0);
  CHECK(store.bytes() == 0);
  HeldRequests off(0);
  CHECK_FALSE(hold(off, form()));
}

TEST_CASE("one person cannot fill the store") {
  HeldRequests store(kBudget);
  std::optional<HeldTicket> last;
  for (std::size_t i = 0; i < kMaxHeldPerPerson; ++i) REQUIRE((last = hold(store, form())));
  CHECK_FALSE(hold(store, form()));
  CHECK(hold(store, form("u2")));
  store.discard(*last);
  CHECK(hold(store, form()));
}

TEST_CASE("of many threads that take one ticket, one gets it") {
  HeldRequests store(kBudget);
  for (int round = 0; round < 20; ++round) {
    const auto ticket = hold(store, form());
    REQUIRE(ticket);
    std::atomic<int> taken{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        if (store.take(*ticket, "u1", "https://app.test", "/save?x=1", kNowS)) ++taken;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(taken == 1);
  }
}

TEST_CASE("a ticket opens from its cookie while it is young") {
  const CookieSealer sealer({Secret(std::string(32, 's'))}, CookiePurpose::pending_sign_in, "default");
  const HeldTicket ticket{std::string(16, 'i'), Secret(std::string(32, 'k')), kNowS};
  const std::string value = "h=" + sealer.seal("h", encode_held_ticket(ticket), std::string(24, 'n'));
  const auto find = [&](const std::string& line, std::int64_t now_s) {
    Fields fields;
    fields.add("Cookie", line);
    return find_held_ticket(fields, "h", sealer, now_s);
  };
  REQUIRE(find(value, kNowS));
  CHECK(find(value, kNowS)->key.equals(std::string(32, 'k')));
  CHECK(find(value, kNowS + 599));
  CHECK_FALSE(find(value, kNowS + 600));
  CHECK_FALSE(find(value, kNowS - 61));
  CHECK_FALSE(find(value + "; " + value, kNowS));
  CHECK_FALSE(find("h=AAAA", kNowS));
  CHECK_FALSE(find("", kNowS));
  HeldTicket other_form = ticket;
  other_form.id = "short";
  CHECK_FALSE(decode_held_ticket(encode_held_ticket(other_form)));
}

TEST_CASE("the token of a ticket is known to nobody else") {
  const HeldTicket ticket{std::string(16, 'i'), Secret(std::string(32, 'k')), kNowS};
  const HeldTicket other{std::string(16, 'i'), Secret(std::string(32, 'l')), kNowS};
  const std::string body = std::string(kResumeField) + "=" + resume_token(ticket);
  CHECK(body.size() == kResumeBodyBytes);
  CHECK(is_resume_body(body));
  CHECK(is_resume_body_of(body, ticket));
  CHECK_FALSE(is_resume_body_of(body, other));
  CHECK_FALSE(is_resume_body(body + "x"));
  CHECK_FALSE(is_resume_body("comment=" + std::string(kResumeBodyBytes - 8, 'x')));
}

TEST_CASE("only forms of our own pages are held") {
  using Headers = std::vector<std::pair<std::string_view, std::string_view>>;
  const Headers modern = {{"Sec-Fetch-Mode", "navigate"},
                          {"Sec-Fetch-Dest", "document"},
                          {"Sec-Fetch-Site", "same-origin"},
                          {"Origin", "https://app.test"},
                          {"Content-Type", "application/x-www-form-urlencoded"},
                          {"Content-Length", "10"}};
  const auto with = [&](std::string_view name, std::string_view value) {
    Headers changed = modern;
    std::erase_if(changed, [&](const auto& field) { return field.first == name; });
    if (!value.empty()) changed.emplace_back(name, value);
    return changed;
  };
  const Headers old = {{"Accept", "text/html,*/*;q=0.8"},
                       {"Origin", "https://app.test"},
                       {"Content-Type", "text/plain"},
                       {"Content-Length", "10"}};
  Headers old_script = old;
  old_script.emplace_back("X-Requested-With", "XMLHttpRequest");
  struct Case {
    const char* what;
    Headers headers;
    NotHeld why;
  };
  const Case cases[] = {
      {"a form", modern, NotHeld::none},
      {"a form with a file", with("Content-Type", "multipart/form-data; boundary=x"), NotHeld::none},
      {"a form of a page that sends no referrer", with("Origin", "null"), NotHeld::none},
      {"a form of an old browser", old, NotHeld::none},
      {"a script of an old browser", old_script, NotHeld::not_a_form},
      {"a script", with("Sec-Fetch-Mode", "cors"), NotHeld::not_a_form},
      {"a form in a frame", with("Sec-Fetch-Dest", "iframe"), NotHeld::not_a_form},
      {"another site's form", with("Sec-Fetch-Site", "cross-site"), NotHeld::other_site},
      {"a sibling host's form", with("Sec-Fetch-Site", "same-site"), NotHeld::other_site},
      {"a form typed into an address bar", with("Sec-Fetch-Site", "none"), NotHeld::other_site},
      {"another origin's form", with("Origin", "https://evil.test"), NotHeld::other_site},
      {"JSON", with("Content-Type", "application/json"), NotHeld::content_type},
      {"nothing of which the type is known", with("Content-Type", ""), NotHeld::content_type},
      {"a compressed body", with("Content-Encoding", "gzip"), NotHeld::content_type},
      {"exactly what fits", with("Content-Length", "1048576"), NotHeld::none},
      {"a byte more", with("Content-Length", "1048577"), NotHeld::too_large},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    CHECK(not_held_word(may_hold(post(c.headers), false, kApp)) == not_held_word(c.why));
  }
  CHECK(may_hold(post(modern, "PUT"), false, kApp) == NotHeld::not_a_form);
  CHECK(may_hold(post(modern), true, kApp) == NotHeld::not_a_form);
  CHECK(may_be_resumption(post(with("Content-Length", std::to_string(kResumeBodyBytes))), false, kApp));
  CHECK_FALSE(may_be_resumption(post(modern), false, kApp));
}

TEST_CASE("a session has just expired for an hour") {
  SessionSettings settings;
  Session session;
  session.signed_in_at_ms = (kNowS - 100'000) * 1000;
  session.sealed_at_s = kNowS - 86'400;
  CHECK(is_just_expired(session, settings, kNowS));
  CHECK_FALSE(is_just_expired(session, settings, kNowS - 1));
  CHECK(is_just_expired(session, settings, kNowS + 3599));
  CHECK_FALSE(is_just_expired(session, settings, kNowS + 3600));
}

TEST_CASE("the confirmation shows where and for whom, and never what") {
  const HeldTicket ticket{std::string(16, 'i'), Secret(std::string(32, 'k')), kNowS};
  HeldRequest request = form();
  request.body = "secret words";
  request.target = "/save?x=\"><b>";
  PageFacts facts;
  facts.user = "Alice";
  const Answer page = make_resume_page(facts, request, ticket);
  CHECK(page.status == 200);
  CHECK(page.body.find("secret words") == std::string::npos);
  CHECK(page.body.find("\"><b>") == std::string::npos);
  CHECK(page.body.find("<form method=\"post\" action=\"/save?x=&quot;") != std::string::npos);
  CHECK(page.body.find("name=\"logto_resume\" value=\"" + resume_token(ticket) + "\"") != std::string::npos);
  CHECK(page.body.find("action=\"/_auth/resume?discard=1\"") != std::string::npos);
  CHECK(page.body.find("Alice") != std::string::npos);
}

TEST_CASE("whoever's form was not sent is told why, in both languages") {
  for (int why = 0; why <= static_cast<int>(NotHeld::other_person); ++why) {
    for (const char* language : {"en", "ja"}) {
      PageFacts facts;
      facts.accept_language = language;
      const Answer page = make_not_sent_page(PageKind::request_not_sent, facts, static_cast<NotHeld>(why));
      CHECK(page.status == 401);
      CHECK(page.body.find("class=\"detail\"></p>") == std::string::npos);
    }
  }
}
