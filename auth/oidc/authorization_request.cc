#include "auth/oidc/authorization_request.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "auth/oidc/ui_locales.h"
#include "auth/oidc/url_query.h"
#include "base/check.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/url.h"

namespace lp {
namespace {

constexpr std::string_view kOfflineAccess = "offline_access";
constexpr std::string_view kMaxAge = "max_age";
constexpr std::size_t kMaxExtraBytes = 1024;

template <class Container>
bool holds(const Container& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& word : list) out += (out.empty() ? "" : " ") + word;
  return out;
}

bool wants_offline_access(const LogtoSettings& logto) {
  if (logto.refresh == RefreshMode::off) return false;
  return logto.refresh == RefreshMode::offline_access || holds(logto.scopes, kOfflineAccess);
}

// openid first, each once.
std::string scope_of(const LogtoSettings& logto, const AppTokenNeeds& needs, bool offline_access) {
  std::vector<std::string> scopes = {"openid"};
  for (const auto* list : {&logto.scopes, &needs.scopes}) {
    for (const std::string& scope : *list) {
      if (scope != kOfflineAccess && !holds(scopes, scope)) scopes.push_back(scope);
    }
  }
  if (offline_access) scopes.emplace_back(kOfflineAccess);
  return joined(scopes);
}

// `none` stands alone (OIDC Core 3.1.2.1); offline_access needs `consent`, else Logto drops it without a word.
std::string prompt_of(const SignInSettings& sign_in, const PendingSignIn& pending, bool offline_access) {
  std::vector<std::string> asked = words_of(sign_in.prompt.value_or(""));
  if (pending.proof_asked == ProofAsked::password) asked = {"login"};
  if (pending.silent || (asked.size() == 1 && asked[0] == "none")) return "none";
  std::vector<std::string> prompt;
  if (holds(asked, "login")) prompt.emplace_back("login");
  if (holds(asked, "consent") || offline_access) prompt.emplace_back("consent");
  return joined(prompt);
}

constexpr std::array<std::string_view, 6> kFirstScreens = {
    "sign_in", "register", "reset_password", "identifier:sign_in", "identifier:register", "single_sign_on"};

bool is_locales(std::string_view text) {
  const auto tags = words_of(text);
  return !tags.empty() &&
         std::all_of(tags.begin(), tags.end(), [](const std::string& tag) { return is_language_tag(tag); });
}

bool is_identifiers(std::string_view text) {
  const auto list = words_of(text);
  return !list.empty() && std::all_of(list.begin(), list.end(), [](const std::string& one) {
    return one == "username" || one == "email" || one == "phone";
  });
}

bool is_digits(std::string_view text) {
  return text.size() <= 9 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Parameters that are ours to say or that would change what comes back; never overridden by `extra`.
constexpr std::array<std::string_view, 22> kReserved = {
    "client_id",  "resource",       "client_secret", "redirect_uri", "response_type",  "response_mode",
    "scope",      "state",          "nonce",         "code",         "code_challenge", "prompt",
    "ui_locales", "direct_sign_in", "first_screen",  "request",      "request_uri",    "code_challenge_method",
    "claims",     "registration",   "id_token_hint", "iss"};

// Logto fact 12: what Logto would refuse is left out, so that it doesn't take the other parameters with it.
bool is_valid_extra(const std::string& name, const std::string& value) {
  if (value.empty() || value.size() > kMaxExtraBytes || holds(kReserved, name)) return false;
  if (name == "identifier") return is_identifiers(value);
  if (name == "interaction_mode") return value == "signIn" || value == "signUp";
  return name != kMaxAge || is_digits(value);
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

bool is_plain_text(std::string_view text) {
  return !text.empty() && text.size() <= kMaxExtraBytes && is_valid_utf8(text) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

void add_sign_in_parameters(FormPairs& parameters, const SignInSettings& sign_in, std::string_view accept_language) {
  const std::string locales = sign_in.ui_locales ? *sign_in.ui_locales : ui_locales_from(accept_language);
  if (is_locales(locales)) parameters.emplace_back("ui_locales", joined(words_of(locales)));
  if (sign_in.with && is_valid_with(*sign_in.with)) parameters.emplace_back("direct_sign_in", *sign_in.with);
  if (sign_in.first_screen && holds(kFirstScreens, *sign_in.first_screen)) {
    parameters.emplace_back("first_screen", *sign_in.first_screen);
  }
  for (const auto& [name, value] : sign_in.extra) {
    if (name != kMaxAge && is_valid_extra(name, value)) parameters.emplace_back(name, value);
  }
}

template <class T>
void override_with(std::optional<T>& value, const std::optional<T>& other) {
  if (other) value = other;
}

std::optional<std::int64_t> max_age_in_extra(const SignInSettings& sign_in) {
  const auto found = sign_in.extra.find(std::string(kMaxAge));
  if (found == sign_in.extra.end() || !is_valid_extra(found->first, found->second)) return std::nullopt;
  return std::stoll(found->second);
}

// The smaller one of what must be proved and of how long ago the end was: whoever has proved it since is not asked.
std::int64_t max_age_of(const PendingSignIn& pending) {
  if (pending.proof_asked == ProofAsked::nothing) return pending.max_age_s;
  const std::int64_t since_end_s = std::max<std::int64_t>(pending.made_at_s - pending.ended_at_ms / 1000 - 1, 0);
  return pending.max_age_s == kNoMaxAge ? since_end_s : std::min(pending.max_age_s, since_end_s);
}

}  // namespace

PendingSignIn make_pending(std::string_view random_96_bytes, std::string return_to, std::string redirect_uri,
                           std::int64_t now_s) {
  LP_CHECK(random_96_bytes.size() == 96, "a sign-in needs 96 random bytes");
  PendingSignIn pending;
  pending.state = Secret(base64url_encode(random_96_bytes.substr(0, 32)));
  pending.nonce = Secret(base64url_encode(random_96_bytes.substr(32, 32)));
  pending.code_verifier = Secret(base64url_encode(random_96_bytes.substr(64, 32)));  // RFC 7636 4.1: 43 characters
  pending.return_to = std::move(return_to);
  pending.redirect_uri = std::move(redirect_uri);
  pending.made_at_s = now_s;
  return pending;
}

std::string code_challenge_s256(std::string_view code_verifier) { return base64url_encode(sha256(code_verifier)); }

SignInSettings effective_sign_in(const SignInSettings& defaults, const SignInSettings& route) {
  SignInSettings effective = defaults;
  override_with(effective.with, route.with);
  override_with(effective.first_screen, route.first_screen);
  override_with(effective.prompt, route.prompt);
  override_with(effective.ui_locales, route.ui_locales);
  override_with(effective.keep_fragment, route.keep_fragment);
  if (route.with) effective.choose.reset();  // the nearer word on the way
  if (route.choose.value_or(false) && !route.with) effective.with.reset();
  override_with(effective.choose, route.choose);
  for (const auto& [name, value] : route.extra) effective.extra[name] = value;
  return effective;
}

bool is_valid_with(std::string_view with) {
  const std::size_t colon = with.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view kind = with.substr(0, colon);
  const std::string_view target = with.substr(colon + 1);
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return (kind == "social" || kind == "sso") && !target.empty() && target.size() <= 128 &&
         std::all_of(target.begin(), target.end(), fits);
}

bool is_valid_link_parameter(std::string_view name, std::string_view value) {
  if (name == "login_hint") return is_plain_text(value);
  if (name == "ui_locales") return value.size() <= kMaxExtraBytes && is_locales(value);
  if (name == "first_screen") return holds(kFirstScreens, value);
  if (name == "identifier") return value.size() <= kMaxExtraBytes && is_identifiers(value);
  return (name == "one_time_token" || name == "organization_id") && is_id(value);
}

SignInTerms sign_in_terms(const SignInSettings& defaults, const SignInSettings& over, const SignInReason& why) {
  SignInTerms terms{effective_sign_in(defaults, over)};
  if (why.step_up && terms.settings.prompt == "none") terms.settings.prompt.reset();
  for (const auto& max_age_s : {why.route_max_age_s, why.decided_max_age_s, max_age_in_extra(terms.settings)}) {
    if (!max_age_s) continue;
    terms.max_age_s = terms.max_age_s == kNoMaxAge ? *max_age_s : std::min(terms.max_age_s, *max_age_s);
  }
  return terms;
}

std::string authorization_url(const ProviderMetadata& metadata, const LogtoSettings& logto,
                              const SignInSettings& sign_in, const PendingSignIn& pending,
                              std::string_view accept_language, const AppTokenNeeds& needs) {
  const bool offline_access = wants_offline_access(logto);
  FormPairs parameters = {{"client_id", logto.app_id},
                          {"redirect_uri", pending.redirect_uri},
                          {"response_type", "code"},
                          {"scope", scope_of(logto, needs, offline_access)},
                          {"state", std::string(pending.state.reveal())},
                          {"nonce", std::string(pending.nonce.reveal())},
                          {"code_challenge", code_challenge_s256(pending.code_verifier.reveal())},
                          {"code_challenge_method", "S256"}};
  for (const std::string& resource : needs.resources) parameters.emplace_back("resource", resource);
  const std::string prompt = prompt_of(sign_in, pending, offline_access);
  if (!prompt.empty()) parameters.emplace_back("prompt", prompt);
  const std::int64_t max_age_s = max_age_of(pending);
  if (max_age_s != kNoMaxAge) parameters.emplace_back(kMaxAge, std::to_string(max_age_s));
  if (!pending.silent) add_sign_in_parameters(parameters, sign_in, accept_language);
  if (!pending.one_time_token.empty())
    parameters.emplace_back("one_time_token", std::string(pending.one_time_token.reveal()));
  return with_query(metadata.authorization_endpoint, parameters);
}

}  // namespace lp
