#include "cli/import/oauth2_proxy_alpha.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/encoding.h"
#include "base/one_of.h"
#include "cli/import/other_files.h"
#include "cli/import/yaml.h"
#include "config/yaml/document.h"

namespace lp {
namespace {

// Keys of alpha configuration that are flat options under another name.
struct Alias {
  std::string_view path;
  std::string_view option;
};
constexpr Alias kAliases[] = {
    {"server.bindAddress", "http_address"},
    {"server.secureBindAddress", "https_address"},
    {"server.tls", "tls_cert_file"},
    {"metricsServer.bindAddress", "metrics_address"},
    {"metricsServer.secureBindAddress", "metrics_secure_address"},
    {"metricsServer.tls", "metrics_tls_cert_file"},
    {"providers.allowedGroups", "allowed_groups"},
    {"providers.authRequestResponseMode", "auth_request_response_mode"},
    {"providers.azureConfig.graphGroupField", "azure_graph_group_field"},
    {"providers.azureConfig.tenant", "azure_tenant"},
    {"providers.backendLogoutURL", "backend_logout_url"},
    {"providers.bitbucketConfig.repository", "bitbucket_repository"},
    {"providers.bitbucketConfig.team", "bitbucket_team"},
    {"providers.bitbucketConfig.workspace", "bitbucket_workspace"},
    {"providers.caFiles", "provider_ca_files"},
    {"providers.clientID", "client_id"},
    {"providers.clientSecret", "client_secret"},
    {"providers.clientSecretFile", "client_secret_file"},
    {"providers.code_challenge_method", "code_challenge_method"},
    {"providers.githubConfig.org", "github_org"},
    {"providers.githubConfig.repo", "github_repo"},
    {"providers.githubConfig.team", "github_team"},
    {"providers.githubConfig.token", "github_token"},
    {"providers.githubConfig.users", "github_users"},
    {"providers.gitlabConfig.group", "gitlab_groups"},
    {"providers.gitlabConfig.projects", "gitlab_projects"},
    {"providers.googleConfig.adminAPIUserScope", "google_admin_api_user_scope"},
    {"providers.googleConfig.adminEmail", "google_admin_email"},
    {"providers.googleConfig.group", "google_groups"},
    {"providers.googleConfig.serviceAccountJson", "google_service_account_json"},
    {"providers.googleConfig.targetPrincipal", "google_target_principal"},
    {"providers.googleConfig.useApplicationDefaultCredentials", "google_use_application_default_credentials"},
    {"providers.googleConfig.useOrganizationID", "google_use_organization_id"},
    {"providers.keycloakConfig.groups", "keycloak_groups"},
    {"providers.keycloakConfig.roles", "allowed_roles"},
    {"providers.loginGovConfig.jwtKey", "jwt_key"},
    {"providers.loginGovConfig.jwtKeyFile", "jwt_key_file"},
    {"providers.loginGovConfig.pubjwkURL", "pubjwk_url"},
    {"providers.loginURL", "login_url"},
    {"providers.microsoftEntraIDConfig.allowedTenants", "entra_id_allowed_tenants"},
    {"providers.microsoftEntraIDConfig.federatedTokenAuth", "entra_id_federated_token_auth"},
    {"providers.name", "provider_display_name"},
    {"providers.oidcConfig.audienceClaims", "oidc_audience_claims"},
    {"providers.oidcConfig.emailClaim", "oidc_email_claim"},
    {"providers.oidcConfig.enabledSigningAlgs", "oidc_enabled_signing_algs"},
    {"providers.oidcConfig.extraAudiences", "oidc_extra_audiences"},
    {"providers.oidcConfig.groupsClaim", "oidc_groups_claim"},
    {"providers.oidcConfig.insecureAllowUnverifiedEmail", "insecure_oidc_allow_unverified_email"},
    {"providers.oidcConfig.insecureSkipIssuerVerification", "insecure_oidc_skip_issuer_verification"},
    {"providers.oidcConfig.insecureSkipNonce", "insecure_oidc_skip_nonce"},
    {"providers.oidcConfig.issuerURL", "oidc_issuer_url"},
    {"providers.oidcConfig.jwksURL", "oidc_jwks_url"},
    {"providers.oidcConfig.publicKeyFiles", "oidc_public_key_files"},
    {"providers.oidcConfig.skipDiscovery", "skip_oidc_discovery"},
    {"providers.oidcConfig.userIDClaim", "user_id_claim"},
    {"providers.profileURL", "profile_url"},
    {"providers.provider", "provider"},
    {"providers.redeemURL", "redeem_url"},
    {"providers.resource", "resource"},
    {"providers.scope", "scope"},
    {"providers.skipClaimsFromProfileURL", "skip_claims_from_profile_url"},
    {"providers.useSystemTrustStore", "use_system_trust_store"},
    {"providers.validateURL", "validate_url"},
};

constexpr std::string_view kTopKeys[] = {"server",         "metricsServer",        "providers",
                                         "upstreamConfig", "injectRequestHeaders", "injectResponseHeaders"};

constexpr std::string_view kFurtherKeys[] = {"upstreams",
                                             "proxyRawPath",
                                             "id",
                                             "uri",
                                             "path",
                                             "rewriteTarget",
                                             "static",
                                             "staticCode",
                                             "passHostHeader",
                                             "timeout",
                                             "values",
                                             "flushInterval",
                                             "proxyWebSockets",
                                             "disableKeepAlives",
                                             "claim",
                                             "insecureSkipTLSVerify",
                                             "claimSource",
                                             "secretSource",
                                             "prefix",
                                             "preserveRequestValue",
                                             "basicAuthPassword",
                                             "loginURLParameters",
                                             "fromFile",
                                             "InsecureSkipHeaderNormalization",
                                             "additionalClaims",
                                             "ADFSConfig",
                                             "fromEnv",
                                             "default",
                                             "allow"};

// What oauth2-proxy has where nobody says anything. A value like that says nothing either.
constexpr std::pair<std::string_view, std::string_view> kDefaults[] = {
    {"azure_tenant", "common"},
    {"disable_keep_alives", "false"},
    {"entra_id_federated_token_auth", "false"},
    {"flush_interval", "1s"},
    {"google_use_application_default_credentials", "false"},
    {"google_use_organization_id", "false"},
    {"insecure_oidc_allow_unverified_email", "false"},
    {"insecure_oidc_skip_issuer_verification", "false"},
    {"insecure_oidc_skip_nonce", "true"},
    {"oidc_audience_claims", "aud"},
    {"oidc_email_claim", "email"},
    {"oidc_groups_claim", "groups"},
    {"proxy_websockets", "true"},
    {"skip_claims_from_profile_url", "false"},
    {"skip_oidc_discovery", "false"},
    {"ssl_upstream_insecure_skip_verify", "false"},
    {"use_system_trust_store", "false"},
    {"user_id_claim", "email"},
};

bool says_nothing(std::string_view option, const std::vector<std::string>& values) {
  if (values.empty()) return true;
  return values.size() == 1 &&
         (values.front().empty() || std::any_of(std::begin(kDefaults), std::end(kDefaults), [&](const auto& one) {
            return one.first == option && one.second == values.front();
          }));
}

std::string text_of(const Node* node) {
  return node != nullptr && node->is_scalar() ? with_variables(without_variable_marks(node->text)) : "";
}
bool is_true(const Node* node, bool otherwise) {
  if (node == nullptr || !node->is_scalar()) return otherwise;
  return node->text == "true";
}

std::vector<std::string> texts_of(const Node& node) {
  std::vector<std::string> all;
  if (node.is_scalar()) all.push_back(text_of(&node));
  for (const auto& item : node.items) all.push_back(text_of(&item));
  return all;
}

// As it is written here, of a key that differs from it by case alone; else the key itself.
std::string known_spelling(const std::string& key) {
  const auto is_it = [&](std::string_view known) { return iequals(known, key); };
  for (const auto& keys :
       {std::span<const std::string_view>(kTopKeys), std::span<const std::string_view>(kFurtherKeys)}) {
    const auto found = std::find_if(keys.begin(), keys.end(), is_it);
    if (found != keys.end()) return std::string(*found);
  }
  for (const Alias& alias : kAliases) {
    for (std::string_view rest = alias.path; !rest.empty();) {
      const std::size_t dot = std::min(rest.find('.'), rest.size());
      if (is_it(rest.substr(0, dot))) return std::string(rest.substr(0, dot));
      rest.remove_prefix(std::min(dot + 1, rest.size()));
    }
  }
  return key;
}

// oauth2-proxy takes keys in any case; its Helm chart writes BindAddress. Of two that differ by case alone the second
// stays as it is, and is not known.
void spell_keys(Node& node) {
  for (Entry& entry : node.entries) {
    spell_keys(entry.value);
    std::string known = known_spelling(entry.key);
    if (node.find(known) == nullptr) entry.key = std::move(known);
  }
  for (Node& item : node.items) spell_keys(item);
}

class Alpha {
 public:
  explicit Alpha(SourceOptions& options) : options_(options) {}

