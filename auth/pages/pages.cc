#include "auth/pages/pages.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "auth/cookies/held_ticket.h"
#include "auth/pages/answer_security.h"
#include "auth/pages/page_style.h"
#include "auth/pages/requirement_words.h"
#include "auth/pages/text_language.h"
#include "auth/rules/challenge.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::ordered_json;

// The link's last parameter is return_to, so that the fragment becomes a part of it. A constant text, so that the
// policy can name its hash; without scripts the button does the same without the fragment.
constexpr std::string_view kCarryFragmentScript =
    R"js(location.replace(document.getElementById("go").getAttribute("href")+encodeURIComponent(location.hash))js"
    R"js())js";

struct StatusForm {
  int status;
  PageKind page;
  std::string_view title;  // the status in words, as RFC 9457 4.2.1 wants it with about:blank
  std::string_view error;
  std::string_view message;
};
constexpr std::array kStatusForms = {
    StatusForm{400, PageKind::bad_request, "Bad Request", "bad_request",
               "The request is malformed or ambiguous and was not passed on."},
    StatusForm{401, PageKind::unauthenticated, "Unauthorized", "unauthenticated", "Sign in to use this address."},
    StatusForm{403, PageKind::closed, "Forbidden", "forbidden", "This is not allowed."},
    StatusForm{404, PageKind::not_found, "Not Found", "not_found", "There is nothing at this address."},
    StatusForm{405, PageKind::method_not_allowed, "Method Not Allowed", "method_not_allowed", "Not for this method."},
    StatusForm{408, PageKind::timeout, "Request Timeout", "request_timeout",
               "The request did not arrive completely in time."},
    StatusForm{413, PageKind::payload_too_large, "Content Too Large", "content_too_large",
               "The body is larger than this server accepts."},
    StatusForm{414, PageKind::bad_request, "URI Too Long", "uri_too_long", "The request target is too long."},
    StatusForm{421, PageKind::misdirected, "Misdirected Request", "misdirected_request",
               "This host is not served here."},
    StatusForm{431, PageKind::bad_request, "Request Header Fields Too Large", "header_fields_too_large",
               "The header fields are too many or too large."},
    StatusForm{501, PageKind::bad_request, "Not Implemented", "not_implemented", "This is not supported."},
    StatusForm{502, PageKind::bad_gateway, "Bad Gateway", "bad_gateway", "The application is not answering properly."},
    StatusForm{503, PageKind::unavailable, "Service Unavailable", "unavailable",
               "A service that is needed here cannot be reached right now."},
    StatusForm{504, PageKind::gateway_timeout, "Gateway Timeout", "gateway_timeout",
               "The application did not answer in time."},
    StatusForm{505, PageKind::bad_request, "HTTP Version Not Supported", "version_not_supported",
               "This version of HTTP is not supported."},
};

// A status without a row is told as the general one of its class.
const StatusForm& status_form(int status) {
  const auto find = [](int wanted) {
    return std::find_if(kStatusForms.begin(), kStatusForms.end(),
                        [&](const StatusForm& f) { return f.status == wanted; });
  };
  const auto found = find(status);
  return found != kStatusForms.end() ? *found : *find(status >= 500 ? 503 : 400);
}

const PagesSettings& built_in_look() {
  static const PagesSettings look;
  return look;
}

void append_line(std::string& html, std::string_view text) { html.append(text).append("\n"); }

// What is written, and the values that stand in it as HTML.
std::string said(const Language& language, TextKey key, const std::vector<std::string>& html = {}) {
  return in_its_language(language, key, fill_text(html_escape(language.say(key)), html));
}

std::string in_tag(std::string_view tag, std::string_view text) {
  return "<" + std::string(tag) + ">" + html_escape(text) + "</" + std::string(tag) + ">";
}

// A text that may be of the other direction than the page, as one that its language lacks: its full stop stays at its
// end. Aligned as the page is.
std::string isolated(const Language& language, std::string text) {
  return language.is_right_to_left() ? "<bdi>" + std::move(text) + "</bdi>" : text;
}

