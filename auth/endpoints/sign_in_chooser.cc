#include "auth/endpoints/sign_in_chooser.h"

#include <memory>
#include <utility>
#include <vector>

#include "auth/oidc/sign_in_ways.h"
#include "auth/pages/requirement_words.h"
#include "auth/visit/wait.h"

namespace lp {
namespace {

using Ways = AuthQuestions::Ways;

std::string href_of(const Visit& visit, const ChooserRequest& request, std::string_view with) {
  std::string more = with.empty() ? "choose=0" : "";
  if (!request.parameters.empty()) more.append(more.empty() ? "" : "&").append(request.parameters);
  return sign_in_path(visit.settings().auth_prefix, request.return_to, request.route, request.other_account, with,
                      more);
}

// In the page's language, in English, or as people write the target.
std::string way_name(const SignInWay& way, std::string_view language) {
  for (const std::string_view tag : {language, language.substr(0, language.find('-')), std::string_view("en")}) {
    const auto found = way.names.find(std::string(tag));
    if (found != way.names.end()) return found->second;
  }
  return connector_name(way.target);
}

std::string continue_with(const std::string& name, const Language& language) {
  return fill_text(language.say("choose.continue_with"), {name});
}

// "e-mail or username"; empty: Logto's first screen has no fields.
std::string identifiers(const SignInWays& ways, const Language& language) {
  std::string text;
  const auto add = [&](bool is_there, TextKey key) {
    const std::string word(language.say(key));
    if (is_there) text = text.empty() ? word : fill_text(language.say("choose.or"), {text, word});
  };
  add(ways.email, "choose.email");
  add(ways.phone, "choose.phone");
  add(ways.username, "choose.username");
  return text;
}

std::vector<PageWay> ways_of(const Visit& visit, const ChooserRequest& request, const SignInWays& ways,
                             const Language& language) {
  std::vector<PageWay> all;
  for (const SignInWay& way : ways.social) {
    const std::string href = href_of(visit, request, "social:" + way.target);
    all.push_back({continue_with(way_name(way, language.tag()), language), way.logo, way.logo_dark, href});
  }
  const std::string plain = identifiers(ways, language);
  if (!plain.empty()) all.push_back({continue_with(plain, language), "", "", href_of(visit, request, "")});
  return all;
}

Verdict chooser_page(const Visit& visit, const ChooserRequest& request, const Ways& ways) {
  PageFacts facts = page_facts(visit);
  const Language language = facts.language();
  if (ways) facts.ways = ways_of(visit, request, *ways, language);
  const bool has_choice = !facts.ways.empty();
  if (!has_choice)
    facts.ways.push_back({std::string(language.say("action.sign_in")), "", "", href_of(visit, request, "")});
  return answer_verdict(visit, "own", make_page(has_choice ? PageKind::choose_sign_in : PageKind::sign_in_page, facts));
}

}  // namespace

Verdict show_sign_in_chooser(const Visit& visit, ChooserRequest request, Waiting waiting) {
  if (!visit.realm.auth) return chooser_page(visit, request, nullptr);
  if (const Ways known = visit.realm.auth->sign_in_ways()) return chooser_page(visit, request, known);
  const auto ask = [](const Visit& asking, auto answer) {
    return asking.realm.auth->need_sign_in_ways(asking.loop, std::move(answer));
  };
  auto judge = [request = std::move(request)](const Visit& judged, const Ways& ways, Waiting) {
    return chooser_page(judged, request, ways);
  };
  return wait_for(visit, std::move(waiting), ask, std::move(judge));
}

}  // namespace lp