  OAuth2ProxyAlpha read(const Node& root) {
    for (const auto& entry : root.entries) {
      if (entry.key == "upstreamConfig") {
        upstreams(entry.value);
      } else if (entry.key == "injectRequestHeaders") {
        headers(entry.value, entry.key, out_.request_headers);
      } else if (entry.key == "injectResponseHeaders") {
        headers(entry.value, entry.key, out_.response_headers);
      } else if (entry.key == "providers") {
        providers(entry.value);
      } else {
        flatten(entry.key, entry.key, entry.value);
      }
    }
    return std::move(out_);
  }

 private:
  void upstreams(const Node& config) {
    for (const auto& entry : config.entries) {
      if (entry.key == "proxyRawPath") {
        out_.proxy_raw_path = is_true(&entry.value, false);
      } else if (entry.key == "upstreams") {
        out_.upstreams.emplace();
        for (const auto& item : entry.value.items) out_.upstreams->push_back(upstream(item));
      } else {
        unknown("upstreamConfig." + entry.key);
      }
    }
  }

  OAuth2ProxyUpstream upstream(const Node& node) {
    OAuth2ProxyUpstream one;
    one.id = text_of(node.find("id"));
    one.shown = "upstreamConfig.upstreams " + one.id;
    one.uri = text_of(node.find("uri"));
    one.path = text_of(node.find("path"));
    one.rewrite_target = text_of(node.find("rewriteTarget"));
    one.is_static = is_true(node.find("static"), false);
    if (const std::string code = text_of(node.find("staticCode")); code.size() == 3)
      one.static_code = std::atoi(code.c_str());
    one.pass_host = is_true(node.find("passHostHeader"), true);
    if (node.find("timeout") != nullptr) one.timeout = text_of(node.find("timeout"));
    for (const auto& entry : node.entries) upstream_key(one, entry);
    return one;
  }