void append_rows(std::string& html, const PageFacts& facts) {
  if (facts.rows.empty()) return;
  append_line(html, "<dl>");
  for (const PageRow& row : facts.rows) {
    html.append("<dt>").append(html_escape(row.label)).append("</dt><dd><bdi>");
    if (!row.datetime.empty()) html.append("<time datetime=\"").append(html_escape(row.datetime)).append("\">");
    html.append(html_escape(row.value)).append(row.datetime.empty() ? "" : "</time>");
    append_line(html, "</bdi></dd>");
  }
  append_line(html, "</dl>");
}

// Under its heading.
void append_list(std::string& html, std::string_view id, const std::string& heading,
                 const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  html.append("<p id=\"").append(id).append("\">").append(heading).append("</p>\n<ul aria-labelledby=\"");
  append_line(html.append(id), "\">");
  for (const std::string& line : lines) append_line(html.append("<li>").append(line), "</li>");
  append_line(html, "</ul>");
}

void append_detail(std::string& html, const std::string& text) {
  append_line(html.append("<p class=\"detail\">").append(text), "</p>");
}

void append_addresses(std::string& html, const PageFacts& facts, const Language& language) {
  if (!facts.asked_host.empty())
    append_detail(html, said(language, "page.asked_host", {in_tag("strong", facts.asked_host)}));
  if (facts.served_at.empty()) return;
  const std::string url = html_escape(facts.served_at);
  append_detail(html, said(language, "page.served_at", {"<a href=\"" + url + "/\">" + url + "</a>"}));
}

void append_facts(std::string& html, const PageFacts& facts, const Language& language) {
  if (!facts.user.empty())
    append_line(html, "<p>" + said(language, "page.signed_in_as", {in_tag("strong", facts.user)}) + "</p>");
  std::vector<std::string> missing;
  for (const Requirement* one : facts.missing) {
    const bool is_membership = one->kind == Requirement::Kind::member && !facts.organization.empty();
    missing.push_back(is_membership ? said(language, "need.member", {in_tag("strong", facts.organization)})
                                    : requirement_html(*one, language));
  }
  append_list(html, "needs", said(language, "page.missing"), missing);
  for (const std::string& url : facts.member_pages) {
    const std::string href = html_escape(url);
    append_detail(html, said(language, "page.member_page", {"<a href=\"" + href + "\">" + href + "</a>"}));
  }
  for (const std::string& text : facts.paragraphs) append_detail(html, isolated(language, html_escape(text)));
  append_addresses(html, facts, language);
  if (!facts.allowed_by.empty())
    append_detail(html, said(language, "page.allowed_by", {in_tag("code", facts.allowed_by)}));
  append_rows(html, facts);
  std::vector<std::string> seen;
  for (const std::string& line : facts.evidence) seen.push_back(html_escape(line));
  append_list(html, "seen", said(language, "page.evidence"), seen);
}

// The first character of a name, in place of a picture.
std::string_view first_letter(std::string_view name) {
  return name.substr(0, std::max<std::size_t>(utf8_sequence_bytes(name), 1));
}

void append_apps(std::string& html, const PageFacts& facts) {
  if (facts.apps.empty()) return;
  append_line(html, "<ul class=\"apps\">");
  for (const PageApp& app : facts.apps) {
    html.append("<li><a href=\"").append(html_escape(app.href)).append("\">");
    if (app.icon.empty())
      html.append("<span class=\"icon\" aria-hidden=\"true\">").append(html_escape(first_letter(app.name)));
    else
      html.append("<img class=\"icon\" alt=\"\" src=\"").append(html_escape(app.icon)).append("\">");
    html.append(app.icon.empty() ? "</span>" : "").append("<span>").append(in_tag("strong", app.name));
    if (!app.description.empty()) html.append(in_tag("small", app.description));
    append_line(html, "</span></a></li>");
  }
  append_line(html, "</ul>");
}

// Without one its room is kept, so that the labels of all stand below each other.
void append_logo(std::string& html, const PageWay& way, bool keeps_room) {
  if (way.logo.empty()) {
    if (keeps_room) html.append("<span class=\"blank\"></span>");
    return;
  }
  html.append("<picture>");
  if (!way.logo_dark.empty()) {
    html.append("<source media=\"(prefers-color-scheme:dark)\" srcset=\"").append(html_escape(way.logo_dark));
    html.append("\">");
  }
  html.append("<img class=\"").append(way.logo_dark.empty() ? "light\"" : "\"").append(" alt=\"\" src=\"");
  html.append(html_escape(way.logo)).append("\"></picture>");
}

