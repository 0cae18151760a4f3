#include "auth/visit/forward_auth.h"

#include <algorithm>
#include <utility>

#include "auth/cookies/cookie_names.h"
#include "base/encoding.h"
#include "config/identity_presets.h"

namespace lp {
namespace {

bool is_redirect(int status) { return status >= 300 && status < 400; }

bool has_field(const Answer& answer, std::string_view name) {
  return std::any_of(answer.headers.begin(), answer.headers.end(),
                     [&](const auto& field) { return iequals(field.first, name); });
}

// A grant is made by grant_answer() alone, whatever page came of a judgement.
int no_grant(int status) { return status < 300 ? 403 : status; }

}  // namespace

std::string lines_for_app(const RequestFacts& facts, const Verdict& passed) {
  std::string lines = passed.app_headers ? passed.app_headers->lines : std::string();
  const auto authorize = [&](std::string_view value) { lines.append("Authorization: ").append(value).append("\r\n"); };
  if (passed.tokens.access) authorize("Bearer " + std::string(passed.tokens.access->token.reveal()));
  const bool has_own_token = passed.session && passed.session->token;
  const bool wants_one =
      facts.route != nullptr && facts.route->authorization.kind == UpstreamAuthorizationSettings::Kind::id_token;
  if (has_own_token && wants_one) authorize(facts.head->fields.get("Authorization"));
  return lines;
}

void add_lines(Answer& answer, std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find("\r\n"), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 2, lines.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || has_field(answer, line.substr(0, colon))) continue;
    answer.add(std::string(line.substr(0, colon)), std::string(trim_ows(line.substr(colon + 1))));
  }
}

int status_for_nginx(int status) {
  if (is_redirect(status)) return 401;
  return status >= 400 && status < 500 && status != 401 ? 403 : status;
}

Answer grant_answer(int status, std::string_view identity_lines, const std::vector<std::string>& removed) {
  Answer answer;
  answer.status = status;
  add_lines(answer, identity_lines);
  std::string names;
  for (const std::string& name : removed) {
    if (!has_field(answer, name)) names.append(names.empty() ? "" : ", ").append(name);
  }
  if (!names.empty()) answer.add("X-Envoy-Auth-Headers-To-Remove", std::move(names));
  answer.add("Cache-Control", "no-store");
  return answer;
}

Answer refusal_answer(ForwardedForm form, Answer made) {
  made.status = no_grant(made.status);
  if (form == ForwardedForm::original_url) {
    made.status = status_for_nginx(made.status);
  } else if (made.status == 303) {
    made.status = 302;
  }
  return made;
}

int refusal_status(const Fields& fields, int status) {
  status = no_grant(status);
  return fields.has("X-Original-URL") ? status_for_nginx(status) : status;
}

bool keep_one_cookie(std::vector<std::string>& lines, std::string_view session_cookie_name) {
  const auto is_session = [&](const std::string& line) {
    return is_piece_of(std::string_view(line).substr(0, line.find('=')), session_cookie_name);
  };
  const auto pieces = std::count_if(lines.begin(), lines.end(), is_session);
  if (pieces > 1) lines.clear();
  if (pieces == 1) std::erase_if(lines, [&](const std::string& line) { return !is_session(line); });
  if (lines.size() > 1) lines.resize(1);
  return pieces <= 1;
}

std::vector<std::string> identity_names(const Settings& settings, const RouteSettings& route) {
  std::vector<std::string> names = identity_header_names(settings);
  add_names(identity_headers_of(settings, route), names);
  return names;
}

}  // namespace lp
