#include "auth/session/refreshed.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "auth/cookies/cbor_members.h"

namespace lp {
namespace {

using nlohmann::json;
using Kind = RefreshFailure::Kind;

constexpr int kRefreshedVersion = 1;
constexpr std::size_t kRefreshedMembers = 7;

}  // namespace

Session with_refreshed(Session session, const Refreshed& refreshed) {
  session.claims = refreshed.claims;
  session.refresh_token = refreshed.refresh_token;
  if (!refreshed.sid.empty()) session.sid = refreshed.sid;
  session.tokens_expire_at_s = refreshed.tokens_expire_at_s;
  session.validated_at_s = refreshed.validated_at_s;
  session.generation = std::max(session.generation, refreshed.generation);
  return session;
}

Session with_successor(Session session, const Secret& refresh_token) {
  session.refresh_token = refresh_token;
  return session;
}

std::shared_ptr<const Refreshed> with_new_token(const Session& session, const Secret& refresh_token) {
  auto same = std::make_shared<Refreshed>();
  same->claims = session.claims;
  same->refresh_token = refresh_token;
  same->sid = session.sid;
  same->tokens_expire_at_s = session.tokens_expire_at_s;
  same->validated_at_s = session.validated_at_s;
  same->generation = session.generation;
  return same;
}

bool says_more(const Refreshed& refreshed, const Session& than) {
  return refreshed.validated_at_s > than.validated_at_s || refreshed.generation > than.generation;
}

std::string encode_refreshed(const Refreshed& refreshed) {
  return write_members(
      json::array({kRefreshedVersion, *refreshed.claims, std::string(refreshed.refresh_token.reveal()), refreshed.sid,
                   refreshed.tokens_expire_at_s, refreshed.validated_at_s, refreshed.generation}));
}

Result<Refreshed> decode_refreshed(std::string_view bytes) {
  std::optional<json> members = read_members(bytes, kMaxSessionBytes, kRefreshedVersion, kRefreshedMembers);
  if (!members) return fail("not the outcome of a refresh of this version");
  json& m = *members;
  Refreshed refreshed;
  const bool complete = m[1].is_object() && take_member(m[2], refreshed.refresh_token) &&
                        take_member(m[3], refreshed.sid) && take_time(m[4], refreshed.tokens_expire_at_s) &&
                        take_time(m[5], refreshed.validated_at_s) && take_member(m[6], refreshed.generation);
  if (!complete) return fail("the outcome of a refresh with a member of the wrong type");
  refreshed.claims = std::move(m[1]);
  return refreshed;
}

std::int64_t tokens_expire_at_s(const json& id_token_claims, const TokenSet& tokens, std::int64_t now_s) {
  // judge_id_token has seen that exp is a number in range.
  std::int64_t until = static_cast<std::int64_t>(id_token_claims.at("exp").get<double>());
  if (tokens.expires_in_s > 0) until = std::min(until, now_s + tokens.expires_in_s);
  return std::max(until, now_s + 1);  // by a clock that is ahead of Logto's all would be over before it began
}

RefreshFailure refresh_failure(const TokenError& error) {
  switch (error.kind) {
    case TokenError::Kind::invalid_grant:
      return {Kind::ended, "invalid_grant", error.message, {}};
    case TokenError::Kind::access_denied:
      return {Kind::ended, "access_denied", error.message, {}};
    case TokenError::Kind::client_credentials:
      return {Kind::client_credentials, "client_credentials", error.message, {}};
    case TokenError::Kind::provider_unavailable:
      return {Kind::unavailable, "provider_unavailable", error.message, {}};
    case TokenError::Kind::not_for_audience:
    case TokenError::Kind::protocol:
      break;
  }
  return {Kind::unavailable, "token_reply", error.message, {}};
}

RefreshFailure grant_failure(const TokenError& error) {
  if (error.kind == TokenError::Kind::access_denied) return {Kind::refused, "access_denied", error.message, {}};
  if (error.kind == TokenError::Kind::not_for_audience) return {Kind::refused, "not_granted", error.message, {}};
  return refresh_failure(error);
}

}  // namespace lp
