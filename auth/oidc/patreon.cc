#include "auth/oidc/patreon.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/jose/json_strict.h"
#include "auth/oidc/token_endpoint.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;
using FailureKind = PatreonFailure::Kind;

constexpr std::size_t kMaxTokenOfPatreon = 8 * 1024;
constexpr std::uint64_t kMaxPatreonCents = std::uint64_t{1} << 40;
constexpr std::size_t kMaxPatreonIdBytes = 64;
constexpr std::size_t kMaxPatreonStatusBytes = 64;
constexpr std::string_view kTokenSet = "secrets.third_party_token_set.";

PatreonFailure patreon_failure(FailureKind kind, std::string rule, std::string message) {
  return {kind, std::move(rule), std::move(message), 0, false};
}

PatreonFailure nobody_answers(std::string_view who, const ProviderReply& reply) {
  PatreonFailure made =
      patreon_failure(FailureKind::unavailable, reply.status == 429 ? "too_many_requests" : "unavailable",
                      std::string(who) + " answered " + std::to_string(reply.status));
  made.retry_after_s = reply.retry_after_s;
  return made;
}

bool is_all_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// Logto's code of an error; empty where it is no answer of its API.
std::string logto_code_of(const ProviderReply& reply) {
  if (!is_json_content_type(reply.content_type)) return {};
  const auto body = parse_json_strict(reply.body, kMaxMetadataBytes);
  const std::string* code = body ? string_member(*body, "code") : nullptr;
  return code == nullptr || code->size() > 100 || !is_all_visible(*code) ? std::string() : *code;
}

std::string account_api_words(const ProviderReply& reply, const std::string& code) {
  return "Logto's Account API answered " + std::to_string(reply.status) + (code.empty() ? "" : " " + code);
}

// Of an Account API that gives no token.
PatreonFailure why_no_token(const ProviderReply& reply) {
  if (says_unavailable(reply.status)) return nobody_answers("Logto's Account API", reply);
  const std::string code = logto_code_of(reply);
  const bool is_about_tokens = code.starts_with(kTokenSet);
  if (reply.status == 401 && !is_about_tokens) {
    return patreon_failure(FailureKind::account_token_refused, "account_token", account_api_words(reply, code));
  }
  const bool lacks_identity = reply.status == 404 && (code.starts_with("user.") || code.starts_with("entity."));
  if (is_about_tokens || lacks_identity)
    return patreon_failure(FailureKind::no_account, "no_token", account_api_words(reply, code));
  // A session from before logto.scopes had `identities`: its next sign-in has it.
  if (reply.status == 403) return patreon_failure(FailureKind::no_account, "scope", account_api_words(reply, code));
  const bool is_setup = code.starts_with("account_center.") || (code.empty() && reply.status == 404);
  PatreonFailure other = patreon_failure(is_setup ? FailureKind::unavailable : FailureKind::unreadable, "account_api",
                                         account_api_words(reply, code));
  other.is_setup = is_setup;
  return other;
}

// A JSON:API document. Any level may be of the wrong form: what is asked of it then is empty, and is_whole() says so.
class PatreonDocument {
 public:
  PatreonDocument(const json& document, const std::set<std::string>& campaigns) : campaigns_(campaigns) {
    include(document);
    const json& person = object_at(document, "data");
    (void)id_of(person, "user");
    for (const std::string& id : ids_at(person, "memberships", "member")) add(id);
  }
  [[nodiscard]] bool is_whole() const { return is_whole_; }
  [[nodiscard]] std::vector<PatreonMembership> memberships() && { return std::move(memberships_); }

 private:
  const json* member_at(const json& of, const char* name) {
    if (!of.is_object()) is_whole_ = false;
    if (!of.is_object()) return nullptr;
    const auto found = of.find(name);
    return found == of.end() || found->is_null() ? nullptr : &*found;
  }
  const json& object_at(const json& of, const char* name) {
    static const json none = json::object();
    const json* found = member_at(of, name);
    if (found != nullptr && !found->is_object()) is_whole_ = false;
    return found != nullptr && found->is_object() ? *found : none;
  }
  std::string text_at(const json& of, const char* name, std::size_t max_bytes) {
    const json* found = member_at(of, name);
    if (found != nullptr && !found->is_string()) is_whole_ = false;
    if (found == nullptr || !found->is_string()) return {};
    const auto& text = found->get_ref<const std::string&>();
    return text.size() <= max_bytes ? text : std::string();
  }
  std::int64_t cents_at(const json& of, const char* name) {
    const json* found = member_at(of, name);
    if (found == nullptr) return 0;
    const bool fits = found->is_number_unsigned() && found->get<std::uint64_t>() <= kMaxPatreonCents;
    if (!fits) is_whole_ = false;
    return fits ? found->get<std::int64_t>() : 0;
  }

  // A resource identifier object, which must have both members.
  std::string id_of(const json& resource, std::string_view type) {
    std::string id = text_at(resource, "id", kMaxPatreonIdBytes);
    if (text_at(resource, "type", kMaxPatreonIdBytes) != type || id.empty() || !is_all_visible(id)) is_whole_ = false;
    return id;
  }
  // The ids in relationships.NAME.data, a list.
  std::vector<std::string> ids_at(const json& resource, const char* relationship, std::string_view type) {
    std::vector<std::string> ids;
    const json* data = member_at(object_at(object_at(resource, "relationships"), relationship), "data");
    if (data == nullptr) return ids;
    if (!data->is_array()) is_whole_ = false;
    if (!data->is_array()) return ids;
    for (const json& one : *data) ids.push_back(id_of(one, type));
    return ids;
  }
  std::string campaign_of(const json& member) {
    const json* data = member_at(object_at(object_at(member, "relationships"), "campaign"), "data");
    return data == nullptr ? std::string() : id_of(*data, "campaign");
  }

