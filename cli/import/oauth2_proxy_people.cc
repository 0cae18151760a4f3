#include "cli/import/oauth2_proxy_people.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/one_of.h"
#include "base/url.h"
#include "cli/import/oauth2_proxy_options.h"
#include "cli/import/paths.h"
#include "config/value.h"

namespace lp {
namespace {

constexpr std::string_view kUntilDecided = "until then nobody passes who has not the role in ALLOWED_ROLE";

Node claim_rule(const std::string& claim, std::string test, Node value) {
  return yaml_entry("claims", yaml_entry(claim, yaml_entry(std::move(test), std::move(value))));
}

// All of them: side by side where their keys allow it.
Node all_of(std::vector<Node> rules) {
  Node map = yaml_map();
  for (const Node& rule : rules) {
    for (const Entry& entry : rule.entries) {
      if (map.find(entry.key) == nullptr) {
        put(map, entry.key, entry.value);
        continue;
      }
      Node all = yaml_list();
      all.items = std::move(rules);
      return yaml_entry("all", std::move(all));
    }
  }
  return map;
}

Node any_of(std::vector<Node> rules) {
  if (rules.size() == 1) return std::move(rules.front());
  Node any = yaml_list();
  any.items = std::move(rules);
  return yaml_entry("any", std::move(any));
}

bool is_mailbox(std::string_view text) {
  const auto at = text.find('@');
  return at != 0 && at != std::string_view::npos && at + 1 < text.size() && text.find('@', at + 1) == text.npos &&
         text.find_first_of(" \t,;<>\"") == std::string_view::npos && is_valid_utf8(text);
}

// "example.com", ".example.com" and "*.example.com" can be somebody's; "@example.com" and " example.com" can not.
bool can_be_domain(std::string_view text) {
  if (text.starts_with("*.")) text.remove_prefix(2);
  if (text.starts_with('.')) text.remove_prefix(1);
  return is_host(ascii_lower(text));
}

// Open paths ask for nobody.
constexpr std::string_view kWhere = " on every route but those that are open (skip_auth_routes, trusted_ips)";

class PeopleImport {
 public:
  PeopleImport(ImportContext& context, const FileReader& read_file)
      : context_(context),
        options_(context.options),
        read_file_(read_file),
        claim_(oauth2_proxy_email_claim(context.options)) {}

  Node requirement() {
    by_email();
    unverified();
    by_group();
    close_what_is_not_translated();
    if (closed_) rules_.push_back(yaml_entry("roles", Node::list({variable("ALLOWED_ROLE")})));
    if (claim_ == "email") put(map_in(context_.root, "logto"), "trust_email", "true");
    return all_of(std::move(rules_));
  }

 private:
  [[nodiscard]] bool is_email() const { return claim_ == "email"; }

  // ---- by e-mail: an address of the file or of a domain, or any at all
  // -----------------------------------------------

  void by_email() {
    const auto domains = options_.list("email_domains");
    const bool any_address = is_one_of("*", domains);
    const std::string remark =
        is_email() ? "; logto.trust_email is on for it, and Logto's email_verified says no more than that there is an "
                     "address: allow only connectors that verify addresses, or require a role instead"
                   : "; the address is the claim " + claim_;
    translated_.insert({"email_domains", "authenticated_emails_file"});
    if (any_address) {
      rules_.push_back(some_address());
      context_.differs("email_domains", "everybody may who has an e-mail address, as there" + remark);
      return context_.differs("authenticated_emails_file", "without effect: email_domains has *");
    }
    std::vector<Node> rules = domain_rules(domains);
    if (const auto emails = listed_emails(); !emails.empty()) rules.push_back(email_rule(emails));
    if (rules.empty()) return no_address();
    rules_.push_back(any_of(std::move(rules)));
    context_.differs("email_domains", "require: email_domain" + std::string(kWhere) + remark);
    context_.differs("authenticated_emails_file", "require: email, a copy of the file," + std::string(kWhere) + remark);
  }

  // A program's token without an address passes there: its subject stands for one.
  Node some_address() const {
    Node address = claim_rule(claim_, "regex", Node::scalar(".+"));
    if (!options_.flag("skip_jwt_bearer_tokens", false)) return address;
    return any_of({std::move(address), claim_rule("client_id", "exists", Node::scalar("true"))});
  }