void append_ways(std::string& html, const PageFacts& facts) {
  if (facts.ways.empty()) return;
  const bool has_logos =
      std::any_of(facts.ways.begin(), facts.ways.end(), [](const PageWay& way) { return !way.logo.empty(); });
  append_line(html, "<ul class=\"ways\">");
  for (const PageWay& way : facts.ways) {
    html.append("<li><a href=\"").append(html_escape(way.href)).append("\">");
    append_logo(html, way, has_logos);
    append_line(html.append(in_tag("span", way.label)), "</a></li>");
  }
  append_line(html, "</ul>");
}

// "{prefix}/organizations" for the route of this page.
std::string organizations_href(const PageFacts& facts) {
  return facts.auth_prefix + "/organizations" + (facts.route > 0 ? "?route=" + std::to_string(facts.route) : "");
}

std::string action_href(PageAction action, const PageFacts& facts) {
  switch (action) {
    case PageAction::sign_in:
    case PageAction::try_again:
      return sign_in_path(facts.auth_prefix, facts.return_to, facts.route);
    case PageAction::other_account:
    case PageAction::sign_in_again:
      return sign_in_path(facts.auth_prefix, facts.return_to, facts.route, true);
    case PageAction::reload:
      return facts.return_to;  // empty: no link, the browser's own button does it
    case PageAction::home:
      return !facts.back_to.empty() ? facts.back_to : facts.is_home ? "" : "/";
    default:
      return {};  // a form, or nothing
  }
}

std::string sign_out_action(const PageFacts& facts, bool everywhere) {
  std::string action = facts.auth_prefix + (everywhere ? "/sign-out?everywhere=1" : "/sign-out");
  if (facts.after_sign_out.empty()) return action;
  return action + (everywhere ? "&" : "?") + "return_to=" + percent_encode(facts.after_sign_out);
}

std::string form_action(PageAction action, const PageFacts& facts) {
  switch (action) {
    case PageAction::sign_out:
      return sign_out_action(facts, false);
    case PageAction::sign_out_everywhere:
      return sign_out_action(facts, true);
    case PageAction::resume:
      return facts.resume_target;
    case PageAction::discard:
      return facts.auth_prefix + "/resume?discard=1";
    default:
      return {};  // a link, or nothing
  }
}

void append_form(std::string& html, PageAction action, std::string_view classes, const PageFacts& facts,
                 const std::string& label) {
  html.append("<form method=\"post\" action=\"").append(html_escape(form_action(action, facts))).append("\">");
  if (action == PageAction::resume) {
    html.append("<input type=\"hidden\" name=\"").append(kResumeField).append("\" value=\"");
    html.append(html_escape(facts.resume_token)).append("\">");
  }
  html.append("<button class=\"").append(classes).append("\" type=\"submit\">").append(label);
  html.append("</button></form>\n");
}

void append_link(std::string& html, std::string_view attributes, std::string_view href, const std::string& label) {
  html.append("<a ").append(attributes).append("href=\"").append(html_escape(href)).append("\">").append(label);
  html.append("</a>\n");
}

std::string label_of(PageAction action, const PageFacts& facts, const Language& language) {
  if (action == PageAction::home && !facts.back_to.empty()) return said(language, "action.back");
  return said(language, action_label(action));
}

void append_action(std::string& html, PageAction action, bool primary, const PageFacts& facts,
                   const Language& language) {
  if (action == PageAction::none) return;
  const std::string label = label_of(action, facts, language);
  if (!form_action(action, facts).empty())
    return append_form(html, action, primary ? "button" : "button second", facts, label);
  const std::string href = action_href(action, facts);
  if (!href.empty()) append_link(html, primary ? "id=\"go\" class=\"button\" " : "", href, label);
}

// Where another sign-in would bring what is missing, that goes before another account.
void append_actions(std::string& html, const PageForm& form, const PageFacts& facts, const Language& language) {
  append_line(html, "<div class=\"actions\">");
  const bool is_of_organization = !facts.organization.empty();
  if (is_of_organization)
    append_link(html, "class=\"button\" ", organizations_href(facts), said(language, "action.other_organization"));
  for (const std::string& target : facts.sign_in_with) {
    const bool is_first = &target == &facts.sign_in_with.front() && !is_of_organization;
    append_link(html, is_first ? "class=\"button\" " : "class=\"button second\" ",
                sign_in_path(facts.auth_prefix, facts.return_to, facts.route, true, "social:" + target),
                said(language, "action.sign_in_with", {html_escape(connector_name(target))}));
  }
  append_action(html, form.primary, facts.sign_in_with.empty() && !is_of_organization, facts, language);
  append_action(html, form.secondary, false, facts, language);
  append_line(html, "</div>");
}

