#include "auth/pages/requirement_words.h"

#include <array>
#include <map>
#include <string_view>

#include "auth/pages/text_language.h"
#include "auth/rules/authorize.h"
#include "base/encoding.h"
#include "base/one_of.h"

namespace lp {
namespace {

using Kind = Requirement::Kind;

struct RequirementWords {
  Kind kind;
  TextKey one;      // with one name, or alone where no name is told
  TextKey several;  // with several
  bool tells_names = true;
};

constexpr std::array kRequirementWords = {
    RequirementWords{Kind::roles, "need.role", "need.roles"},
    RequirementWords{Kind::scopes, "need.scope", "need.scopes"},
    RequirementWords{Kind::organizations, "need.organization", "need.organizations"},
    RequirementWords{Kind::organization_roles, "need.organization_role", "need.organization_roles"},
    RequirementWords{Kind::member, "need.member", "need.member"},
    RequirementWords{Kind::social, "need.social", "need.socials"},
    RequirementWords{Kind::email, "need.email", "need.email", false},
    RequirementWords{Kind::email_domain, "need.email_domain", "need.email_domain", false},
    RequirementWords{Kind::claim, "need.claim", "need.claim", false},
    RequirementWords{Kind::max_age, "need.max_age", "need.max_age", false},
};

std::string with_html(TextKey key, const Language& language, const std::vector<std::string>& html) {
  return in_its_language(language, key, fill_text(html_escape(language.say(key)), html));
}

std::string joined_children(const Requirement& requirement, TextKey between, const Language& language) {
  std::string html;
  for (const Requirement& child : requirement.children) {
    std::string one = requirement_html(child, language);
    html = html.empty() ? std::move(one) : with_html(between, language, {html, one});
  }
  return requirement.children.size() > 1 ? "(" + html + ")" : html;
}

std::string names_html(const RequirementWords& words, const std::vector<std::string>& names) {
  std::string html;
  for (const std::string& name : names) {
    html.append(html.empty() ? "" : ", ").append("<strong>");
    html.append(html_escape(words.kind == Kind::social ? connector_name(name) : name)).append("</strong>");
  }
  return html;
}

void add_connectors(const Requirement& requirement, std::string_view patreon, std::vector<std::string>& targets) {
  if (requirement.kind == Kind::none) return;
  if (requirement.kind == Kind::patreon && !patreon.empty() && !is_one_of(std::string(patreon), targets)) {
    targets.emplace_back(patreon);
  }
  if (requirement.kind == Kind::social) {
    for (const std::string& target : requirement.any_of) {
      if (!is_one_of(target, targets)) targets.push_back(target);
    }
  }
  for (const Requirement& child : requirement.children) add_connectors(child, patreon, targets);
}

void add_member_pages(const Requirement& requirement, const std::map<std::string, std::string>& pages,
                      std::vector<std::string>& urls) {
  if (requirement.kind == Kind::none) return;
  const auto page = pages.find(requirement.patreon.campaign);
  if (requirement.kind == Kind::patreon && page != pages.end() && !is_one_of(page->second, urls)) {
    urls.push_back(page->second);
  }
  for (const Requirement& child : requirement.children) add_member_pages(child, pages, urls);
}

// What they pay is between them and the creator: how much would do is told, as other values are, to nobody.
std::string patreon_html(const PatreonTest& test, const Language& language) {
  std::string names;
  for (const std::string& tier : test.tiers) {
    names.append(names.empty() ? "" : ", ").append("<strong>").append(html_escape(tier)).append("</strong>");
  }
  const TextKey key = test.tiers.empty()       ? TextKey("need.patreon")
                      : test.tiers.size() == 1 ? TextKey("need.patreon_tier")
                                               : TextKey("need.patreon_tiers");
  std::string html = with_html(key, language, {names});
  return test.min_cents > 0 ? with_html("need.patreon_more", language, {html}) : html;
}

struct ConnectorName {
  std::string_view target;
  std::string_view name;
};
// Those whose names are not their targets with a capital letter.
constexpr std::array kConnectorNames = {
    ConnectorName{"linkedin", "LinkedIn"},
    ConnectorName{"github", "GitHub"},
    ConnectorName{"gitlab", "GitLab"},
    ConnectorName{"azuread", "Microsoft"},
    ConnectorName{"wechat", "WeChat"},
    ConnectorName{"wecom", "WeCom"},
    ConnectorName{"x", "X"},
    ConnectorName{"dingtalk", "DingTalk"},
    ConnectorName{"qq", "QQ"},
    ConnectorName{"line", "LINE"},
    ConnectorName{"paypal", "PayPal"},
    ConnectorName{"huggingface", "Hugging Face"},
    ConnectorName{"tiktok", "TikTok"},
    ConnectorName{"feishu-web", "Feishu"},
    ConnectorName{"kook", "KOOK"},
};

}  // namespace

std::string requirement_html(const Requirement& requirement, const Language& language) {
  if (requirement.kind == Kind::all) return joined_children(requirement, "need.and", language);
  if (requirement.kind == Kind::any) return joined_children(requirement, "need.or", language);
  if (requirement.kind == Kind::none)
    return with_html("need.none", language, {joined_children(requirement, "need.or", language)});
  if (requirement.kind == Kind::claim && asks_for_verified_email(requirement.test))
    return html_escape(language.say("need.verified_email"));
  if (requirement.kind == Kind::patreon) return patreon_html(requirement.patreon, language);
  if (requirement.kind == Kind::client_certificate) {
    const bool is_any = requirement.certificate.all_of.empty();
    return html_escape(language.say(is_any ? TextKey("need.client_certificate") : TextKey("need.certain_certificate")));
  }
  for (const RequirementWords& words : kRequirementWords) {
    if (words.kind != requirement.kind) continue;
    const bool several = words.tells_names && requirement.any_of.size() > 1;
    return with_html(several ? words.several : words.one, language, {names_html(words, requirement.any_of)});
  }
  return {};
}

std::vector<std::string> connectors_wanted(const std::vector<const Requirement*>& missing, std::string_view patreon) {
  std::vector<std::string> targets;
  for (const Requirement* requirement : missing) add_connectors(*requirement, patreon, targets);
  return targets;
}

std::vector<std::string> member_pages_of(const std::vector<const Requirement*>& missing,
                                         const std::map<std::string, std::string>& pages) {
  std::vector<std::string> urls;
  for (const Requirement* requirement : missing) add_member_pages(*requirement, pages, urls);
  return urls;
}

std::string connector_name(std::string_view target) {
  for (const ConnectorName& known : kConnectorNames) {
    if (known.target == target) return std::string(known.name);
  }
  std::string name(target);
  if (!name.empty() && name.front() >= 'a' && name.front() <= 'z') name.front() = static_cast<char>(name.front() - 32);
  return name;
}

}  // namespace lp
