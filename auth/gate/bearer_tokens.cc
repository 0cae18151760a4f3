#include "auth/gate/bearer_tokens.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "auth/oidc/token_revocation.h"
#include "auth/session/kept_items.h"
#include "auth/session/session_times.h"
#include "auth/visit/wait.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {
namespace {

std::string escaped_without_quotes(const std::string& text) {
  const std::string quoted = nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

// A token was shown, so the challenge is of tokens alone.
void set_bearer_challenge(Verdict& verdict, const BearerError& error = {}) {
  std::erase_if(verdict.answer.headers, [](const auto& header) { return iequals(header.first, "WWW-Authenticate"); });
  verdict.answer.add("WWW-Authenticate", bearer_challenge(error));
}

Verdict bearer_error(const Visit& visit, int status, std::string_view error, std::string_view message) {
  Verdict verdict = answer_verdict(visit, error, make_json_error(status, error, message, visit.facts.request_id));
  set_bearer_challenge(verdict, {error, message});
  return verdict;
}

// RFC 6750 3.1. Which rule broke helps the client's developer and tells an attacker what the specification says anyway.
Verdict invalid_token(const Visit& visit, std::string_view rule, std::string_view message) {
  visit.realm.log.info("an access token was refused",
                       {{"id", visit.facts.request_id}, {"rule", rule}, {"reason", message}});
  return bearer_error(visit, 401, "invalid_token", message);
}

Verdict refused(const Visit& visit, const AccessTokenFailure& failure) {
  if (failure.kind == AccessTokenFailure::Kind::rejected) return invalid_token(visit, failure.rule, failure.message);
  visit.realm.log.info("an access token could not be judged",
                       {{"id", visit.facts.request_id}, {"rule", failure.rule}, {"reason", failure.message}});
  return answer_verdict(visit, "unavailable", make_status_json(503, visit.facts.request_id));
}

// Scopes that would do, told where they are what is missing: alone, or as one of several rules.
void collect_scopes(const Requirement& requirement, std::vector<std::string>& scopes) {
  if (requirement.kind == Requirement::Kind::scopes) {
    scopes.insert(scopes.end(), requirement.any_of.begin(), requirement.any_of.end());
  }
  if (requirement.kind == Requirement::Kind::none) return;
  for (const Requirement& child : requirement.children) collect_scopes(child, scopes);
}

void explain_refusal(const Visit& visit, Verdict& verdict) {
  if (verdict.kind != Verdict::Kind::answer || verdict.decision != "forbidden") return;
  const std::optional<Principal> who = visit.principal();
  std::vector<std::string> scopes;
  const Authorization authorization = authorize(*visit.facts.route, who ? &*who : nullptr, visit.now_s);
  for (const Requirement* missing : authorization.missing) collect_scopes(*missing, scopes);
  if (scopes.empty()) return;
  verdict.decision = "insufficient_scope";
  set_bearer_challenge(verdict, {"insufficient_scope", "the token lacks a scope", std::move(scopes)});
}

}  // namespace

BearerTokens::BearerTokens(Realm& realm)
    : realm_(realm), known_(static_cast<std::size_t>(realm.settings->bearer.max_cached)) {}

Verdict BearerTokens::judge(const Visit& visit, const BearerField& field, JudgeVisit judge, Waiting waiting) {
  if (field.kind == BearerField::Kind::malformed) {
    return bearer_error(visit, 400, "invalid_request", "expected one Authorization field with one bearer token");
  }
  if (field.token.size() > kMaxAccessTokenBytes) return invalid_token(visit, "form", "the token is too long");
  std::string hash = sha256(field.token);
  if (Known* known = find(hash, visit.now_s)) return pass_on(visit, *known, judge, std::move(waiting));
  if (looks_like_jwt(field.token)) {
    const auto claimed = read_access_token(field.token, visit.settings(), visit.now_s);
    if (!claimed) return invalid_token(visit, claimed.error().rule, claimed.error().message);
  } else if (!visit.settings().bearer.introspection) {
    return invalid_token(visit, "form", "the token is no JWT");
  }
  if (!realm_.strangers.may_try(visit.facts.counted_client())) return too_many_verdict();
  if (!realm_.auth || realm_.auth->access_tokens() == nullptr) {
    return refused(visit, {AccessTokenFailure::Kind::unavailable, "auth", "nobody can judge it"});
  }
  return judge_unknown(visit, std::move(hash), Secret(std::string(field.token)), std::move(judge), std::move(waiting));
}

Verdict BearerTokens::judge_unknown(const Visit& visit, std::string hash, Secret token, JudgeVisit judge,
                                    Waiting waiting) {
  const auto ask = [&token](const Visit& asking, auto answer) {
    return asking.realm.auth->access_tokens()->judge(asking.loop, asking.on_behalf(), std::move(token),
                                                     std::move(answer));
  };
  auto judge_token = [this, hash = std::move(hash), judge = std::move(judge)](
                         const Visit& judged, const AccessTokenQuestions::Outcome& outcome, Waiting later) {
    return take(judged, hash, outcome, judge, std::move(later));
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge_token));
}