// From pages about the person, which offer to sign out, to what they can use.
void append_ways_on(std::string& html, const PageForm& form, const PageFacts& facts, const Language& language) {
  const bool is_account = form.kind == PageKind::account;
  const bool is_nothing = form.kind == PageKind::no_apps || form.kind == PageKind::no_organizations;
  const bool is_list = form.kind == PageKind::apps || form.kind == PageKind::organizations || is_nothing;
  if (!is_account && !is_list) return;
  append_line(html, "<p class=\"actions\">");
  if (is_account && facts.has_apps)
    append_link(html, "", facts.auth_prefix + "/apps", said(language, "page.apps_link"));
  if (is_account && facts.has_organizations)
    append_link(html, "", facts.auth_prefix + "/organizations", said(language, "page.organizations_link"));
  if (is_list) append_link(html, "", facts.auth_prefix + "/", said(language, "page.account_link"));
  if (!is_nothing) append_action(html, PageAction::home, false, facts, language);
  append_line(html, "</p>");
}

// The title with what stands for a place where a line may break put into each such place.
std::string title_with(std::string_view title, std::string_view place) {
  std::string text;
  for (std::size_t at = 0; at <= title.size();) {
    const std::size_t end = std::min(title.find('|', at), title.size());
    text.append(at == 0 ? "" : place).append(html_escape(title.substr(at, end - at)));
    at = end + 1;
  }
  return text;
}

std::string window_title(const PageForm& form, const PageFacts& facts, const Language& language) {
  const std::string& site = facts.look().site_name;
  return title_with(language.say(form.title), "") + (site.empty() ? "" : " · " + html_escape(site));
}

std::string logo_html(const PagesSettings& look) {
  if (look.logo.data_uri.empty()) return {};
  return "<img class=\"logo\" alt=\"\" src=\"" + html_escape(look.logo.data_uri) + "\">";
}

void append_site(std::string& html, const PagesSettings& look) {
  if (look.logo.data_uri.empty() && look.site_name.empty()) return;
  html.append("<header class=\"site\">").append(logo_html(look));
  if (!look.site_name.empty()) html.append(in_tag("span", look.site_name));
  append_line(html, "</header>");
}

void append_request_id(std::string& html, const PageFacts& facts, const Language& language) {
  if (facts.request_id.empty() && facts.code.empty()) return;
  std::string line;
  if (!facts.request_id.empty()) line = said(language, "page.request_id") + " " + in_tag("code", facts.request_id);
  if (!facts.code.empty()) line += " (" + in_tag("code", facts.code) + ")";
  append_line(html, "<p>" + line + "</p>");
}

void append_footer(std::string& html, const PageFacts& facts, const Language& language, bool is_whole) {
  std::string inner;
  const PagesSettings& look = facts.look();
  if (is_whole && !look.footer.empty())
    append_line(inner, "<p>" + isolated(language, html_escape(look.footer)) + "</p>");
  if (is_whole && !look.support.empty()) {
    inner += "<p>";
    append_link(inner, "", look.support, said(language, "page.support"));
    append_line(inner, "</p>");
  }
  append_request_id(inner, facts, language);
  if (!inner.empty()) append_line(html.append("<footer>\n").append(inner), "</footer>");
}

// What comes of the request; all of the page but for what frames it.
std::string content_html(const PageForm& form, int status, const PageFacts& facts, bool is_whole) {
  const Language language = facts.language();
  std::string html = "<main>\n";
  if (is_whole) append_site(html, facts.look());
  if (status >= 400) append_line(html, "<p class=\"status\">" + std::to_string(status) + "</p>");
  const std::string title = title_with(language.say(form.title), "<wbr>");
  append_line(html, "<h1>" + in_its_language(language, form.title, title) + "</h1>");
  append_line(html, "<p>" + isolated(language, said(language, form.lead)) + "</p>");
  append_facts(html, facts, language);
  append_apps(html, facts);
  append_ways(html, facts);
  if (form.primary != PageAction::none || form.secondary != PageAction::none)
    append_actions(html, form, facts, language);
  append_ways_on(html, form, facts, language);
  append_footer(html, facts, language, is_whole);
  append_line(html, "</main>");
  if (form.kind == PageKind::carry_fragment) html.append("<script>").append(kCarryFragmentScript).append("</script>\n");
  return html;
}

