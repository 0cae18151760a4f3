#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/page_language.h"
#include "config/requirement.h"

namespace lp {

// What a rule asks for, as a person who was refused reads it on a page: names in <strong>, everything escaped. Other
// people's addresses and the values that would do are not told (see Audience in auth/rules/authorize.h). Pure.
[[nodiscard]] std::string requirement_html(const Requirement& requirement, const Language& language);

// The social connectors that would bring what one of the requirements wants, by their targets at Logto, each once.
// None for what must not be there (`not:`). `patreon`: the one for memberships there, where the person has no account
// of it; else empty, for another sign-in brings no tier.
[[nodiscard]] std::vector<std::string> connectors_wanted(const std::vector<const Requirement*>& missing,
                                                         std::string_view patreon = {});
// Where to become a member of what they ask for, each once. `pages`: PatreonSettings::pages.
[[nodiscard]] std::vector<std::string> member_pages_of(const std::vector<const Requirement*>& missing,
                                                       const std::map<std::string, std::string>& pages);
// "linkedin" as people write it: LinkedIn.
[[nodiscard]] std::string connector_name(std::string_view target);

}  // namespace lp