  // What the answer holds besides the person, by id.
  void include(const json& document) {
    const json* list = member_at(document, "included");
    if (list == nullptr) return;
    if (!list->is_array()) is_whole_ = false;
    if (!list->is_array()) return;
    for (const json& resource : *list) {
      const std::string type = text_at(resource, "type", kMaxPatreonIdBytes);
      if (type == "member" && !members_.emplace(id_of(resource, type), &resource).second) is_whole_ = false;
      if (type != "tier") continue;
      titles_[id_of(resource, type)] = text_at(object_at(resource, "attributes"), "title", kMaxPatreonTitleBytes);
    }
  }
  void add(const std::string& id) {
    const auto member = members_.find(id);
    if (member == members_.end()) return;
    std::string campaign = campaign_of(*member->second);
    const bool is_known = std::any_of(memberships_.begin(), memberships_.end(),
                                      [&](const PatreonMembership& one) { return one.campaign == campaign; });
    if (campaigns_.contains(campaign) && !is_known) add(*member->second, std::move(campaign));
  }
  void add(const json& member, std::string campaign) {
    const json& attributes = object_at(member, "attributes");
    PatreonMembership made;
    made.campaign = std::move(campaign);
    made.status = text_at(attributes, "patron_status", kMaxPatreonStatusBytes);
    if (!is_all_visible(made.status)) is_whole_ = false;
    made.cents = cents_at(attributes, "currently_entitled_amount_cents");
    for (std::string& id : ids_at(member, "currently_entitled_tiers", "tier")) {
      if (made.tiers.size() >= kMaxPatreonTiers) break;
      const auto title = titles_.find(id);
      made.tiers.push_back({id, title == titles_.end() ? std::string() : title->second});
    }
    memberships_.push_back(std::move(made));
  }

  const std::set<std::string>& campaigns_;
  std::map<std::string, const json*> members_;
  std::map<std::string, std::string> titles_;  // of tiers
  std::vector<PatreonMembership> memberships_;
  bool is_whole_ = true;
};

PatreonFailure unreadable_identity(std::string why) {
  return patreon_failure(FailureKind::unreadable, "reply", "Patreon's answer cannot be read: " + std::move(why));
}

// Of an answer that is no 200.
PatreonFailure why_no_identity(const ProviderReply& reply) {
  if (reply.status == 401)
    return patreon_failure(FailureKind::no_account, "token_refused", "Patreon refuses the token (401)");
  // A page instead of the API's word: something in front of it turns this server away.
  const bool is_blocked = reply.status == 403 && !is_json_content_type(reply.content_type);
  if (says_unavailable(reply.status) || is_blocked) return nobody_answers("Patreon", reply);
  return patreon_failure(FailureKind::unreadable, "status", "Patreon answered " + std::to_string(reply.status));
}

}  // namespace

ProviderRequest patreon_token_request(const Settings& settings, const Secret& account_token) {
  ProviderRequest request;
  request.caller.kind = CallKind::session;
  request.url = settings.logto.endpoint.text() + "/api/my-account/identities/" +
                percent_encode(settings.patreon.connector) + "/access-token";
  request.authorization = Secret("Bearer " + std::string(account_token.reveal()));
  return request;
}

Result<Secret, PatreonFailure> judge_patreon_token(const ProviderReply& reply) {
  if (reply.status != 200) return why_no_token(reply);
  const auto bad = [](std::string why) {
    return patreon_failure(FailureKind::unreadable, "token_reply",
                           "Logto's Account API answered without a token: " + std::move(why));
  };
  if (!is_json_content_type(reply.content_type)) return bad("no JSON");
  const auto body = parse_json_strict(reply.body, kMaxMetadataBytes);
  if (!body) return bad(body.error().message);
  const std::string* token = string_member(*body, "access_token");
  if (token == nullptr || token->empty() || token->size() > kMaxTokenOfPatreon || !is_all_visible(*token)) {
    return bad("access_token");
  }
  return Secret(*token);
}

ProviderRequest patreon_identity_request(const Settings& settings, const Secret& patreon_token) {
  ProviderRequest request;
  request.caller.kind = CallKind::session;
  request.url = settings.patreon.api_url.text() +
                "/api/oauth2/v2/identity?include=memberships%2Cmemberships.campaign%2C"
                "memberships.currently_entitled_tiers&fields%5Bmember%5D=patron_status%2C"
                "currently_entitled_amount_cents&fields%5Btier%5D=title";
  request.authorization = Secret("Bearer " + std::string(patreon_token.reveal()));
  return request;
}

Result<std::vector<PatreonMembership>, PatreonFailure> judge_patreon_identity(const ProviderReply& reply,
                                                                              const std::set<std::string>& campaigns) {
  if (reply.status != 200) return why_no_identity(reply);
  if (!is_json_content_type(reply.content_type)) return unreadable_identity("no JSON");
  const auto document = parse_json_strict(reply.body, kMaxMetadataBytes);
  if (!document) return unreadable_identity(document.error().message);
  PatreonDocument judged(*document, campaigns);
  if (!judged.is_whole())
    return unreadable_identity("a resource is not of the form that JSON:API and Patreon document");
  return std::move(judged).memberships();
}

}  // namespace lp