std::string direction(const Language& language) { return language.is_right_to_left() ? "rtl" : "ltr"; }

std::string built_in_page(const PageForm& form, int status, const PageFacts& facts, std::string_view style) {
  const Language language = facts.language();
  std::string html;
  html.reserve(8192);
  html.append("<!doctype html>\n<html lang=\"").append(html_escape(language.tag())).append("\"");
  html.append(language.is_right_to_left() ? " dir=\"rtl\"" : "").append(">\n<head>\n<meta charset=\"utf-8\">\n");
  html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
  html.append("<meta name=\"robots\" content=\"noindex\">\n<title>").append(window_title(form, facts, language));
  html.append("</title>\n<style>").append(style).append("</style>\n</head>\n<body>\n");
  html.append(content_html(form, status, facts, true)).append("</body>\n</html>\n");
  return html;
}

std::string piece_html(const PageLayoutPiece& piece, const PageForm& form, int status, const PageFacts& facts,
                       std::string_view style) {
  using Kind = PageLayoutPiece::Kind;
  const Language language = facts.language();
  const PagesSettings& look = facts.look();
  switch (piece.kind) {
    case Kind::text:
      return piece.text;
    case Kind::lang:
      return html_escape(language.tag());
    case Kind::dir:
      return direction(language);
    case Kind::title:
      return window_title(form, facts, language);
    case Kind::style:
      return "<style>" + std::string(style) + "</style>";
    case Kind::site_name:
      return html_escape(look.site_name);
    case Kind::logo:
      return logo_html(look);
    case Kind::content:
      return content_html(form, status, facts, false);
    case Kind::footer:
      return html_escape(look.footer);
    case Kind::support_url:
      return html_escape(look.support);
    case Kind::support_label:  // it may stand in an attribute
      return html_escape(language.say("page.support"));
    case Kind::request_id:
      return html_escape(facts.request_id);
  }
  return {};
}

std::string render(const PageForm& form, int status, const PageFacts& facts, std::string_view style) {
  const PageLayout& layout = facts.look().layout;
  if (!layout.is_set()) return built_in_page(form, status, facts, style);
  std::string html;
  for (const PageLayoutPiece& piece : layout.pieces) html += piece_html(piece, form, status, facts, style);
  return html;
}

void add_request_id(Answer& answer, std::string_view request_id) {
  if (!request_id.empty()) answer.add("X-Request-Id", std::string(request_id));
}

// A 401 has its challenge from here on (RFC 9110 15.5.2); who knows the route replaces it.
void add_status_headers(Answer& answer) {
  if (answer.status == 401) set_challenges(answer, nullptr);
  if (answer.status == 503) answer.add("Retry-After", "5");
}

// A status without a row is told as its class.
std::string_view status_title(int status) {
  const StatusForm& form = status_form(status);
  if (form.status == status) return form.title;
  return status >= 500 ? "Server Error" : "Client Error";
}

Answer json_answer(int status, std::string_view content_type, const ordered_json& value) {
  Answer answer;
  answer.status = status;
  answer.add("Content-Type", std::string(content_type));
  add_status_headers(answer);
  add_security_headers(answer);
  answer.body = value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  return answer;
}

// What the page's forms, pictures and styles need. The answer to a resumed request is the app's: it may redirect
// anywhere, and Chromium holds that against the policy of the page that the form stood on.
PageNeeds needs_of(const PageForm& form, const PageFacts& facts, std::string_view style) {
  const PagesSettings& look = facts.look();
  PageNeeds needs;
  needs.styles.emplace_back(style);
  for (const std::string& one : look.layout.styles) needs.styles.emplace_back(one);
  if (look.layout.is_set()) needs.allow_from = &look.allow_from;
  needs.has_images =
      !look.logo.data_uri.empty() ||
      std::any_of(facts.apps.begin(), facts.apps.end(), [](const PageApp& app) { return !app.icon.empty(); }) ||
      std::any_of(facts.ways.begin(), facts.ways.end(), [](const PageWay& way) { return !way.logo.empty(); });
  if (form.kind == PageKind::carry_fragment) needs.script = kCarryFragmentScript;
  needs.has_form = !form_action(form.primary, facts).empty() || !form_action(form.secondary, facts).empty();
  needs.form_origin = form.kind == PageKind::confirm_resume ? std::string_view("*") : facts.form_origin;
  return needs;
}

