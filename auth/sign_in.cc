#include "auth/sign_in.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "auth/authorization_request.h"
#include "auth/loop_stop.h"
#include "auth/return_to.h"
#include "auth/sign_in_state.h"
#include "base/crypto.h"

namespace lp {
namespace {

using MetadataResult = Result<std::shared_ptr<const ProviderMetadata>>;

// --- sending the browser there ---

PendingSignIn make_attempt(const Visit& visit, const SignInStart& start) {
  PendingSignIn pending = make_pending(random_bytes(96), start.return_to, visit.own_url("callback"), visit.now_s);
  const SignInState state{visit.now_s, start.fresh_start, start.route, start.return_to};
  pending.state = Secret(make_state(state, visit.realm.keyring()->state_sealer, random_bytes(kXaesNonceBytes)));
  pending.silent = start.silent;
  return pending;
}

// A target that leaves no room for the rest of the cookie is given up: signing in goes before coming back there.
std::string write_attempt(const Visit& visit, PendingSignIn& pending) {
  std::string cookie = visit.cookies.write_pending(pending);
  if (!cookie.empty()) return cookie;
  pending.return_to = "/";
  return visit.cookies.write_pending(pending);
}

Verdict redirect_to_logto(const Visit& visit, const SignInStart& start, const ProviderMetadata& metadata) {
  const LogtoSettings& logto = visit.settings().logto;
  PendingSignIn pending = make_attempt(visit, start);
  std::string cookie = write_attempt(visit, pending);
  const SignInSettings sign_in = effective_sign_in(logto.sign_in, start.sign_in);
  Verdict verdict =
      redirect_verdict(visit, start.decision,
                       authorization_url(metadata, logto, sign_in, pending, visit.fields().get("Accept-Language")));
  const std::string& prefix = visit.cookies.names().pending_prefix;
  append_cookies(verdict, visit.cookies.remove_pending(evict_pending(
                              visit.fields(), prefix, visit.realm.keyring()->pending_sealer, visit.now_s)));
  verdict.set_cookies.push_back(std::move(cookie));
  return verdict;
}

Verdict without_logto(const Visit& visit, SignInStart& start) {
  visit.realm.log.warning("Logto is needed and cannot be asked",
                          {{"id", visit.facts.request_id}, {"phase", start.silent ? "revalidate" : "sign_in"}});
  return start.otherwise ? std::move(*start.otherwise) : status_verdict(visit, start.decision, 503);
}

// Waits for Logto's metadata, then redirects.
class MetadataWait final : public Gatekeeper::Wait {
 public:
  MetadataWait(const Visit& visit, SignInStart start, Gatekeeper::Later later)
      : visit_(visit), start_(std::move(start)), later_(std::move(later)) {
    question_ = visit_.realm.auth->need_metadata(visit_.loop, [this](MetadataResult result) { finish(result); });
  }

 private:
  void finish(const MetadataResult& result) {
    visit_.loop.defer_delete(std::move(question_));  // its callback is on the stack, and `later` may drop this
    const Gatekeeper::Later later = std::move(later_);
    later(result ? redirect_to_logto(visit_, start_, **result) : without_logto(visit_, start_));
  }

  Visit visit_;
  SignInStart start_;
  Gatekeeper::Later later_;
  std::unique_ptr<AuthQuestions::Question> question_;
};

// --- the endpoints ---

// Parameters of our own endpoints. Any other is ignored: nobody steers the authorization request from outside
// (attacks.md O29). One of ours sent twice is refused.
struct SignInQuery {
  std::optional<std::string> return_to;
  std::optional<std::string> with;
  std::optional<std::string> prompt;
  std::optional<std::string> route;
};

std::optional<SignInQuery> parse_sign_in_query(std::string_view query) {
  const Result<FormPairs> pairs = parse_form(query);
  if (!pairs) return std::nullopt;
  SignInQuery parsed;
  struct Parameter {
    std::string_view name;
    std::optional<std::string>* value;
  };
  const Parameter known[] = {
      {"return_to", &parsed.return_to}, {"with", &parsed.with}, {"prompt", &parsed.prompt}, {"route", &parsed.route}};
  for (const auto& [name, value] : *pairs) {
    for (const Parameter& parameter : known) {
      if (parameter.name != name) continue;
      if (parameter.value->has_value()) return std::nullopt;
      *parameter.value = value;
    }
  }
  if (parsed.with && !is_valid_with(*parsed.with)) return std::nullopt;
  return parsed;
}

int route_index(const std::optional<std::string>& text) {
  int index = 0;
  if (!text || text->empty() || text->size() > 6) return 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), index);
  return error == std::errc() && end == text->data() + text->size() ? index : 0;
}

SignInStart requested_start(const Visit& visit, const SignInQuery& query) {
  SignInStart start;
  start.return_to =
      vet_return_to(query.return_to.value_or("/"), *visit.facts.external, visit.settings().auth_prefix).value_or("/");
  start.route = route_index(query.route);
  start.sign_in = sign_in_settings_of_route(visit.settings(), start.route);
  if (query.with) start.sign_in.with = query.with;
  if (query.prompt == "login") start.sign_in.prompt = "login";  // another account, though Logto's session lives
  return start;
}

bool has_nothing_to_do(const Visit& visit, const SignInQuery& query) {
  return visit.signed_in() != nullptr && !query.with && query.prompt != "login";
}

Verdict sign_in_on_request(const Visit& visit, std::optional<std::string> first_screen, Waiting waiting) {
  const std::optional<SignInQuery> query = parse_sign_in_query(visit.facts.query);
  if (!query) return status_verdict(visit, "own", 400);
  SignInStart start = requested_start(visit, *query);
  if (has_nothing_to_do(visit, *query)) return redirect_verdict(visit, "own", start.return_to);
  if (!visit.may_start_sign_in()) return unauthenticated_verdict(visit, "own");
  if (first_screen) start.sign_in.first_screen = std::move(first_screen);
  return start_sign_in(visit, std::move(start), std::move(waiting));
}

}  // namespace

SignInSettings sign_in_settings_of_route(const Settings& settings, int route) {
  const auto found = std::find_if(settings.routes.begin(), settings.routes.end(),
                                  [&](const RouteSettings& r) { return r.index == route && route > 0; });
  return found == settings.routes.end() ? SignInSettings{} : found->sign_in;
}

Verdict start_sign_in(const Visit& visit, SignInStart start, Waiting waiting) {
  if (!start.silent) {
    if (std::optional<Verdict> stopped = stop_loop(visit, start.return_to, start.route)) return std::move(*stopped);
  }
  if (!visit.realm.auth) return without_logto(visit, start);
  if (const auto metadata = visit.realm.auth->metadata()) return redirect_to_logto(visit, start, *metadata);
  waiting.wait = std::make_unique<MetadataWait>(visit, std::move(start), std::move(waiting.later));
  Verdict verdict;
  verdict.kind = Verdict::Kind::wait;
  return verdict;
}

Verdict handle_sign_in(const Visit& visit, Waiting waiting) {
  return sign_in_on_request(visit, std::nullopt, std::move(waiting));
}

Verdict handle_sign_up(const Visit& visit, Waiting waiting) {
  return sign_in_on_request(visit, "register", std::move(waiting));
}

}  // namespace lp
