#include "auth/pages/requirement_words.h"

#include <array>
#include <string_view>

#include "auth/rules/authorize.h"
#include "base/encoding.h"

namespace lp {
namespace {

using Kind = Requirement::Kind;

struct RequirementWords {
  Kind kind;
  bool tells_names;
  struct {
    std::string_view one;      // before one name, or alone where no name is told
    std::string_view several;  // before several
  } text[kLanguages];
};

constexpr std::array kRequirementWords = {
    RequirementWords{Kind::roles, true, {{"the role", "one of the roles"}, {"ロール", "いずれかのロール"}}},
    RequirementWords{Kind::scopes, true, {{"the permission", "one of the permissions"}, {"権限", "いずれかの権限"}}},
    RequirementWords{
        Kind::organizations, true, {{"the organization", "one of the organizations"}, {"組織", "いずれかの組織"}}},
    RequirementWords{
        Kind::organization_roles,
        true,
        {{"the organization role", "one of the organization roles"}, {"組織ロール", "いずれかの組織ロール"}}},
    RequirementWords{Kind::social,
                     true,
                     {{"an account linked with", "an account linked with one of"},
                      {"次のアカウントとの連携", "次のいずれかのアカウントとの連携"}}},
    RequirementWords{Kind::email, false, {{"a certain e-mail address", ""}, {"特定のメールアドレス", ""}}},
    RequirementWords{Kind::email_domain,
                     false,
                     {{"an e-mail address of a certain domain", ""}, {"特定のドメインのメールアドレス", ""}}},
    RequirementWords{Kind::claim, false, {{"a certain attribute of the account", ""}, {"アカウントの特定の属性", ""}}},
    RequirementWords{Kind::max_age, false, {{"a recent sign-in", ""}, {"最近のサインイン", ""}}},
};

constexpr std::array<std::string_view, kLanguages> kVerifiedEmail = {"a verified e-mail address",
                                                                     "確認済みのメールアドレス"};

struct Joints {
  std::string_view all_of, any_of, none_of;
};
constexpr std::array<Joints, kLanguages> kJoints = {
    Joints{" and ", " or ", "none of: "},
    Joints{" かつ ", " または ", "次のいずれでもないこと: "},
};

std::string joined_children(const Requirement& requirement, std::string_view between, Language language) {
  std::string html;
  for (const Requirement& child : requirement.children) {
    if (!html.empty()) html += between;
    html += requirement_html(child, language);
  }
  return requirement.children.size() > 1 ? "(" + html + ")" : html;
}

std::string names_html(const std::vector<std::string>& names) {
  std::string html;
  for (const std::string& name : names) {
    html.append(html.empty() ? " " : ", ").append("<strong>").append(html_escape(name)).append("</strong>");
  }
  return html;
}

}  // namespace

std::string requirement_html(const Requirement& requirement, Language language) {
  const std::size_t at = index_of(language);
  const Joints& joints = kJoints[at];
  if (requirement.kind == Kind::all) return joined_children(requirement, joints.all_of, language);
  if (requirement.kind == Kind::any) return joined_children(requirement, joints.any_of, language);
  if (requirement.kind == Kind::none)
    return std::string(joints.none_of) + joined_children(requirement, joints.any_of, language);
  if (requirement.kind == Kind::claim && asks_for_verified_email(requirement.test))
    return std::string(kVerifiedEmail[at]);
  for (const RequirementWords& words : kRequirementWords) {
    if (words.kind != requirement.kind) continue;
    const auto& text = words.text[at];
    const bool several = words.tells_names && requirement.any_of.size() > 1;
    return std::string(several ? text.several : text.one) +
           (words.tells_names ? names_html(requirement.any_of) : std::string());
  }
  return {};
}

}  // namespace lp
