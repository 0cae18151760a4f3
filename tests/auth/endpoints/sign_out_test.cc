#include "auth/realm/end_sessions.h"
#include "tests/support/gatekeeper_world.h"

using namespace lp;
using namespace lp::test;

TEST_CASE("signing out ends the session here and at Logto") {
  World world;
  Session session = world.session();
  session.refresh_token = Secret("r1");
  world.sign_in_directly(session);
  (void)world.ask({.path = "/_auth/sign-in", .query = "prompt=login"});
  const Verdict verdict =
      world.ask({.method = "POST", .path = "/_auth/sign-out", .headers = {{"Sec-Fetch-Site", "same-origin"}}});
  CHECK(verdict.answer.status == 303);
  CHECK(location(verdict).starts_with("https://logto.test/oidc/session/end?"));
  CHECK(sent(verdict, "client_id") == "app-id");
  CHECK(sent(verdict, "post_logout_redirect_uri") == "https://app.test/_auth/signed-out");
  CHECK(world.auth->revoked == std::vector<std::string>{"r1"});
  CHECK(world.jar.empty());
  CHECK(world.ask({.path = "/_auth/signed-out"}).answer.status == 200);
}

TEST_CASE("nobody is signed out from elsewhere") {  // threat O36
  struct Case {
    const char* what;
    Ask ask;
    int status;
    bool signed_out;
  };
  const Case cases[] = {
      {"an address bar", {.path = "/_auth/sign-out"}, 303, true},
      {"a link of another site",
       {.path = "/_auth/sign-out",
        .headers = {{"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Fetch-Site", "cross-site"}}},
       200,
       false},
      {"an image of another site",
       {.path = "/_auth/sign-out", .headers = {{"Sec-Fetch-Site", "cross-site"}}},
       403,
       false},
      {"an image of our own site",
       {.path = "/_auth/sign-out",
        .headers = {{"Sec-Fetch-Mode", "no-cors"}, {"Sec-Fetch-Dest", "image"}, {"Sec-Fetch-Site", "same-origin"}}},
       403,
       false},
      {"a form of another site",
       {.method = "POST", .path = "/_auth/sign-out", .headers = {{"Origin", "https://evil.test"}}},
       403,
       false},
      {"a POST without a word", {.method = "POST", .path = "/_auth/sign-out", .headers = {}}, 403, false},
      {"a link of an old browser",
       {.path = "/_auth/sign-out", .headers = {{"Accept", "text/html"}, {"Referer", "https://app.test/"}}},
       303,
       true},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    World world;
    world.sign_in_directly(world.session());
    CHECK(world.ask(c.ask).answer.status == c.status);
    CHECK(world.has_session() != c.signed_out);
  }
}

TEST_CASE("signing out works without Logto and without a session") {
  World world;
  CHECK(location(world.ask({.path = "/_auth/sign-out"})).starts_with("https://logto.test/oidc/session/end?"));
  world.sign_in_directly(world.session());
  world.auth->known = nullptr;
  CHECK(location(world.ask({.path = "/_auth/sign-out"})).starts_with("https://logto.test/"));
  world.auth->reachable = nullptr;
  world.sign_in_directly(world.session());
  CHECK(location(world.ask({.path = "/_auth/sign-out"})) == "/_auth/signed-out");
  CHECK_FALSE(world.has_session());
}