  // Those that change nothing here; some that nobody has heard of.
  void upstream_key(const OAuth2ProxyUpstream& one, const Entry& entry) {
    static constexpr std::string_view kRead[] = {"id",     "uri",        "path",           "rewriteTarget",
                                                 "static", "staticCode", "passHostHeader", "timeout"};
    static constexpr std::string_view kFlags[][2] = {{"flushInterval", "flush_interval"},
                                                     {"proxyWebSockets", "proxy_websockets"},
                                                     {"disableKeepAlives", "disable_keep_alives"},
                                                     {"insecureSkipTLSVerify", "ssl_upstream_insecure_skip_verify"}};
    if (is_one_of(entry.key, kRead)) return;
    for (const auto& [key, option] : kFlags) {
      if (key != entry.key) continue;
      if (!one.is_static) set(option, one.shown + " " + entry.key, entry.value);
      return;
    }
    unknown(one.shown + " " + entry.key);
  }

  void headers(const Node& list, const std::string& key, std::vector<OAuth2ProxyHeader>& into) {
    for (const auto& node : list.items) {
      OAuth2ProxyHeader header;
      header.name = text_of(node.find("name"));
      header.shown = key + " " + header.name;
      const Node* values = node.find("values");
      if (values != nullptr && !values->items.empty()) value(values->items.front(), header);
      if (values != nullptr && values->items.size() > 1)
        remark(header.shown + " (second value)", "a field has one value here: the first");
      if (is_true(node.find("preserveRequestValue"), false))
        remark(header.shown + " preserveRequestValue", "what clients send in this field never arrives");
      if (is_true(node.find("InsecureSkipHeaderNormalization"), false))
        remark(header.shown + " InsecureSkipHeaderNormalization", "every spelling of the name is the same field");
      into.push_back(std::move(header));
    }
  }

