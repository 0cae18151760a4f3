#include "auth/pages/pages.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "auth/cookies/held_ticket.h"
#include "auth/pages/answer_security.h"
#include "auth/pages/requirement_words.h"
#include "auth/rules/challenge.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--text:#1c2430;--soft:#566072;--line:#dfe3ea;--act:#4534c8;--on-act:#fff}
@media (prefers-color-scheme:dark){:root{--ground:#12151b;--card:#1b2029;--text:#eaedf2;--soft:#a4aebd;--line:#2f3744;--act:#b3a8ff;--on-act:#14122b}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:1.5rem;background:var(--ground);color:var(--text);font:1.0625rem/1.65 system-ui,-apple-system,"Segoe UI","Hiragino Sans","Noto Sans JP","Noto Sans CJK JP",Meiryo,sans-serif}
main{width:100%;max-width:34rem;padding:2.25rem 2.25rem 1.5rem;background:var(--card);border:1px solid var(--line);border-radius:14px}
.status{margin:0;color:var(--soft);font-size:.875rem;letter-spacing:.08em}
h1{margin:.125rem 0 .75rem;font-size:1.5rem;line-height:1.35;text-wrap:balance;word-break:keep-all;overflow-wrap:anywhere}
.button{word-break:auto-phrase}
p,ul{margin:0 0 1rem}
ul{padding-left:1.25rem}
strong,li,.detail{overflow-wrap:anywhere}
.actions{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1.25rem;margin:1.5rem 0}
a{color:var(--act);text-underline-offset:.2em}
.button{display:inline-block;padding:.6875rem 1.375rem;border:0;border-radius:9px;background:var(--act);color:var(--on-act);font:inherit;font-weight:600;line-height:1.4;text-decoration:none;cursor:pointer}
.button.second{background:transparent;color:var(--act);box-shadow:inset 0 0 0 1px var(--act)}
.button:hover,a:hover{filter:brightness(1.1)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.25rem;margin:0 0 1rem}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
@media (max-width:26rem){main{padding:1.5rem 1.25rem 1rem}h1{font-size:1.25rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.625rem}.actions,.actions form,.actions .button{width:100%;text-align:center}.button{padding:.6875rem .75rem}}
a:focus-visible,.button:focus-visible{outline:3px solid var(--act);outline-offset:3px}
footer{padding-top:.875rem;border-top:1px solid var(--line);color:var(--soft);font-size:.8125rem}
code{font:.8125rem ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
)css";

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
    StatusForm{403, PageKind::forbidden, "Forbidden", "forbidden", "This is not allowed."},
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

void append_line(std::string& html, std::string_view text) { html.append(text).append("\n"); }

void append_rows(std::string& html, const PageFacts& facts) {
  if (facts.rows.empty()) return;
  append_line(html, "<dl>");
  for (const auto& [label, value] : facts.rows) {
    html.append("<dt>").append(html_escape(label)).append("</dt><dd>").append(html_escape(value));
    append_line(html, "</dd>");
  }
  append_line(html, "</dl>");
}

void append_evidence(std::string& html, const PageFacts& facts, const PageWords& words) {
  if (facts.evidence.empty()) return;
  html.append("<p id=\"seen\">").append(words.evidence).append("</p>\n<ul aria-labelledby=\"seen\">\n");
  for (const std::string& line : facts.evidence) {
    append_line(html.append("<li>").append(html_escape(line)), "</li>");
  }
  append_line(html, "</ul>");
}

void append_facts(std::string& html, const PageFacts& facts, Language language) {
  const PageWords& words = page_words(language);
  if (!facts.user.empty()) {
    html.append("<p>").append(words.signed_in_as).append(" <strong>").append(html_escape(facts.user));
    append_line(html, "</strong></p>");
  }
  if (!facts.missing.empty()) {
    html.append("<p id=\"needs\">").append(words.missing).append("</p>\n<ul aria-labelledby=\"needs\">\n");
    for (const Requirement* missing : facts.missing) {
      append_line(html.append("<li>").append(requirement_html(*missing, language)), "</li>");
    }
    append_line(html, "</ul>");
  }
  for (const std::string& text : facts.paragraphs) {
    append_line(html.append("<p class=\"detail\">").append(html_escape(text)), "</p>");
  }
  if (!facts.served_at.empty()) {
    const std::string url = html_escape(facts.served_at);
    html.append("<p class=\"detail\">").append(words.served_at).append(" <a href=\"").append(url).append("/\">");
    append_line(html.append(url), "</a></p>");
  }
  if (!facts.allowed_by.empty()) {
    html.append("<p class=\"detail\">")
        .append(words.allowed_by)
        .append(" <code>")
        .append(html_escape(facts.allowed_by));
    append_line(html, "</code></p>");
  }
  append_rows(html, facts);
  append_evidence(html, facts, words);
  if (!facts.detail.empty()) {
    html.append("<p class=\"detail\">").append(words.reason).append(" ").append(html_escape(facts.detail));
    append_line(html, "</p>");
  }
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
      return "/";
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
                 std::string_view label) {
  html.append("<form method=\"post\" action=\"").append(html_escape(form_action(action, facts))).append("\">");
  if (action == PageAction::resume) {
    html.append("<input type=\"hidden\" name=\"").append(kResumeField).append("\" value=\"");
    html.append(html_escape(facts.resume_token)).append("\">");
  }
  html.append("<button class=\"").append(classes).append("\" type=\"submit\">").append(label);
  html.append("</button></form>\n");
}

void append_action(std::string& html, PageAction action, bool primary, const PageFacts& facts, Language language) {
  const std::string_view label = action_label(action, language);
  if (!form_action(action, facts).empty()) {
    return append_form(html, action, primary ? "button" : "button second", facts, label);
  }
  const std::string href = action_href(action, facts);
  if (href.empty()) return;
  html.append(primary ? "<a id=\"go\" class=\"button\" href=\"" : "<a href=\"").append(html_escape(href)).append("\">");
  html.append(label).append("</a>\n");
}

void append_head(std::string& html, std::string_view title, const PageWords& words) {
  html.append("<!doctype html>\n<html lang=\"")
      .append(words.html_lang)
      .append("\">\n<head>\n<meta charset=\"utf-8\">\n");
  html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
  html.append("<meta name=\"robots\" content=\"noindex\">\n<title>").append(title).append("</title>\n<style>");
  html.append(kStyle).append("</style>\n</head>\n");
}

// The title with what stands for a place where a line may break put into each such place.
std::string title_with(std::string_view title, std::string_view place) {
  std::string text;
  for (const char c : title) {
    if (c == '|')
      text += place;
    else
      text += c;
  }
  return text;
}

std::string render(const PageForm& form, int status, const PageFacts& facts) {
  const Language language = choose_language(facts.accept_language);
  const PageWords& words = page_words(language);
  const PageText& text = form.text[language == Language::japanese ? 1 : 0];
  std::string html;
  html.reserve(4096);
  append_head(html, title_with(text.title, ""), words);
  html.append("<body>\n<main>\n");
  if (status >= 400) html.append("<p class=\"status\">").append(std::to_string(status)).append("</p>\n");
  html.append("<h1>").append(title_with(text.title, "<wbr>")).append("</h1>\n<p>").append(text.lead).append("</p>\n");
  append_facts(html, facts, language);
  html.append("<div class=\"actions\">\n");
  append_action(html, form.primary, true, facts, language);
  append_action(html, form.secondary, false, facts, language);
  html.append("</div>\n");
  if (!facts.request_id.empty()) {
    html.append("<footer>").append(words.request_id).append(" <code>").append(html_escape(facts.request_id));
    html.append("</code></footer>\n");
  }
  html.append("</main>\n");
  if (form.kind == PageKind::carry_fragment) html.append("<script>").append(kCarryFragmentScript).append("</script>\n");
  html.append("</body>\n</html>\n");
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

// What the page's forms and style need. The answer to a resumed request is the app's: it may redirect anywhere, and
// Chromium holds that against the policy of the page that the form stood on.
PageNeeds needs_of(const PageForm& form, const PageFacts& facts) {
  PageNeeds needs;
  needs.style = kStyle;
  if (form.kind == PageKind::carry_fragment) needs.script = kCarryFragmentScript;
  needs.has_form = !form_action(form.primary, facts).empty() || !form_action(form.secondary, facts).empty();
  needs.form_origin = form.kind == PageKind::confirm_resume ? std::string_view("*") : facts.form_origin;
  return needs;
}

Answer page_answer(const PageForm& form, int status, const PageFacts& facts) {
  Answer answer;
  answer.status = status;
  answer.add("Content-Type", "text/html; charset=utf-8");
  answer.add("Vary", "Accept-Language");
  add_request_id(answer, facts.request_id);
  add_status_headers(answer);
  add_security_headers(answer, needs_of(form, facts));
  answer.body = render(form, status, facts);
  return answer;
}

}  // namespace

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

std::string sign_in_path(std::string_view auth_prefix, std::string_view return_to, int route, bool other_account) {
  std::string path = std::string(auth_prefix) + "/sign-in";
  char separator = '?';
  const auto add = [&](std::string_view parameter) {
    path.append(1, separator).append(parameter);
    separator = '&';
  };
  if (other_account) add("prompt=login");
  if (route > 0) add("route=" + std::to_string(route));
  if (!return_to.empty()) add("return_to=" + percent_encode(with_repaired_escaped(return_to)));
  return path;
}

}  // namespace lp