Answer page_answer(const PageForm& form, int status, const PageFacts& facts) {
  const std::string style = page_style(facts.look());
  Answer answer;
  answer.status = status;
  answer.add("Content-Type", "text/html; charset=utf-8");
  answer.add("Vary", "Accept-Language");
  add_request_id(answer, facts.request_id);
  add_status_headers(answer);
  add_security_headers(answer, needs_of(form, facts, style));
  answer.body = render(form, status, facts, style);
  return answer;
}

}  // namespace

const PagesSettings& PageFacts::look() const { return pages ? *pages : built_in_look(); }

Answer make_page(PageKind kind, const PageFacts& facts) {
  const PageForm& form = page_form(kind);
  return page_answer(form, form.status, facts);
}

Answer make_page(PageKind kind, const PageFacts& facts, int status) {
  return page_answer(page_form(kind), status, facts);
}

Answer make_status_page(int status, const PageFacts& facts) {
  return page_answer(page_form(status_form(status).page), status, facts);
}

Answer make_json(int status, const ordered_json& value) { return json_answer(status, "application/json", value); }

Answer make_json_error(int status, std::string_view error, std::string_view message, std::string_view request_id,
                       const ordered_json& extra) {
  ordered_json value = {{"type", "about:blank"}, {"title", status_title(status)}, {"status", status},
                        {"detail", message},     {"instance", request_id},        {"error", error},
                        {"message", message}};
  for (const auto& [name, member] : extra.items()) value[name] = member;
  value["request_id"] = request_id;
  if (request_id.empty()) value.erase("instance");
  Answer answer = json_answer(status, "application/problem+json", value);
  add_request_id(answer, request_id);
  return answer;
}

Answer make_json_error(int status, std::string_view error, std::string_view message, std::string_view request_id) {
  return make_json_error(status, error, message, request_id, ordered_json::object());
}

Answer make_status_json(int status, std::string_view request_id, std::string_view allowed_by) {
  const StatusForm& form = status_form(status);
  ordered_json extra = ordered_json::object();
  if (!allowed_by.empty()) extra["allowed_by"] = allowed_by;
  return make_json_error(status, form.error, form.message, request_id, extra);
}

Answer make_text(int status, std::string text, std::string_view request_id) {
  Answer answer;
  answer.status = status;
  answer.add("Content-Type", "text/plain; charset=utf-8");
  add_request_id(answer, request_id);
  add_status_headers(answer);
  add_security_headers(answer);
  answer.body = std::move(text);
  return answer;
}

Answer make_redirect(std::string location) {
  Answer answer;
  answer.status = 303;
  answer.add("Location", std::move(location));
  add_security_headers(answer);
  return answer;
}

namespace {

// What the guard takes from nobody but the browser itself (auth/rules/return_to.h).
std::string with_repaired_escaped(std::string_view target) {
  std::string out;
  for (const char c : target) {
    const bool is_repaired = c == '\\' || c == '"' || c == '<' || c == '>';
    out += is_repaired ? percent_encode({&c, 1}) : std::string(1, c);
  }
  return out;
}

}  // namespace

std::string sign_in_path(std::string_view auth_prefix, std::string_view return_to, int route, bool other_account,
                         std::string_view with, std::string_view more) {
  std::string path = std::string(auth_prefix) + "/sign-in";
  char separator = '?';
  const auto add = [&](std::string_view parameter) {
    path.append(1, separator).append(parameter);
    separator = '&';
  };
  if (!with.empty()) add("with=" + percent_encode(with));
  if (other_account) add("prompt=login");
  if (route > 0) add("route=" + std::to_string(route));
  if (!more.empty()) add(more);
  if (!return_to.empty()) add("return_to=" + percent_encode(with_repaired_escaped(return_to)));
  return path;
}

}  // namespace lp
