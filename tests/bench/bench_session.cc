#include <nlohmann/json.hpp>
#include <string>

#include "auth/gate/gatekeeper.h"
#include "auth/realm/session_cookie.h"
#include "auth/visit/verdict.h"
#include "base/crypto.h"
#include "bench.h"
#include "proxy/http1/request.h"

namespace {

lp::Session session_at(std::int64_t now_s) {
  lp::Session session;
  session.sub = "4q5w6e7r8t9y";
  session.claims = {{"name", "Alice Example"},
                    {"username", "alice"},
                    {"email", "alice@example.test"},
                    {"picture", "https://example.test/alice.png"},
                    {"roles", {"editor", "reader"}}};
  session.refresh_token = lp::Secret(std::string(43, 'r'));
  session.id = std::string(16, 'i');
  session.signed_in_at_ms = now_s * 1000;
  session.validated_at_s = session.sealed_at_s = now_s;
  session.tokens_expire_at_s = now_s + 3600;
  session.generation = 1;
  return session;
}

std::string name_and_value(const std::string& set_cookie) { return set_cookie.substr(0, set_cookie.find(';')); }

}  // namespace

int main() {
  using namespace lp;
  using namespace lp::bench;
  const SystemClock clock;
  Log log{{-1, -1, 4096, LogLevel::error}};
  Realm realm(settings_with_routes(1), clock, log);
  const Session session = session_at(clock.unix_s());
  const auto keyring = realm.keyring();
  const SessionCookie cookies(realm, true);
  const std::string cookie = name_and_value(cookies.write(session, 0, clock.unix_s()).front());
  const std::string name = cookie.substr(0, cookie.find('='));
  const std::string value = cookie.substr(name.size() + 1);
  std::printf("session cookie of %zu bytes\n", cookie.size());

  report("session: encode and seal", [&] {
    const std::string nonce = random_bytes(24);
    keep(keyring->session_sealer.seal(name, encode_session(session), nonce));
  });
  report("session: open and decode", [&] {
    const auto plain = keyring->session_sealer.open(name, value);
    const auto decoded = decode_session(*plain);
    keep(decoded);
  });
  const std::string forged = value.substr(0, value.size() - 4) + "AAAA";
  report("session: refuse a forged cookie", [&] { keep(keyring->session_sealer.open(name, forged)); });

  EventLoop loop;
  Gatekeeper gatekeeper(realm, loop);
  const std::string bytes = browser_request("/app1/wiki/page", cookie);
  ParsedRequest request;
  const bool parsed = !parse_request_head(bytes, {}, request);
  RequestFacts facts;
  facts.head = &request.head;
  facts.external = &realm.settings->external_urls.front();
  facts.path = request.path_and_query;
  facts.route = &realm.settings->routes.front();
  facts.request_id = "0123456789abcdef";
  std::unique_ptr<PendingVerdict> wait;
  bool passes = parsed;
  report("gatekeeper: judge a warm session", [&] {
    const Verdict verdict = gatekeeper.judge(
        facts, [](Verdict) {}, wait);
    passes = passes && verdict.kind == Verdict::Kind::pass;
  });
  if (!passes) std::puts("the session did not pass: these numbers mean nothing");
  return passes ? 0 : 1;
}