namespace {

constexpr const char* kSession = "__Host-logto_session";
const std::vector<std::pair<std::string, std::string>> kOwnForm = {
    {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Fetch-Site", "same-origin"}};

bool passes_with(World& world, const std::string& cookie) {
  world.jar = {{kSession, cookie}};
  return world.ask({.path = "/x", .route = 1, .headers = kScript}).kind == Verdict::Kind::pass;
}

}  // namespace

TEST_CASE("an old copy of the cookie opens nothing after the sign-out") {  // threat C14
  World world;
  world.sign_in_directly(world.session());
  const std::string copy = world.jar.at(kSession);
  world.sign_in_directly(world.session());
  const std::string other_browser = world.jar.at(kSession);
  world.jar[kSession] = copy;
  (void)world.ask({.method = "POST", .path = "/_auth/sign-out", .headers = kOwnForm});
  CHECK_FALSE(passes_with(world, copy));
  CHECK(passes_with(world, other_browser));
}

TEST_CASE("signing out everywhere ends all sessions of this user and of nobody else") {
  struct Case {
    const char* what;
    Ask ask;
    bool everywhere;
  };
  const Case cases[] = {
      {"a form", {.method = "POST", .path = "/_auth/sign-out", .query = "everywhere=1", .headers = kOwnForm}, true},
      {"a link", {.path = "/_auth/sign-out", .query = "everywhere=1", .headers = kOwnForm}, true},
      {"with more in the query", {.path = "/_auth/sign-out", .query = "a=b&everywhere=1", .headers = kOwnForm}, true},
      {"0", {.path = "/_auth/sign-out", .query = "everywhere=0", .headers = kOwnForm}, false},
      {"twice", {.path = "/_auth/sign-out", .query = "everywhere=1&everywhere=1", .headers = kOwnForm}, false},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    World world;
    world.sign_in_directly(world.session("u1"));
    const std::string elsewhere = world.jar.at(kSession);
    world.sign_in_directly(world.session("u2"));
    const std::string somebody_else = world.jar.at(kSession);
    world.sign_in_directly(world.session("u1"));
    const std::string here = world.jar.at(kSession);
    CHECK(world.ask(c.ask).answer.status == 303);
    CHECK_FALSE(world.has_session());
    CHECK_FALSE(passes_with(world, here));
    CHECK(passes_with(world, elsewhere) != c.everywhere);
    CHECK(passes_with(world, somebody_else));

    world.jar.clear();
    world.clock.advance_ms(1);
    world.sign_in_directly(world.session("u1"));
    CHECK(passes_with(world, world.jar.at(kSession)));
  }
}

TEST_CASE("the question whether to sign out keeps what was asked for") {
  World world;
  world.sign_in_directly(world.session());
  const std::vector<std::pair<std::string, std::string>> elsewhere = {
      {"Sec-Fetch-Mode", "navigate"}, {"Sec-Fetch-Dest", "document"}, {"Sec-Fetch-Site", "cross-site"}};
  for (const std::string query : {"everywhere=1", "x=1&everywhere=1", "", "everywhere=0"}) {
    CAPTURE(query);
    const bool everywhere = query.find("everywhere=1") != std::string::npos;
    for (const char* method : {"GET", "POST"}) {
      const Verdict asked =
          world.ask({.method = method, .path = "/_auth/sign-out", .query = query, .headers = elsewhere});
      CHECK(asked.answer.status == 200);
      CHECK((asked.answer.body.find("action=\"/_auth/sign-out?everywhere=1\"") != std::string::npos) == everywhere);
      CHECK((asked.answer.body.find("action=\"/_auth/sign-out\"") != std::string::npos) != everywhere);
    }
  }
  CHECK(world.has_session());
}

TEST_CASE("a page that was left open until its session idled out signs out everywhere all the same") {
  World world;
  Session stale = world.session();
  stale.refresh_token = Secret("r1");
  world.sign_in_directly(stale);
  const std::string stale_cookie = world.jar.at(kSession);
  world.clock.advance_ms(world.realm.settings->session.idle_timeout_ms + 1000);
  world.sign_in_directly(world.session());
  const std::string fresh = world.jar.at(kSession);
  world.jar = {{kSession, stale_cookie}};
  CHECK(world.ask({.method = "POST", .path = "/_auth/sign-out", .query = "everywhere=1", .headers = kOwnForm})
            .answer.status == 303);
  CHECK(world.auth->revoked == std::vector<std::string>{"r1"});
  CHECK_FALSE(passes_with(world, fresh));
}

TEST_CASE("with replicas a sign-out says that it is done when they are told, or will be told whatever happens here") {
  struct Case {
    const char* what;
    bool told;
    const char* journal;
    int status;
  };
  const Case cases[] = {{"told", true, "", 303},
                        {"not told, but kept in a journal", false, "/somewhere", 303},
                        {"not told, and lost with this process", false, "", 503}};
  for (const Case& c : cases) {
    CAPTURE(c.what);
    auto with = settings();
    with->revocations.journal = c.journal;
    World world(with);
    world.auth->told = c.told;
    world.sign_in_directly(world.session());
    const auto copy = world.jar;
    const Ask sign_out{.method = "POST", .path = "/_auth/sign-out", .headers = {{"Sec-Fetch-Site", "same-origin"}}};
    CHECK(world.ask(sign_out).answer.status == c.status);
    CHECK(world.has_session() == (c.status == 503));  // for another try
    world.jar = copy;
    CHECK(world.ask({.route = 1, .headers = kScript}).answer.status == 401);
  }
}

namespace {

constexpr RevocationKind kProof = RevocationKind::proof;

// A world with replicas, where /oauth2/sign_out is answered too.
std::shared_ptr<Settings> with_oauth2_proxy(const char* journal) {
  auto made = settings();
  made->forward_auth.oauth2_proxy = "/oauth2";
  made->revocations.journal = journal;
  return made;
}

bool must_prove(const World& world) {
  return world.realm.revocations.ended_at_ms(revocation_key(kProof, world.realm.settings->realm, "u1")) > 0;
}

}  // namespace

TEST_CASE("what a sign-out demands of the next sign-in is not lost where it has to be asked for twice") {
  struct Case {
    const char* what;
    const char* path;
    std::vector<std::pair<std::string, std::string>> headers;
    int done;
  };
  const Case cases[] = {{"a script", "/oauth2/sign_out", kScript, 200},
                        {"a person, while Logto is away", "/_auth/sign-out", kOwnForm, 303}};
  for (const Case& c : cases) {
    CAPTURE(c.what);
    World world(with_oauth2_proxy(""));
    world.auth->told = false;
    world.auth->reachable_now = false;
    world.sign_in_directly(world.session());
    const Ask sign_out{.path = c.path, .headers = c.headers};
    CHECK(world.ask(sign_out).answer.status == 503);
    world.auth->told = true;
    CHECK(world.ask(sign_out).answer.status == c.done);
    CHECK_FALSE(world.has_session());
    CHECK(must_prove(world));
  }
}

TEST_CASE("the answer to a sign-out waits until the replicas know what it demands") {
  SUBCASE("of a script, with the end itself") {
    World world(with_oauth2_proxy("/somewhere"));
    world.auth->told = true;
    world.sign_in_directly(world.session());
    bool demanded_first = false;
    world.loop.post([&] { demanded_first = must_prove(world); });  // runs before the replicas answer
    CHECK(world.ask({.path = "/oauth2/sign_out", .headers = kScript}).answer.status == 200);
    CHECK(demanded_first);
  }
  SUBCASE("of a person who finds Logto away, after the end") {
    World world(with_oauth2_proxy(""));
    world.auth->told = true;
    world.auth->reachable_now = false;
    world.sign_in_directly(world.session());
    const RevocationKey demand = revocation_key(kProof, world.realm.settings->realm, "u1");
    world.realm.revocations.set_listener([&](const Revocation& heard) {
      if (heard.key == demand) world.auth->told = false;
    });
    CHECK(world.ask({.path = "/_auth/sign-out", .headers = kOwnForm}).answer.status == 503);
    CHECK(world.has_session());
    world.auth->told = true;
    CHECK(world.ask({.path = "/_auth/sign-out", .headers = kOwnForm}).answer.status == 303);
  }
  SUBCASE("of a person whose provider ends no session of its own") {
    World world(with_oauth2_proxy(""));
    world.auth->told = true;
    auto known = std::make_shared<ProviderMetadata>(*logto_metadata());
    known->end_session_endpoint.reset();
    world.auth->known = known;
    world.sign_in_directly(world.session());
    const Verdict verdict = world.ask({.path = "/_auth/sign-out", .headers = kOwnForm});
    CHECK(location(verdict) == "/_auth/signed-out");
    CHECK(must_prove(world));
  }
  SUBCASE("nothing, where Logto ends its own") {
    World world(with_oauth2_proxy(""));
    world.auth->told = true;
    world.sign_in_directly(world.session());
    CHECK(world.ask({.path = "/_auth/sign-out", .headers = kOwnForm}).answer.status == 303);
    CHECK_FALSE(must_prove(world));
  }
}