  std::vector<Node> domain_rules(const std::vector<std::string>& domains) {
    std::vector<Node> rules;
    std::vector<std::string> exact;
    for (const auto& domain : domains) {
      if (!can_be_domain(domain)) {
        context_.note(Outcome::differs, "email_domains '" + domain + "'", "left out: no address ends in it, there too");
      } else if (!is_email() || domain.starts_with('.') || domain.starts_with("*.")) {
        const bool is_below = domain.starts_with('.') || domain.starts_with("*.");
        const std::string ending =
            is_below ? "[^@]+" + quote_regex(domain.substr(domain.find('.'))) : quote_regex(domain);
        rules.push_back(claim_rule(claim_, "regex", Node::scalar("(?i)[^@]+@" + ending)));
      } else {
        exact.push_back(domain);
      }
    }
    if (!exact.empty()) rules.push_back(yaml_entry("email_domain", Node::list(std::move(exact))));
    return rules;
  }

  Node email_rule(const std::vector<std::string>& emails) const {
    if (is_email()) return yaml_entry("email", Node::list(emails));
    std::string regex;
    for (const auto& email : emails) regex += (regex.empty() ? "(?i)(?:" : "|") + quote_regex(email);
    return claim_rule(claim_, "regex", Node::scalar(regex + ")"));
  }

  std::vector<std::string> listed_emails() {
    const std::string path = options_.text("authenticated_emails_file");
    if (path.empty()) {
      context_.taken("authenticated_emails_file", "empty: no list");
      return {};
    }
    const auto text = read_file_(path);
    std::vector<std::string> emails;
    std::string line;
    for (const char c : (text ? *text : std::string()) + "\n") {
      if (c != '\n') {
        line += c;
        continue;
      }
      std::string email(trim_ows(without_variable_marks(line.substr(0, line.find_first_of(",\r")))));
      if (email.size() > 2 && email.front() == '"' && email.back() == '"') email = email.substr(1, email.size() - 2);
      if (email.substr(0, 1) != "#" && is_mailbox(email)) emails.push_back(email);
      line.clear();
    }
    if (!emails.empty()) return emails;
    context_.note(Outcome::differs, "authenticated_emails_file " + path,
                  "could not be read, or holds no address: put an address into ALLOWED_EMAIL, further ones below it");
    return {variable("ALLOWED_EMAIL")};
  }

  void no_address() {
    closed_ = true;
    const std::string how =
        "write email_domains = [...] into the file, or OAUTH2_PROXY_EMAIL_DOMAINS=... into an --env-file, and import "
        "again; [\"*\"] lets in everybody who has an address; " +
        std::string(kUntilDecided);
    if (options_.has("email_domains"))
      return context_.unsupported("email_domains", "no domain that somebody's address could have: " + how);
    const std::string there = options_.text("htpasswd_file").empty()
                                  ? "oauth2-proxy does not start without, so it may stand on its command line "
                                    "(--email-domain, --authenticated-emails-file): "
                                  : "only the people of htpasswd_file get in there: ";
    context_.note(Outcome::unsupported, "email_domains (not set)", "who may sign in is not said. " + there + how);
  }

  // There `email_verified: false` is no sign-in.
  void unverified() {
    context_.differs("insecure_oidc_allow_unverified_email",
                     "Logto's email_verified only says that there is an address; see logto.trust_email");
    if (!is_email() || options_.flag("insecure_oidc_allow_unverified_email", false)) return;
    rules_.push_back(yaml_entry("not", yaml_entry("claims", yaml_entry("email_verified", Node::scalar("false")))));
  }

  // ---- by group: what one option lists is enough, and each option must be met
  // ------------------------------------------

  void by_group() {
    const bool roles_are_groups = options_.text("provider") == "keycloak-oidc";
    std::vector<std::string> first = groups_of("allowed_groups"), roles = groups_of("allowed_roles");
    if (roles_are_groups && !first.empty()) {
      first.insert(first.end(), roles.begin(), roles.end());
      roles.clear();
    }
    ask_for_group(first);
    ask_for_role(roles);
    for (const auto* name : {"google_groups", "google_group", "gitlab_groups", "keycloak_groups"}) {
      ask_for_role(groups_of(name));
    }
  }

