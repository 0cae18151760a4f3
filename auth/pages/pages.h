#pragma once
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/pages/language.h"
#include "auth/pages/page_forms.h"
#include "auth/rules/authorize.h"
#include "base/http_message.h"

// Our own answers: HTML pages (plain, accessible, light and dark, in the languages there are), JSON errors, redirects.
// None of them may be stored by a cache. Pure.
namespace lp {

// A label and its value; where that is a moment, also as machines read it.
struct PageRow {
  std::string label;
  std::string value;
  std::string datetime{};
};

// One app of the launcher.
struct PageApp {
  std::string name;
  std::string description;
  std::string icon;  // a data URI; may be empty
  std::string href;
};

// One way to sign in, as a button.
struct PageWay {
  std::string label;
  std::string logo;       // a data URI; may be empty
  std::string logo_dark;  // on a dark ground; empty: the same
  std::string href;
};

struct PageFacts {
  std::string request_id;
  std::string_view accept_language;
  std::shared_ptr<const PagesSettings> pages;  // null: as they are built in
  std::string auth_prefix = "/_auth";
  std::string user;                         // 403: who you are, as a person would say it; may be empty
  std::vector<const Requirement*> missing;  // 403: what is missing; must outlive the page's making
  std::string organization;                 // 403: whose members alone pass; empty: that is not what is missing
  std::vector<std::string> member_pages;    // 403: where to become a member of what is missing, URLs
  std::vector<std::string> sign_in_with;    // 403: targets of the connectors that would bring what is missing
  std::string return_to;                    // where links lead after a sign-in, vetted; empty: none
  int route = 0;                            // RouteSettings::index whose sign-in settings the links ask for
  std::string back_to;                      // where the link stood that led here, vetted; empty: not known
  bool is_home = false;                     // no link leads to "/": this page is there, or nothing is
  bool has_apps = false;                    // the account page has a link to them
  bool has_organizations = false;           // likewise
  std::string asked_host;                   // 421: what the browser asked for; may be empty
  std::string served_at;                    // 421: the address of the only site; empty: not told
  std::string code;                         // the one word of the log that says why, for whoever runs the site
  std::string_view allowed_by;              // the key of a route that would let the request pass; may be empty
  std::string after_sign_out;               // sign-out forms: where to go behind it, vetted; empty: our own page
  std::string form_origin;                  // sign-out forms: where Logto ends sessions, for form-action
  // In the language of language() already, escaped here:
  std::vector<std::string> paragraphs;  // after the lead
  std::vector<PageRow> rows;
  std::vector<std::string> evidence;  // a list under its heading
  std::vector<PageApp> apps;          // or organizations
  std::vector<PageWay> ways;
  std::string resume_target;  // confirm_resume: where its form posts, vetted
  std::string resume_token;   // and what it posts: {kResumeField}={token}

  // Valid as long as `pages`.
  [[nodiscard]] Language language() const { return choose_language(accept_language, pages.get()); }
  [[nodiscard]] const PagesSettings& look() const;
};

// A complete answer: status of the kind, HTML, security headers.
[[nodiscard]] Answer make_page(PageKind kind, const PageFacts& facts);
// With another status than the kind's, on the page as well.
[[nodiscard]] Answer make_page(PageKind kind, const PageFacts& facts, int status);
// The page for a status that the proxy found by itself; those without a page of their own share a general one.
[[nodiscard]] Answer make_status_page(int status, const PageFacts& facts);

// The same facts for non-navigations, as a problem (RFC 9457): {"type","title","status","detail","instance","error",
// "message",...extra,"request_id"}. `error` is one word for programs; message says what detail says, and request_id
// what instance says, which they did before there were problems.
[[nodiscard]] Answer make_json_error(int status, std::string_view error, std::string_view message,
                                     std::string_view request_id);
[[nodiscard]] Answer make_json_error(int status, std::string_view error, std::string_view message,
                                     std::string_view request_id, const nlohmann::ordered_json& extra);
// `allowed_by` as in PageFacts, for the member "allowed_by".
[[nodiscard]] Answer make_status_json(int status, std::string_view request_id, std::string_view allowed_by = {});
// For people and programs alike, where neither gets a page.
[[nodiscard]] Answer make_text(int status, std::string text, std::string_view request_id);
[[nodiscard]] Answer make_json(int status, const nlohmann::ordered_json& value);
[[nodiscard]] Answer make_redirect(std::string location);  // 303: never repeats a body elsewhere (threat O14)

// "{prefix}/sign-in" with what to come back to; `return_to` stands last in the query. `with` as in sign_in.with.
// `more`: further parameters, encoded.
[[nodiscard]] std::string sign_in_path(std::string_view auth_prefix, std::string_view return_to, int route = 0,
                                       bool other_account = false, std::string_view with = {},
                                       std::string_view more = {});

}  // namespace lp