  // The sources stand in maps of their own, and stood beside each other before.
  static void value(const Node& node, OAuth2ProxyHeader& header) {
    const Node* claim = node.find("claimSource");
    const Node* secret = node.find("secretSource");
    if (claim == nullptr) claim = &node;
    if (secret == nullptr) secret = &node;
    header.claim = text_of(claim->find("claim"));
    header.prefix = text_of(claim->find("prefix"));
    header.has_basic_password = claim->find("basicAuthPassword") != nullptr;
    if (!header.claim.empty()) return;
    header.is_secret = true;
    header.secret_file = text_of(secret->find("fromFile"));
    header.secret_variable = variable_name(text_of(secret->find("fromEnv")));
  }

  void providers(const Node& list) {
    if (list.items.empty()) return;
    if (list.items.size() > 1) remark("providers (after the first)", "not used there either");
    for (const auto& entry : list.items.front().entries) {
      const std::string shown = "providers[0]." + entry.key;
      if (entry.key == "id" || entry.key == "ADFSConfig") continue;
      if (entry.key == "loginURLParameters") {
        login_parameters(shown, entry.value);
        continue;
      }
      if (entry.key == "additionalClaims") {
        out_.remarks.emplace_back(shown, "claims that headers and rules need are asked for where they are missing");
        continue;
      }
      flatten("providers." + entry.key, "providers[0]." + entry.key, entry.value);
    }
  }

  // Three of them have options of their own.
  void login_parameters(const std::string& shown, const Node& list) {
    static constexpr std::string_view kOwnOptions[] = {"acr_values", "approval_prompt", "prompt"};
    for (const Node& item : list.items) {
      const std::string name = text_of(item.find("name"));
      const Node* values = item.find("default");
      const std::vector<std::string> texts = values == nullptr ? std::vector<std::string>{} : texts_of(*values);
      if (name == "approval_prompt" && texts == std::vector<std::string>{"force"}) continue;  // the default
      if (is_one_of(name, kOwnOptions) && texts.size() == 1 && item.find("allow") == nullptr) {
        options_.set({name, shown + " " + name, texts});
      } else {
        remark(shown + " " + name, "fixed ones go into logto.sign_in.extra; none is taken from a link");
      }
    }
  }

  void remark(std::string what, std::string why) { out_.remarks.emplace_back(std::move(what), std::move(why)); }

  void set(std::string_view option, std::string shown, const Node& node) {
    auto values = texts_of(node);
    // A map is there or not: what is in it is not taken over.
    if (!node.is_map() && says_nothing(option, values)) return;
    options_.set({std::string(option), std::move(shown), std::move(values), node.is_list()});
  }

  void flatten(const std::string& path, const std::string& shown, const Node& node) {
    for (const auto& alias : kAliases) {
      if (alias.path == path) return set(alias.option, shown, node);
    }
    if (!node.is_map()) return unknown(shown);
    for (const auto& entry : node.entries) flatten(path + "." + entry.key, shown + "." + entry.key, entry.value);
  }

  // No name of an option has a blank.
  void unknown(const std::string& shown) { options_.set({"alpha " + shown, shown, {}}); }

  SourceOptions& options_;
  OAuth2ProxyAlpha out_;
};

}  // namespace

Result<OAuth2ProxyAlpha> read_oauth2_proxy_alpha(const std::string& text, const std::string& path,
                                                 SourceOptions& options) {
  if (const auto other = what_else_it_is(text)) return fail(path + ": " + *other);
  std::vector<ConfigProblem> problems;
  auto root = parse_document(text, path, problems);
  if (!root || !problems.empty()) return fail(problems.empty() ? path + ": no YAML" : problems.front().text());
  if (!root->is_map()) return fail(path + ": expected a map of keys, found " + root->describe());
  spell_keys(*root);
  const bool is_alpha = std::any_of(root->entries.begin(), root->entries.end(),
                                    [](const Entry& entry) { return is_one_of(entry.key, kTopKeys); });
  if (!is_alpha)
    return fail(path +
                ": not an alpha configuration of oauth2-proxy, which has one of the keys server, providers, "
                "upstreamConfig, injectRequestHeaders. A configuration in TOML has another name than *.yaml");
  return Alpha(options).read(*root);
}

}  // namespace lp
