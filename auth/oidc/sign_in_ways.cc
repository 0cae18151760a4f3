#include "auth/oidc/sign_in_ways.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "auth/jose/json_strict.h"
#include "auth/oidc/authorization_request.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxLanguageBytes = 16;
constexpr std::size_t kMaxNames = 40;

bool is_name(const json& text) {
  if (!text.is_string()) return false;
  const std::string& name = text.get_ref<const std::string&>();
  return !name.empty() && name.size() <= kMaxWayNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  });
}

// One text, or one for each language.
std::map<std::string, std::string> names_of(const json& connector) {
  std::map<std::string, std::string> names;
  const auto name = connector.find("name");
  if (name == connector.end()) return names;
  if (is_name(*name)) names["en"] = name->get<std::string>();
  if (!name->is_object()) return names;
  for (const auto& [language, text] : name->items()) {
    if (language.size() <= kMaxLanguageBytes && names.size() < kMaxNames && is_name(text))
      names[language] = text.get<std::string>();
  }
  return names;
}

// An SVG as an <img> runs nothing and loads nothing. Nothing but base64 behind the comma, so that the text stays one
// URL wherever a page has it.
bool is_picture(std::string_view uri) {
  constexpr std::string_view kTypes[] = {"data:image/svg+xml;base64,", "data:image/png;base64,",
                                         "data:image/jpeg;base64,", "data:image/webp;base64,",
                                         "data:image/gif;base64,"};
  if (uri.size() > kMaxLogoBytes) return false;
  for (const std::string_view type : kTypes) {
    if (!uri.starts_with(type)) continue;
    const std::string_view data = uri.substr(type.size());
    return !data.empty() && std::all_of(data.begin(), data.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
             c == '=';
    });
  }
  return false;
}

std::string picture(const json& connector, const char* name, std::size_t& room) {
  const std::string* uri = string_member(connector, name);
  if (uri == nullptr || !is_picture(*uri) || uri->size() > room) return {};
  room -= uri->size();
  return *uri;
}

bool has_target(const SignInWays& ways, const std::string& target) {
  return std::any_of(ways.social.begin(), ways.social.end(),
                     [&](const SignInWay& way) { return way.target == target; });
}

void add_social(SignInWays& ways, const json& document) {
  const auto connectors = document.find("socialConnectors");
  if (connectors == document.end() || !connectors->is_array()) return;
  std::size_t room = kMaxLogosBytes;
  for (const json& connector : *connectors) {
    if (!connector.is_object() || ways.social.size() == kMaxSignInWays) continue;
    const std::string* target = string_member(connector, "target");
    const std::string* platform = string_member(connector, "platform");
    const bool is_native = platform != nullptr && *platform == "Native";
    if (target == nullptr || is_native || !is_valid_with("social:" + *target) || has_target(ways, *target)) continue;
    SignInWay way{*target, names_of(connector), picture(connector, "logo", room), {}};
    if (!way.logo.empty()) way.logo_dark = picture(connector, "logoDark", room);
    ways.social.push_back(std::move(way));
  }
}

void add_identifiers(SignInWays& ways, const json& document) {
  const auto sign_in = document.find("signIn");
  if (sign_in == document.end() || !sign_in->is_object()) return;
  const auto methods = sign_in->find("methods");
  if (methods == sign_in->end() || !methods->is_array()) return;
  for (const json& method : *methods) {
    const std::string* identifier = string_member(method, "identifier");
    if (identifier == nullptr) continue;
    ways.email = ways.email || *identifier == "email";
    ways.phone = ways.phone || *identifier == "phone";
    ways.username = ways.username || *identifier == "username";
  }
}

}  // namespace

ProviderRequest sign_in_ways_request(const LogtoSettings& logto) {
  ProviderRequest request;
  request.caller.kind = CallKind::upkeep;
  request.url = logto.endpoint.text() + "/api/.well-known/sign-in-exp";
  return request;
}

Result<SignInWays> judge_sign_in_ways(const ProviderReply& reply) {
  if (reply.status != 200) return fail("it answered " + std::to_string(reply.status));
  if (!is_json_content_type(reply.content_type)) return fail("it answered without JSON");
  const auto document = parse_json_strict(reply.body, kMaxMetadataBytes);
  if (!document) return fail(document.error().message);
  if (!document->is_object()) return fail("its answer is no object");
  SignInWays ways;
  add_social(ways, *document);
  add_identifiers(ways, *document);
  return ways;
}

}  // namespace lp
