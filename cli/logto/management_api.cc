#include "cli/logto/management_api.h"

#include <iterator>
#include <string_view>
#include <utility>

#include "auth/jose/json_strict.h"
#include "auth/oidc/client_auth.h"
#include "base/url.h"
#include "cli/tenant/json_merge.h"

namespace lp {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxAnswerBytes = 1 << 20;
constexpr std::size_t kPageSize = 100;
constexpr std::size_t kMaxPages = 100;

struct Hint {
  std::string_view code;
  std::string_view what_to_do;
};

constexpr Hint kHints[] = {
    {"auth.forbidden", "give the machine-to-machine application the role 'Logto Management API access'"},
    {"auth.unauthorized", "compare provision.management.audience and endpoint"},
    {"oidc.invalid_client", "compare provision.management.app_id and app_secret with Logto's Console"},
    {"oidc.invalid_target", "compare provision.management.audience with what section 'Management API' of Logto says"},
    {"connector.not_found_with_connector_id", "Logto has no connector factory of that id: see factory"},
    {"connector.multiple_instances_not_supported", "the tenant has one of that factory already, under another target"},
    {"connector.multiple_target_with_same_platform", "the tenant has a connector with that target: delete it first"},
    {"connector.invalid_config", "see client_id, client_secret and config"},
    {"connector.token_storage_not_supported", "token_storage is not for this factory: oauth2 can"},
    {"request.feature_not_supported", "this Logto lacks a setting of its own, as SECRET_VAULT_KEK for token_storage"},
    {"scope.name_with_space", "a scope is one word"},
    {"role.management_api_scopes_not_assignable_to_user_role", "people cannot have scopes of the Management API"},
};

std::string_view hint_for(const ApiProblem& problem) {
  for (const Hint& hint : kHints) {
    if (hint.code == problem.code) return hint.what_to_do;
  }
  if (problem.is_foreign) return "see logto.endpoint (provision.management has its own), and what stands before Logto";
  if (problem.status == 403) return "the plan of this tenant does not include it, or its quota is used up";
  if (problem.status == 429) return "too many calls at one time: wait a little; a second run goes on from here";
  if (problem.status == 0) return "see logto.endpoint, logto.connect_to, and whether Logto runs";
  if (problem.status >= 500) return "see Logto's log; a second run goes on from here";
  return "";
}

ApiProblem problem_of(const ProviderReply& reply) {
  ApiProblem problem;
  problem.status = reply.status;
  const auto body = parse_json_strict(reply.body, kMaxAnswerBytes);
  if (!body || !body->is_object()) {
    problem.is_foreign = true;
    problem.message = "an answer that is none of Logto's (" + reply.content_type.substr(0, 100) + ")";
    return problem;
  }
  problem.code = text_at(*body, "code");
  problem.message = text_at(*body, "message").substr(0, 300);
  const std::string description = text_at(*body, "error_description").substr(0, 200);
  if (!description.empty()) problem.message += " (" + description + ")";
  const json data = object_at(*body, "data");
  if (data.contains("responseStatus"))
    problem.message += " (" + data.dump(-1, ' ', false, json::error_handler_t::replace).substr(0, 300) + ")";
  return problem;
}

ApiProblem no_answer_problem(const Error& error) { return {0, "", error.message}; }

}  // namespace

std::string ApiProblem::text() const {
  std::string text = status == 0 ? message : "Logto answered " + std::to_string(status);
  if (status != 0 && !code.empty()) text += " " + code;
  if (status != 0 && !message.empty()) text += ": " + message;
  const std::string_view hint = hint_for(*this);
  return hint.empty() ? text : text + ": " + std::string(hint);
}

std::string management_audience(const ManagementSettings& management, const LogtoSettings& logto) {
  if (!management.audience.empty()) return management.audience;
  const Origin& api = management.endpoint ? *management.endpoint : logto.endpoint;
  return api.host.ends_with(".logto.app") ? api.text() + "/api" : "https://default.logto.app/api";
}