BearerTokens::Known* BearerTokens::find(const std::string& hash, std::int64_t now_s) {
  Known* known = known_.find(hash);
  if (known == nullptr) return nullptr;
  const AccessTokenQuestions* asked = realm_.auth ? realm_.auth->access_tokens() : nullptr;
  const bool holds =
      now_s < known->opened->token->trusted_until_s && asked != nullptr && known->keys_version == asked->keys_version();
  if (holds) return known;
  known_.erase(hash);
  return nullptr;
}

// In the form of a session, for rules, headers and logs.
std::shared_ptr<const OpenedSession> BearerTokens::open(const std::string& hash, AcceptedToken accepted) const {
  const AccessToken& token = *accepted.token;
  auto opened = std::make_shared<OpenedSession>();
  Session& session = opened->session;
  session.id = hash.substr(0, kSessionIdBytes);
  session.sub = token.sub;
  session.sid = token.sid;
  session.claims = token.claims;
  if (!realm_.settings->session.kept_items.empty()) drop_other_items(*session.claims, realm_.settings->session);
  session.signed_in_at_ms = token.issued_at_s * 1000;
  session.authenticated_at_s = token.authenticated_at_s;
  session.tokens_expire_at_s = token.expires_at_s;
  opened->revocation_keys = revocation_keys(realm_.settings->realm, session.id, session.sid, session.sub);
  opened->log_sub = escaped_without_quotes(session.sub);
  opened->token = std::move(accepted.token);
  return opened;
}

// Logto's users only: the same sub of another issuer is somebody else.
bool BearerTokens::is_revoked(const OpenedSession& opened) const {
  return opened.token->is_from_logto() &&
         realm_.revocations.is_revoked(opened.revocation_keys, opened.session.signed_in_at_ms);
}

// One comparison while nothing was revoked since the last look.
bool BearerTokens::is_revoked(Known& known) const {
  const std::uint64_t version = realm_.revocations.version();
  if (known.unrevoked_at_version == version) return false;
  if (is_revoked(*known.opened)) return true;
  known.unrevoked_at_version = version;
  return false;
}

Verdict BearerTokens::take(Visit visit, const std::string& hash, const AccessTokenQuestions::Outcome& outcome,
                           const JudgeVisit& judge, Waiting waiting) {
  if (!outcome && outcome.error().kind == AccessTokenFailure::Kind::rejected)
    realm_.strangers.was_false(visit.facts.counted_client());
  if (!outcome) return refused(visit, outcome.error());
  Known known{open(hash, *outcome), outcome->keys_version, 0};
  const std::int64_t ago_s = visit.now_s - known.opened->token->expires_at_s;
  if (ago_s >= 0)
    return invalid_token(visit, "exp", "the token " + token_rules::expired_text(static_cast<double>(ago_s)));
  if (visit.now_s >= known.opened->token->trusted_until_s) {
    return pass_on(std::move(visit), known, judge, std::move(waiting));
  }
  return pass_on(std::move(visit), known_.put(hash, std::move(known)), judge, std::move(waiting));
}

Verdict BearerTokens::pass_on(Visit visit, Known& known, const JudgeVisit& judge, Waiting waiting) const {
  // Threat O41: what one route accepts says nothing of another one.
  if (!access_token_is_for(*known.opened->token, *visit.facts.route, visit.settings())) {
    return invalid_token(visit, "aud", "the token is for another audience");
  }
  if (is_revoked(known)) return invalid_token(visit, "revoked", "the token has been revoked");
  visit.session.opened = known.opened;
  visit.session.age = SessionAge::fresh;
  Verdict verdict = judge(visit, std::move(waiting));
  explain_refusal(visit, verdict);
  return verdict;
}

bool BearerTokens::is_over(const OpenedSession& opened, std::int64_t now_s) const {
  return now_s >= opened.token->expires_at_s || is_revoked(opened);
}

Verdict token_missing_verdict(const Visit& visit) {
  Verdict verdict = answer_verdict(
      visit, "unauthenticated",
      make_json_error(401, "unauthenticated", "Send an access token: Authorization: Bearer.", visit.facts.request_id));
  set_bearer_challenge(verdict);
  return verdict;
}

}  // namespace lp
