#include "tests/support/gatekeeper_world.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "auth/realm/session_cookie.h"
#include "auth/rules/own_paths.h"

namespace lp::test {

std::shared_ptr<const ProviderMetadata> logto_metadata() {
  auto metadata = std::make_shared<ProviderMetadata>();
  metadata->issuer = "https://logto.test/oidc";
  metadata->authorization_endpoint = "https://logto.test/oidc/auth";
  metadata->end_session_endpoint = "https://logto.test/oidc/session/end";
  metadata->token_endpoint = "https://logto.test/oidc/token";
  metadata->iss_parameter_supported = true;
  return metadata;
}

RouteSettings route(int index, Access access) {
  RouteSettings made;
  made.index = index;
  made.access = access;
  return made;
}

std::shared_ptr<Settings> settings() {
  auto made = std::make_shared<Settings>();
  made->external_urls = {{"https", "app.test", 443}};
  made->logto.endpoint = {"https", "logto.test", 443};
  made->logto.app_id = "app-id";
  made->session.secrets = {Secret(std::string(32, 's'))};
  made->routes = {route(1),
                  route(2, Access::public_),
                  route(3, Access::optional),
                  route(4, Access::deny),
                  route(5),
                  route(6),
                  route(7),
                  route(8)};
  made->routes[4].require.children = {roles_requirement({"admin"})};
  made->routes[5].unauthenticated = Unauthenticated::status_401;
  made->routes[6].unauthenticated = Unauthenticated::redirect;
  made->routes[7].sign_in.keep_fragment = true;
  made->routes[7].sign_in.with = "social:patreon";
  return made;
}

std::string header(const Answer& answer, std::string_view name) {
  for (const auto& [n, v] : answer.headers) {
    if (iequals(n, name)) return v;
  }
  return {};
}

std::string location(const Verdict& verdict) { return header(verdict.answer, "Location"); }

std::string sent(const Verdict& verdict, std::string_view name) {
  const std::string url = location(verdict);
  const Result<FormPairs> pairs = parse_form(url.substr(url.find('?') + 1));
  REQUIRE(pairs);
  for (const auto& [n, v] : *pairs) {
    if (n == name) return v;
  }
  return {};
}

bool goes_to_logto(const Verdict& verdict) {
  return verdict.answer.status == 303 && location(verdict).starts_with("https://logto.test/oidc/auth?");
}

Ask callback(const std::string& state, const std::string& rest) {
  return {.path = "/_auth/callback",
          .query = rest + "&state=" + percent_encode(state) + "&iss=https%3A%2F%2Flogto.test%2Foidc"};
}

std::unique_ptr<AuthQuestions::Question> FakeAuth::need_metadata(EventLoop& asking, MetadataAnswer answer) {
  auto alive = std::make_shared<bool>(true);
  asking.post([this, alive, answer = std::move(answer)] {
    if (!*alive) return;
    if (reachable) {
      answer(reachable);
    } else {
      answer(fail("away"));
    }
  });
  return std::make_unique<Asked>(alive);
}

std::unique_ptr<AuthQuestions::Question> FakeAuth::need_reachability(EventLoop& asking, ReachabilityAnswer answer) {
  ++reachability_questions;
  auto alive = std::make_shared<bool>(true);
  asking.post([this, alive, answer = std::move(answer)] {
    if (*alive) answer(reachable_now.value());
  });
  return std::make_unique<Asked>(alive);
}

std::unique_ptr<AuthQuestions::Question> FakeAuth::need_sign_in_ways(EventLoop& asking, WaysAnswer answer) {
  ++ways_questions;
  auto alive = std::make_shared<bool>(true);
  asking.post([this, alive, answer = std::move(answer)] {
    if (*alive) answer(ways_when_asked);
  });
  return std::make_unique<Asked>(alive);
}

std::unique_ptr<AuthQuestions::Question> FakeAuth::probe_resources(EventLoop& asking, ResourcesAnswer answer) {
  ++probes;
  auto alive = std::make_shared<bool>(true);
  asking.post([this, alive, answer = std::move(answer)] {
    if (*alive) answer(can_probe);
  });
  return std::make_unique<Asked>(alive);
}

std::unique_ptr<AuthQuestions::Question> FakeAuth::finish_sign_in(EventLoop& asking, OnBehalfOf,
                                                                  CallbackResponse response, PendingSignIn pending,
                                                                  SignInAnswer answer) {
  ++exchanges;
  exchanged_pending = std::move(pending);
  exchanged_code = response.code;
  auto alive = std::make_shared<bool>(true);
  asking.post([this, alive, answer = std::move(answer)] {
    if (!*alive) return;
    Result<FinishedSignIn, SignInFailure> outcome = SignInFailure{};
    if (exchange->ok())
      outcome = FinishedSignIn(exchange->value());
    else
      outcome = exchange->error();
    const bool is_asked = exchanged_pending.proof_asked != ProofAsked::nothing;
    if (outcome && is_asked) outcome->authenticated_at_s = authenticated_at_s.value_or(exchanged_pending.made_at_s + 1);
    answer(std::move(outcome));
  });
  return std::make_unique<Asked>(alive);
}

std::unique_ptr<AuthQuestions::Question> FakeAuth::refresh(EventLoop& asking, std::string, Session,
                                                           RefreshAnswer answer) {
  ++refreshes;
  auto alive = std::make_shared<bool>(true);
  asking.post([this, alive, answer = std::move(answer)] {
    if (*alive) answer(refreshed.value());
  });
  return std::make_unique<Asked>(alive);
}

std::unique_ptr<AuthQuestions::Question> FakeAuth::token_for(EventLoop& asking, std::string, Session,
                                                             TokenAudience audience, TokenAnswer answer) {
  asked_audiences.push_back(std::move(audience));
  auto alive = std::make_shared<bool>(true);
  asking.post([this, alive, answer = std::move(answer)] {
    if (*alive) answer(granted.value());
  });
  return std::make_unique<Asked>(alive);
}

std::unique_ptr<AuthQuestions::Question> FakeAuth::patreon_of(EventLoop& asking, std::string, std::string,
                                                              Secret account_token, PatreonAnswer answer) {
  patreon_tokens.emplace_back(account_token.reveal());
  auto alive = std::make_shared<bool>(true);
  asking.post([this, alive, answer = std::move(answer)] {
    if (!*alive || patreon.empty()) return;
    const PatreonOutcome outcome = patreon.front();
    if (patreon.size() > 1) patreon.erase(patreon.begin());
    answer(outcome);
  });
  return std::make_unique<Asked>(alive);
}

std::unique_ptr<AuthQuestions::Question> FakeAuth::judge_logout_token(EventLoop& asking, OnBehalfOf, std::string token,
                                                                      LogoutAnswer answer) {
  logout_tokens.push_back(std::move(token));
  auto alive = std::make_shared<bool>(true);
  asking.post([this, alive, answer = std::move(answer)] {
    if (*alive) answer(logout.value());
  });
  return std::make_unique<Asked>(alive);
}

std::unique_ptr<AuthQuestions::Question> FakeAuth::hear_replicas(EventLoop& asking, HeardAnswer answer) {
  ++heard;
  auto alive = std::make_shared<bool>(true);
  asking.post([alive, answer = std::move(answer)] {
    if (*alive) answer();
  });
  return std::make_unique<Asked>(alive);
}

std::unique_ptr<AuthQuestions::Question> FakeAuth::tell_replicas(EventLoop& asking, ToldAnswer answer) {
  auto alive = std::make_shared<bool>(true);
  asking.post([this, alive, answer = std::move(answer)] {
    if (*alive) answer(told.value());
  });
  return std::make_unique<Asked>(alive);
}

void FakeAuth::revoke_refresh_token(std::string, Secret refresh_token) { revoked.emplace_back(refresh_token.reveal()); }

World::World(std::shared_ptr<const Settings> with) : realm(std::move(with), clock, log), auth(new FakeAuth) {
  realm.auth.reset(auth);
  auth->known = auth->reachable = logto_metadata();
}

std::string World::cookie_line() const {
  std::string line;
  for (const auto& [name, value] : jar) line += (line.empty() ? "" : "; ") + name + "=" + value;
  return line;
}

Verdict World::ask(const Ask& request) {
  const std::string cookies = cookie_line();
  RequestHead head;
  head.method = request.method;
  for (const auto& [name, value] : request.headers) head.fields.add(name, value);
  if (!cookies.empty()) head.fields.add("Cookie", cookies);
  RequestFacts facts;
  facts.head = &head;
  facts.external = &realm.settings->external_urls.front();
  facts.path = request.path;
  facts.query = request.query;
  facts.has_query = !request.query.empty();
  if (request.route > 0) facts.route = &realm.settings->routes[static_cast<std::size_t>(request.route - 1)];
  facts.wants_upgrade = request.wants_upgrade;
  facts.request_id = "0123456789abcdef";
  facts.client = request.client;
  Verdict verdict = judge_and_wait(facts);
  if (verdict.kind == Verdict::Kind::need_body) {
    facts.body_state = request.body.size() > verdict.body_limit_bytes ? BodyFacts::too_large : BodyFacts::whole;
    if (facts.body_state == BodyFacts::whole) facts.body = request.body;
    verdict = judge_and_wait(facts);
  }
  keep(verdict.set_cookies);
  return verdict;
}

Verdict World::judge_and_wait(const RequestFacts& facts) {
  std::unique_ptr<PendingVerdict> wait;
  std::optional<Verdict> late;
  const bool is_own = is_own_path(facts.path, *realm.settings);
  Responder& responder = is_own ? gatekeeper.own_endpoints() : gatekeeper;
  Verdict verdict = responder.judge(
      facts,
      [&](Verdict v) {
        late = std::move(v);
        wait.reset();  // the callback's owner may go at once
        loop.stop();
      },
      wait);
  if (verdict.kind != Verdict::Kind::wait) return verdict;
  REQUIRE(wait != nullptr);
  REQUIRE_FALSE(late);
  loop.run();
  return std::move(*late);
}

void World::keep(const std::vector<std::string>& set_cookies) {
  for (const std::string& line : set_cookies) {
    const std::string name = line.substr(0, line.find('='));
    const std::string value = line.substr(name.size() + 1, line.find(';') - name.size() - 1);
    if (line.find("Max-Age=0;") != std::string::npos) {
      jar.erase(name);
    } else {
      jar[name] = value;
    }
  }
}

Session World::session(const std::string& sub) const {
  Session made;
  made.sub = sub;
  made.claims = {{"name", "Alice"}, {"email", "alice@example.test"}, {"roles", {"editor"}}};
  made.id = "session " + std::to_string(kFirstSessionNumber + sessions_made++);  // kSessionIdBytes of them
  made.signed_in_at_ms = clock.unix_ms();
  made.tokens_expire_at_s = clock.unix_s() + 3600;
  made.validated_at_s = clock.unix_s();
  made.generation = 1;
  return made;
}

void World::sign_in_directly(const Session& made) { keep(SessionCookie(realm, true).write(made, 0, clock.unix_s())); }

std::size_t World::pending_count() const {
  return static_cast<std::size_t>(std::count_if(
      jar.begin(), jar.end(), [](const auto& cookie) { return cookie.first.starts_with("__Host-logto_pending_"); }));
}

}  // namespace lp::test