  std::vector<std::string> groups_of(const std::string& name) {
    std::vector<std::string> groups;
    for (const auto& group : options_.list(name)) {
      if (!group.empty() && !is_one_of(group, groups)) groups.push_back(group);
    }
    translated_.insert(name);
    if (groups.empty()) context_.taken(name, "empty: no restriction");
    context_.differs(name, groups_are_a_claim(name)
                               ? "require: the claim " + options_.text("oidc_groups_claim") + std::string(kWhere)
                               : "require: roles" + std::string(kWhere) +
                                     ": make global roles of these names in Logto and give "
                                     "them to people");
    return groups;
  }

  // A claim that Logto already tells that oauth2-proxy.
  [[nodiscard]] bool groups_are_a_claim(std::string_view name) const {
    const std::string claim = options_.text("oidc_groups_claim");
    return name == "allowed_groups" && has_logto_issuer(options_) && !claim.empty() && claim != "groups" &&
           claim != "roles";
  }

  void ask_for_group(const std::vector<std::string>& groups) {
    if (groups.empty() || !groups_are_a_claim("allowed_groups")) return ask_for_role(groups);
    rules_.push_back(claim_rule(options_.text("oidc_groups_claim"), "contains", Node::list(groups)));
  }

  void ask_for_role(const std::vector<std::string>& names) {
    if (!names.empty()) rules_.push_back(yaml_entry("roles", Node::list(names)));
  }

  // ---- whatever is left
  // --------------------------------------------------------------------------------------------------

  void close_what_is_not_translated() {
    for (const SourceOption& option : options_.all()) {
      const OAuth2ProxyOption* known = find_oauth2_proxy_option(option.name);
      if (known == nullptr) {
        not_known(option);
      } else if (known->effect == OAuth2ProxyOption::Effect::restricts && translated_.count(option.name) == 0) {
        not_translated(option);
      }
    }
  }

  void not_known(const SourceOption& option) {
    const OAuth2ProxyOption* flag = find_oauth2_proxy_flag(option.name);
    if (flag != nullptr && option.is_variable) {
      return context_.differs(option.name, "left out: oauth2-proxy does not read it, only OAUTH2_PROXY_" +
                                               variable_name(flag->name) + ". If it was meant, give it that name");
    }
    closed_ = true;
    const std::string meant =
        flag == nullptr ? std::string() : "oauth2-proxy's name for it in a file is " + std::string(flag->name) + ". ";
    context_.unknown(option.name, meant +
                                      "Whether it keeps somebody out is not known: take it out if it does not, and "
                                      "import again; " +
                                      std::string(kUntilDecided));
  }

  void not_translated(const SourceOption& option) {
    const std::string value = options_.text(option.name);
    if (value.empty() && options_.list(option.name).empty())
      return context_.taken(option.name, "empty: no restriction");
    if (option.name == "azure_tenant" && value == "common")
      return context_.taken(option.name, "every tenant: no restriction");
    closed_ = true;
    context_.unsupported(option.name,
                         "Logto cannot ask for it: make a role in Logto, give it to those people, and put its name "
                         "into ALLOWED_ROLE; until then nobody passes");
  }

  ImportContext& context_;
  const SourceOptions& options_;
  const FileReader& read_file_;
  std::string claim_;
  std::vector<Node> rules_;  // each must hold
  std::set<std::string, std::less<>> translated_;
  bool closed_ = false;
};

}  // namespace

std::string oauth2_proxy_email_claim(const SourceOptions& options) {
  for (const auto* name : {"oidc_email_claim", "user_id_claim"}) {
    const std::string claim = options.text(name);
    if (!claim.empty() && claim != "email") return claim;
  }
  return "email";
}

bool has_logto_issuer(const SourceOptions& options) {
  const auto issuer = parse_url(options.text("oidc_issuer_url"));
  return issuer && (issuer->path == "/oidc" || issuer->path == "/oidc/");
}

Node oauth2_proxy_requirement(ImportContext& context, const FileReader& read_file) {
  return PeopleImport(context, read_file).requirement();
}

}  // namespace lp