namespace {

// connect_to is where this Logto is reached, under whichever of its names; the admin tenant may have a place of its
// own.
std::optional<Origin> place_of_tokens(const ManagementSettings& management, const LogtoSettings& logto) {
  if (management.admin_endpoint && management.admin_connect_to) return management.admin_connect_to;
  const Origin& api = management.endpoint ? *management.endpoint : logto.endpoint;
  return (management.admin_endpoint ? *management.admin_endpoint : api) == logto.endpoint ? logto.connect_to
                                                                                          : std::nullopt;
}

}  // namespace

ManagementApi::ManagementApi(const ManagementSettings& management, const LogtoSettings& logto)
    : management_(management),
      logto_(logto),
      api_(management.endpoint ? *management.endpoint : logto.endpoint),
      token_origin_(management.admin_endpoint ? *management.admin_endpoint : api_),
      api_fetcher_(loop_, {api_, api_ == logto.endpoint ? logto.connect_to : std::nullopt}, {logto.ca_file}),
      token_fetcher_(loop_, {token_origin_, place_of_tokens(management, logto)}, {logto.ca_file}) {}

Result<ProviderReply> ManagementApi::fetch(PinnedFetcher& fetcher, const ProviderRequest& request) {
  Result<ProviderReply> answer = fail("not asked");
  const auto handle = fetcher.fetch(request, [&](Result<ProviderReply> reply) {
    answer = std::move(reply);
    loop_.stop();
  });
  loop_.run();
  return answer;
}

Result<void, ApiProblem> ManagementApi::sign_in() {
  ProviderRequest request;
  request.method = "POST";
  request.url = token_origin_.text() + "/oidc/token";
  request.authorization = client_secret_basic(management_.app_id, management_.app_secret);
  request.form_body = Secret(form_encode({{"grant_type", "client_credentials"},
                                          {"resource", management_audience(management_, logto_)},
                                          {"scope", "all"}}));
  const auto reply = fetch(token_fetcher_, request);
  if (!reply) return no_answer_problem(reply.error());
  if (reply->status != 200) return problem_of(*reply);
  const auto body = parse_json_strict(reply->body, kMaxAnswerBytes);
  const std::string token = body ? text_at(*body, "access_token") : "";
  if (token.empty()) return ApiProblem{reply->status, "", "no access token came"};
  token_ = Secret("Bearer " + token);
  return {};
}

Result<json, ApiProblem> ManagementApi::call(const std::string& method, const std::string& path, const json& body) {
  ProviderRequest request;
  request.method = method;
  request.url = api_.text() + path;
  request.authorization = token_;
  if (!body.is_null()) request.json_body = Secret(body.dump());
  const auto reply = fetch(api_fetcher_, request);
  if (!reply) return no_answer_problem(reply.error());
  if (reply->status < 200 || reply->status > 299) return problem_of(*reply);
  // What a step made is read again; its own answer may be the word "Created".
  if (reply->body.empty() || (method != "GET" && !is_json_content_type(reply->content_type))) return json();
  auto answer = parse_json_strict(reply->body, kMaxAnswerBytes);
  if (!answer) return ApiProblem{reply->status, "", "an answer that is no JSON: " + answer.error().message};
  return std::move(*answer);
}

Result<json, ApiProblem> ManagementApi::list(const std::string& path) {
  json all = json::array();
  const std::string first = path + (path.find('?') == std::string::npos ? "?" : "&");
  for (std::size_t page = 1; page <= kMaxPages; ++page) {
    auto some = call("GET", first + "page=" + std::to_string(page) + "&page_size=" + std::to_string(kPageSize));
    if (!some) return some;
    if (!some->is_array()) return ApiProblem{200, "", path + " is no list"};
    const std::size_t count = some->size();
    for (json& one : *some) all.push_back(std::move(one));
    if (count < kPageSize) return all;
  }
  return ApiProblem{200, "", path + " has more than can be read"};
}

}  // namespace lp
