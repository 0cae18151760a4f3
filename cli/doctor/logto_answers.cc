#include "cli/doctor/logto_answers.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "auth/jose/json_strict.h"
#include "auth/jose/jwks.h"
#include "auth/oidc/discovery.h"
#include "auth/oidc/sign_in_ways.h"
#include "base/url.h"
#include "config/claims.h"
#include "config/requirement.h"

namespace lp {
namespace {

using nlohmann::json;
using Level = DoctorFinding::Level;

constexpr std::size_t kMaxAnswerBytes = 1 << 20;

// What an error of Logto says, in JSON or in the query of a redirect.
struct AnswerError {
  std::string error;        // "invalid_grant"
  std::string code;         // "oidc.invalid_redirect_uri"
  std::string description;  // at most 200 bytes
};

std::string member(const json& object, const char* name) {
  const std::string* text = object.is_object() ? string_member(object, name) : nullptr;
  return text == nullptr ? "" : text->substr(0, 200);
}

AnswerError error_in_body(const ProviderReply& reply) {
  const auto body = parse_json_strict(reply.body, kMaxAnswerBytes);
  if (!body) return {};
  return {member(*body, "error"), member(*body, "code"), member(*body, "error_description")};
}

bool is_redirect(const ProviderReply& reply) { return reply.status >= 300 && reply.status < 400; }

AnswerError error_in_location(const ProviderReply& reply) {
  const std::size_t query = reply.location.find('?');
  if (query == std::string::npos) return {};
  AnswerError found;
  const auto pairs = parse_form(std::string_view(reply.location).substr(query + 1));
  if (!pairs) return {};
  for (const auto& [name, value] : *pairs) {
    if (name == "error") found.error = value.substr(0, 200);
    if (name == "error_description") found.description = value.substr(0, 200);
  }
  return found;
}

std::string evidence_of(const ProviderReply& reply, const AnswerError& error) {
  std::string text = what_came(reply);
  const std::string& name = error.code.empty() ? error.error : error.code;
  if (!name.empty()) text += ": " + name;
  if (!error.description.empty()) text += ", " + error.description;
  return text;
}

bool is_about(const AnswerError& error, std::string_view what) {
  return error.error.find(what) != std::string::npos || error.code.find(what) != std::string::npos;
}

DoctorFinding unknown_application(const char* check, const std::string& evidence) {
  return {Level::failure, check, "Logto does not know the application", "compare logto.app_id with Logto's Console",
          evidence};
}

}  // namespace

std::string what_came(const ProviderReply& reply) {
  return "it answered " + std::to_string(reply.status) + ", " +
         (reply.content_type.empty() ? "no type" : reply.content_type.substr(0, 100));
}

DoctorFinding judge_discovery_answer(const ProviderReply& reply, const std::string& where, const LogtoSettings& logto) {
  const auto judged = judge_discovery(reply.body, logto);
  if (reply.status == 200 && judged)
    return {Level::ok, "discovery", "Logto answers at " + where + ", issuer " + judged->issuer};
  const std::string mend = "see logto.endpoint, and logto.connect_to where this machine reaches it elsewhere";
  const auto document = parse_json_strict(reply.body, kMaxAnswerBytes);
  const bool is_of_logto = reply.status == 200 && document && !member(*document, "issuer").empty();
  if (!is_of_logto)
    return {Level::failure, "discovery", "is this Logto? " + where, mend,
            what_came(reply) + (judged ? "" : ": " + judged.error().message)};
  return {Level::failure, "discovery",
          "Logto at " + where + " is not that of logto.endpoint: " + judged.error().message,
          "make logto.endpoint what Logto's ENDPOINT (or the custom domain) is, byte for byte"};
}

DoctorFinding judge_keys_answer(const ProviderReply& reply, const std::string& url) {
  const auto keys = Jwks::parse(reply.body);
  if (reply.status != 200 || !keys)
    return {Level::failure, "keys", "the key set at " + url + " cannot be used",
            "see what stands between this machine and Logto",
            what_came(reply) + (keys ? "" : ": " + keys.error().message)};
  return {Level::ok, "keys",
          "the key set has " + std::to_string(keys->size()) + (keys->size() == 1 ? " key" : " keys")};
}

// Tokens are judged by our clock with a minute's leeway (auth/oidc/token_rules.h).
std::vector<DoctorFinding> judge_clock(std::int64_t date_s, std::int64_t asked_s, std::int64_t answered_s) {
  constexpr std::int64_t kTolerableS = 10;
  constexpr std::int64_t kLeewayS = 60;
  if (date_s == 0) return {};
  const std::int64_t apart = date_s < asked_s - 1 ? date_s - asked_s : std::max<std::int64_t>(date_s - answered_s, 0);
  const std::string seconds = std::to_string(std::abs(apart)) + " s " + (apart < 0 ? "behind" : "ahead of");
  if (std::abs(apart) <= kTolerableS) return {{Level::ok, "clock", "Logto's clock and this machine's agree"}};
  return {{std::abs(apart) > kLeewayS ? Level::failure : Level::warning, "clock",
           "Logto's clock is " + seconds + " this machine's",
           "set both by NTP: tokens from the future or the past are refused"}};
}

DoctorFinding judge_secret_answer(const ProviderReply& reply, const std::string& key) {
  const AnswerError error = error_in_body(reply);
  const std::string evidence = evidence_of(reply, error);
  if (error.error == "invalid_grant") return {Level::ok, "app_secret", "Logto takes " + key};
  if (error.error == "invalid_client" && reply.status == 401)
    return {Level::failure, "app_secret", "Logto refuses " + key,
            "compare it with the application's secrets in Logto's Console", evidence};
  if (error.error == "invalid_client") return unknown_application("app_id", evidence);
  if (error.description.find("expired") != std::string::npos)
    return {Level::failure, "app_secret", key + " has expired",
            "make a new secret for the application in Logto's Console, and put it there", evidence};
  if (error.description.find("grant type") != std::string::npos)
    return {Level::failure, "app_id", "the application does not sign people in",
            "logto.app_id must be of a traditional web application, not of a machine-to-machine one", evidence};
  return {Level::warning, "app_secret", "whether Logto takes " + key + " cannot be said",
          "see Logto's log, and what stands between", evidence};
}

DoctorFinding judge_redirect_answer(const ProviderReply& reply, const std::string& uri, const std::string& app_id) {
  const AnswerError error = is_redirect(reply) ? error_in_location(reply) : error_in_body(reply);
  const std::string evidence = evidence_of(reply, error);
  const bool is_ready = is_redirect(reply) && (error.error.empty() || error.error.ends_with("_required"));
  if (is_ready) return {Level::ok, "redirect_uri", "Logto takes the redirect URI " + uri};
  if (is_about(error, "redirect_uri"))
    return {Level::failure, "redirect_uri", "Logto does not know the redirect URI " + uri,
            "add it to the application's redirect URIs in Logto, byte for byte", evidence};
  if (is_about(error, "invalid_client")) {
    DoctorFinding finding = unknown_application("app_id", evidence);
    finding.what += " " + app_id;
    return finding;
  }
  return {Level::warning, "redirect_uri", "a sign-in to " + uri + " does not begin",
          "see logto.sign_in and the application in Logto", evidence};
}

DoctorFinding judge_resource_answer(const ProviderReply& reply, const std::string& resource,
                                    const std::string& routes) {
  const AnswerError error = is_redirect(reply) ? error_in_location(reply) : error_in_body(reply);
  if (is_redirect(reply) && (error.error.empty() || error.error.ends_with("_required")))
    return {Level::ok, "resource", "Logto knows the API resource " + resource};
  if (error.error == "invalid_target")
    return {Level::failure, "resource",
            "Logto does not know the API resource " + resource + ", which " + routes + " need",
            "make an API resource with that identifier, byte for byte", evidence_of(reply, error)};
  return {Level::warning, "resource", "whether Logto knows the API resource " + resource + " cannot be said",
          "mend the sign-in first", evidence_of(reply, error)};
}

DoctorFinding judge_sign_out_answer(const ProviderReply& reply, const std::string& uri) {
  const AnswerError error = error_in_body(reply);
  if (reply.status == 200 || is_redirect(reply))
    return {Level::ok, "post_logout_uri", "Logto takes the post sign-out redirect URI " + uri};
  const bool is_unknown = error.description.find("post_logout_redirect_uri") != std::string::npos;
  if (is_unknown)
    return {Level::failure, "post_logout_uri", "Logto does not know the post sign-out redirect URI " + uri,
            "add it to the application's post sign-out redirect URIs in Logto, byte for byte: whoever signs out would "
            "end at an error",
            evidence_of(reply, error)};
  return {Level::warning, "post_logout_uri", "a sign-out to " + uri + " does not begin",
          "compare logto.app_id, and see Logto's log", evidence_of(reply, error)};
}

std::vector<WantedConnector> wanted_connectors(const Settings& settings) {
  std::vector<WantedConnector> all;
  const auto add = [&](const std::string& with, const std::string& where) {
    const auto same = [&](const WantedConnector& one) { return one.with == with; };
    if (std::none_of(all.begin(), all.end(), same)) all.push_back({with, where});
  };
  if (settings.logto.sign_in.with) add(*settings.logto.sign_in.with, "logto.sign_in.with");
  for (const RouteSettings& route : settings.routes) {
    const std::string key = "routes[" + std::to_string(route.index) + "]";
    if (route.sign_in.with) add(*route.sign_in.with, key + ".sign_in.with");
    for_each_requirement(route.require, [&](const Requirement& rule) {
      if (rule.kind == Requirement::Kind::patreon) add("social:" + settings.patreon.connector, key + ".require");
      if (rule.kind != Requirement::Kind::social) return;
      for (const std::string& target : rule.any_of) add("social:" + target, key + ".require");
    });
  }
  // "identities.linkedin.userId" of a rule or a header.
  constexpr std::string_view kOfAccount = "identities.";
  for (const std::string& claim : claims_in_use(settings)) {
    if (!claim.starts_with(kOfAccount)) continue;
    const std::string rest = claim.substr(kOfAccount.size());
    add("social:" + rest.substr(0, rest.find('.')), "the claim " + claim);
  }
  return all;
}

namespace {

std::vector<std::string> texts_in(const json& document, const char* list, const char* name) {
  std::vector<std::string> texts;
  const auto found = document.find(list);
  if (found == document.end() || !found->is_array()) return texts;
  for (const json& entry : *found) texts.push_back(member(entry, name));
  return texts;
}

std::string joined_texts(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all.empty() ? "none" : all;
}

DoctorFinding judge_connector(const json& document, const WantedConnector& wanted) {
  const bool is_social = wanted.with.starts_with("social:");
  const std::string name = wanted.with.substr(wanted.with.find(':') + 1);
  const auto enabled =
      is_social ? texts_in(document, "socialConnectors", "target") : texts_in(document, "ssoConnectors", "id");
  const std::string what = (is_social ? "the social connector " : "the enterprise connector ") + name;
  if (std::find(enabled.begin(), enabled.end(), name) != enabled.end())
    return {Level::ok, "connector", what + " is enabled"};
  return {
      Level::failure, "connector", what + ", which " + wanted.where + " names, is not enabled in Logto",
      is_social
          ? "add the connector, and enable it in the sign-in experience: people get Logto's first screen instead"
          : "make it in Logto's Console (Enterprise SSO), or correct its id: people get Logto's first screen instead",
      "enabled: " + joined_texts(enabled)};
}

}  // namespace

std::vector<DoctorFinding> judge_sign_in_experience(const ProviderReply& reply,
                                                    const std::vector<WantedConnector>& wanted) {
  if (wanted.empty()) return {};
  const auto document = parse_json_strict(reply.body, kMaxAnswerBytes);
  if (reply.status != 200 || !document || !document->is_object())
    return {{Level::warning, "connector", "which connectors Logto has enabled cannot be said",
             "see what stands before /api/.well-known/sign-in-exp", what_came(reply)}};
  std::vector<DoctorFinding> all;
  for (const WantedConnector& one : wanted) all.push_back(judge_connector(*document, one));
  return all;
}

std::vector<DoctorFinding> judge_sign_in_mode(const ProviderReply& reply) {
  const auto document = parse_json_strict(reply.body, kMaxAnswerBytes);
  const std::string mode = reply.status == 200 && document ? member(*document, "signInMode") : "";
  if (mode == "Register")
    return {{Level::failure, "sign_in_mode", "Logto lets people register, and nobody sign in",
             "turn sign-in on in Logto's Console, Sign-in experience", "signInMode: Register"}};
  if (mode == "SignIn")
    return {{Level::note, "sign_in_mode", "nobody new can make an account at Logto, not even by a social connector",
             "where that is not meant, turn registration on in Logto's Console, Sign-in experience",
             "signInMode: SignIn"}};
  return {};
}

bool shows_ways(const Settings& settings) {
  return settings.logto.sign_in.choose.value_or(false) ||
         std::any_of(settings.routes.begin(), settings.routes.end(),
                     [](const RouteSettings& route) { return route.sign_in.choose.value_or(false); });
}

DoctorFinding judge_ways_shown(const ProviderReply& reply) {
  const auto ways = judge_sign_in_ways(reply);
  if (!ways)
    return {Level::warning, "sign_in_page", "the page that asks how to sign in (sign_in.choose) has one button alone",
            "see what stands before /api/.well-known/sign-in-exp", ways.error().message};
  std::string targets;
  for (const SignInWay& way : ways->social) targets += (targets.empty() ? "" : ", ") + way.target;
  if (targets.empty())
    return {Level::warning, "sign_in_page", "the page that asks how to sign in (sign_in.choose) has nothing to choose",
            "enable social connectors in Logto's sign-in experience, or take choose out", "no social connector"};
  return {Level::ok, "sign_in_page", "the page that asks how to sign in shows " + targets};
}

}  // namespace lp
