#include "config/check/fields.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/one_of.h"
#include "config/check/route_place.h"
#include "config/client_fields.h"
#include "config/header_changes.h"
#include "config/identity_presets.h"
#include "config/value.h"

namespace lp {
namespace {

using Headers = std::vector<IdentityHeaderSettings>;
using Family = ClientFieldFamily;

std::string name_of(std::string_view entry) {
  if (entry.ends_with('*')) entry.remove_suffix(1);
  return std::string(entry);
}

// Some field that `entry` names is this one.
bool meets(std::string_view entry, std::string_view field) {
  return names_field(entry, field) || (entry.ends_with('*') && folded_field(field) == folded_field(name_of(entry)));
}

bool meets_any(std::string_view entry, const auto& fields) {
  return std::any_of(std::begin(fields), std::end(fields), [&](std::string_view field) { return meets(entry, field); });
}

// Entries of a family may be beginnings themselves.
bool meets_family(std::string_view entry, Family family) {
  const std::string folded = folded_field(name_of(entry));
  const auto names = client_fields_of(family);
  return is_field_of(family, folded) ||
         (entry.ends_with('*') &&
          std::any_of(names.begin(), names.end(), [&](std::string_view name) { return name.starts_with(folded); }));
}

// oauth2-proxy's: of the family that says where a request comes from by their beginning alone.
bool names_a_person(std::string_view entry) {
  constexpr std::string_view kPerson[] = {"x-forwarded-user",   "x-forwarded-email",
                                          "x-forwarded-groups", "x-forwarded-preferred-username",
                                          "x-forwarded-roles",  "x-forwarded-access-token"};
  return meets_any(entry, kPerson) && !entry.ends_with('*');
}

bool ends_plainly(std::string_view entry) {
  const std::string folded = folded_field(entry.ends_with("-*") ? entry.substr(0, entry.size() - 2) : entry);
  return !folded.empty() && folded.back() != '-';
}

bool sends(const Headers& headers, std::string_view entry) {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& header) { return meets(entry, header.header); });
}

// What is wrong with an entry wherever fields are named; empty: nothing.
std::string problem_of_any(const Settings& s, std::string_view entry) {
  if (!is_token(name_of(entry)) || !ends_plainly(entry))
    return "expected a header name that ends in a letter or digit, found '" + std::string(entry) + "'";
  if (meets_any(entry, client_fields_of(Family::hop)) || meets(entry, "Sec-WebSocket-Key") ||
      folded_field(entry).starts_with("sec-websocket"))
    return "this field belongs to the connection or frames the message: each side has its own";
  if (meets(entry, s.forward_auth.secret_header)) return "this field holds forward_auth.secret";
  return {};
}

// ---- requests ----

std::string problem_of_request_entry(const Settings& s, const RouteSettings* route, std::string_view entry) {
  if (std::string problem = problem_of_any(s, entry); !problem.empty()) return problem;
  if (meets(entry, "Host")) return "say `host:` at the upstream: it is the client's, the upstream's or a name";
  if (names_a_person(entry)) return "this field says who somebody is: say `identity_headers:`, whose values we know";
  if (meets_family(entry, Family::forwarding) || meets_family(entry, Family::path))
    return "this field says where a request comes from or was meant to go: we say so ourselves";
  if (meets(entry, kAssertionHeader)) return "say `assertion: true` on the route";
  if (meets(entry, "Content-Type")) return "this field describes the body, which stays as it is";
  const Headers told = route == nullptr ? identity_headers_of(s) : identity_headers_of(s, *route);
  if (sends(told, entry)) return "the app is told this as an identity header, whatever the client sends";
  return {};
}

// What apps are made to believe goes by identity_headers and authorization, whose rules know what it means.
std::string problem_of_request_value(const Settings& s, const RouteSettings* route, std::string_view name) {
  if (std::string problem = problem_of_request_entry(s, route, name); !problem.empty()) return problem;
  if (meets(name, "Authorization")) return "say `authorization:` on the route: it takes the client's own away";
  if (meets(name, "Cookie")) return "cookies are the client's";
  if (meets_family(name, Family::method_override)) return "this field would make another method of the one judged";
  if (meets_family(name, Family::proxy_command) || meets_family(name, Family::request_command))
    return "this field is a command to a proxy";
  return {};
}

// A rule on a field holds for what the app gets.
std::string problem_with_conditions(const RouteSettings& route, std::string_view entry) {
  const bool judged = std::any_of(route.headers.begin(), route.headers.end(),
                                  [&](const FieldCondition& one) { return meets(entry, one.name); });
  return judged ? "`headers:` of the route judges this field, which has to reach the app as it is" : std::string();
}

// "$remote_user", "%{REMOTE_USER}e", "{{ email }}": values that other proxies would fill in.
bool is_of_another_proxy(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool is_variable = text.size() > 2 && text.front() == '$' && is_letter(text[1]);
  return is_variable || text.starts_with("%{") || (text.starts_with("{{") && text.ends_with("}}")) ||
         (text.starts_with("{http.") && text.ends_with('}'));
}

template <class Judge>
void judge_headers(const Headers& headers, const std::string& key, const Judge& problem_of, Report& report) {
  std::vector<std::string> seen;
  for (const auto& header : headers) {
    std::string problem = problem_of(header.header);
    if (problem.empty() && is_one_of(folded_field(header.header), seen))
      problem = "apps take this for the same name as an earlier one (case and punctuation are alike to many)";
    if (!problem.empty()) report.problem(key + "." + header.header, std::move(problem));
    if (is_of_another_proxy(header.constant))
      report.warning(key + "." + header.header,
                     "is sent as it stands: nobody fills in variables here; who is signed in is told by "
                     "identity_headers");
    seen.push_back(folded_field(header.header));
  }
}

template <class Judge>
void judge_entries(const std::vector<std::string>& entries, const std::string& key, const Judge& problem_of,
                   Report& report) {
  for (const std::string& entry : entries) {
    if (std::string problem = problem_of(entry); !problem.empty()) report.problem(key, "'" + entry + "': " + problem);
  }
}

// `route` is null at the top.
void check_request_headers(const Settings& s, const RouteSettings* route, const std::string& key, Report& report) {
  const HeaderChanges& changes = route == nullptr ? s.request_headers : route->request_headers;
  const auto with_conditions = [&](std::string problem, std::string_view entry) {
    return problem.empty() && route != nullptr ? problem_with_conditions(*route, entry) : problem;
  };
  const auto value = [&](std::string_view name) {
    return with_conditions(problem_of_request_value(s, route, name), name);
  };
  const auto entry = [&](std::string_view one) {
    return with_conditions(problem_of_request_entry(s, route, one), one);
  };
  judge_headers(changes.set, key + ".set", value, report);
  judge_headers(changes.add, key + ".add", value, report);
  judge_entries(changes.remove, key + ".remove", entry, report);
}

// What stands at the top holds on a route whose rules or identity it may touch.
void top_fits(const RoutePlace& p) {
  const HeaderChanges top = request_changes_of(p.settings, p.route);
  std::vector<std::string> entries = top.remove;
  for (const auto* headers : {&top.set, &top.add}) {
    for (const auto& header : *headers) entries.push_back(header.header);
  }
  for (const std::string& entry : entries) {
    std::string problem = problem_with_conditions(p.route, entry);
    if (problem.empty() && sends(identity_headers_of(p.settings, p.route), entry))
      problem = "request_headers names a field that the app is told as an identity header here";
    if (!problem.empty() && !p.report.has_problem_in(p.at("request_headers")) &&
        !p.report.has_problem_in("request_headers"))
      p.report.problem(p.key, "'" + entry + "': " + problem);
  }
}

// ---- answers ----

std::string problem_of_answer_entry(const Settings& s, std::string_view entry) {
  if (std::string problem = problem_of_any(s, entry); !problem.empty()) return problem;
  if (meets_family(entry, Family::proxy_command)) return "this field is a command to a proxy in front";
  return {};
}

std::string problem_of_answer_value(const Settings& s, const RouteSettings* route, std::string_view name) {
  if (std::string problem = problem_of_answer_entry(s, name); !problem.empty()) return problem;
  if (meets(name, "Set-Cookie")) return "cookies are the app's and ours";
  const Headers told = route == nullptr ? identity_headers_of(s) : identity_headers_of(s, *route);
  if (sends(told, name) || folded_field(name).starts_with("x-forwarded-"))
    return "this field tells apps who somebody is, and nobody else";
  return {};
}

void check_response_headers(const Settings& s, const RouteSettings* route, const std::string& key, Report& report) {
  const HeaderChanges& changes = route == nullptr ? s.response_headers : route->response_headers;
  const auto value = [&](std::string_view name) { return problem_of_answer_value(s, route, name); };
  const auto entry = [&](std::string_view one) { return problem_of_answer_entry(s, one); };
  judge_headers(changes.set, key + ".set", value, report);
  judge_headers(changes.add, key + ".add", value, report);
  judge_entries(changes.remove, key + ".remove", entry, report);
}

// ---- what a route lets pass ----

bool share_an_app(const Settings& s, const RouteSettings& a, const RouteSettings& b) {
  const auto one = s.upstreams.find(a.upstream);
  const auto other = s.upstreams.find(b.upstream);
  if (one == s.upstreams.end() || other == s.upstreams.end()) return a.upstream == b.upstream;
  return format_upstream_url(one->second) == format_upstream_url(other->second);
}

bool is_of_a_preset_in_use(const Settings& s, std::string_view name) {
  const auto tells = [&](IdentityPreset preset) { return sends(preset_headers(preset), name); };
  return tells(s.identity_preset) || std::any_of(s.routes.begin(), s.routes.end(), [&](const RouteSettings& route) {
           return tells(route.identity_preset.value_or(IdentityPreset::none));
         });
}

const RouteSettings* route_that_tells_the_app(const RoutePlace& p, std::string_view name) {
  const auto& routes = p.settings.routes;
  const auto found = std::find_if(routes.begin(), routes.end(), [&](const RouteSettings& other) {
    return share_an_app(p.settings, p.route, other) && sends(identity_headers_of(p.settings, other), name);
  });
  return found == routes.end() ? nullptr : &*found;
}

std::string problem_of_passed(const RoutePlace& p, const std::string& name) {
  const Settings& s = p.settings;
  if (std::string problem = problem_of_any(s, name); !problem.empty()) return problem;
  if (meets_family(name, Family::codec) || meets(name, "Host")) return "this field is no app's own";
  if (names_a_person(name)) return "this field says who somebody is: no client may say so";
  if (meets_family(name, Family::forwarding) || meets(name, s.client_ip_header))
    return "this field says where a request comes from or was meant to go: no client may say so";
  if (meets_family(name, Family::method_override))
    return "a field that overrides the method passes wherever no rule looks at methods, and nowhere else";
  if (meets_family(name, Family::proxy_command) || meets_family(name, Family::request_command))
    return "this field is a command to a proxy";
  if (folded_field(name).starts_with("x-logto-")) return "this field is logto-proxy's own";
  if (is_of_a_preset_in_use(s, name)) return "an identity_preset in use tells apps who somebody is in this field";
  const RouteSettings* teller = route_that_tells_the_app(p, name);
  if (teller == nullptr) return {};
  return "the app is told who somebody is in this field" + (teller == &p.route ? "" : " by route " + teller->label);
}

// Identity headers of all routes are, on every route.
bool is_taken_out(const Settings& s, const std::string& name) {
  const auto& presets = identity_presets();
  const auto& routes = s.routes;
  return (meets_family(name, Family::identity) && !meets_family(name, Family::not_believed)) ||
         std::any_of(presets.begin(), presets.end(),
                     [&](const auto& one) { return sends(preset_headers(one.preset), name); }) ||
         sends(identity_headers_of(s), name) || std::any_of(routes.begin(), routes.end(), [&](const auto& route) {
           return sends(identity_headers_of(s, route), name);
         });
}

void passed_headers_are_nobodys(const RoutePlace& p) {
  for (const std::string& name : p.route.pass_headers) {
    if (is_taken_out(p.settings, name) || !problem_of_passed(p, name).empty()) continue;
    p.report.warning(p.at("pass_headers"), "'" + name + "' passes anyway: nothing takes it out");
  }
  judge_entries(
      p.route.pass_headers, p.at("pass_headers"), [&](const std::string& name) { return problem_of_passed(p, name); },
      p.report);
}

// Else the condition would never hold here, and another route would let the field through to an app that believes it.
void conditions_see_what_passes(const RoutePlace& p) {
  for (const FieldCondition& condition : p.route.headers) {
    const auto is_it = [&](const std::string& name) { return meets(name, condition.name); };
    const auto passes = [&](const RouteSettings& route) {
      return std::any_of(route.pass_headers.begin(), route.pass_headers.end(), is_it);
    };
    const auto& routes = p.settings.routes;
    if (passes(p.route) || std::none_of(routes.begin(), routes.end(), passes)) continue;
    p.report.problem(p.at("headers"), "never holds: another route has " + condition.name +
                                          " in pass_headers, and this one takes it out; name it here too");
  }
}

// ---- paths ----

void replacement_is_whole(const RoutePlace& p) {
  const PathReplacement& replacement = p.route.replace_path;
  const bool has_to = p.report.has(p.at("replace_path.to"));
  if (!replacement.is_set()) {
    if (has_to && !p.report.has_problem_in(p.at("replace_path")))
      p.report.problem(p.at("replace_path"), "expected from, a pattern, beside to");
    return;
  }
  if (!has_to) return p.report.problem(p.at("replace_path"), "expected to beside from");
  if (std::string problem = replacement.problem_of_to(); !problem.empty())
    p.report.problem(p.at("replace_path.to"), std::move(problem));
  if (!p.route.strip_prefix.empty() || !p.route.add_prefix.empty())
    p.report.problem(p.at("replace_path"),
                     "replaces all that strip_prefix and add_prefix do: expected one or the other");
}

void client_ip_is_told(const Settings& s, Report& report) {
  const std::string& name = s.client_ip_header;
  if (name.empty() || report.has_problem_in("client_ip_header")) return;
  const std::string folded = folded_field(name);
  if (is_one_of(folded, {"x-forwarded-for", "forwarded"}))
    return report.problem("client_ip_header", "expected a field with one address; X-Forwarded-For is read by default");
  if (is_one_of(folded, {"host", "cookie", "authorization"}) || meets_any(name, client_fields_of(Family::hop)))
    return report.problem("client_ip_header", "this field means something else");
  if (s.trusted_proxies.empty())
    report.problem("client_ip_header", "needs trusted_proxies: this field of anybody else's is not believed");
}

}  // namespace

void check_fields(const Settings& settings, Report& report) {
  client_ip_is_told(settings, report);
  check_request_headers(settings, nullptr, "request_headers", report);
  check_response_headers(settings, nullptr, "response_headers", report);
  for (const RouteSettings& route : settings.routes) {
    const RoutePlace place{route, settings, report, "routes[" + std::to_string(route.index) + "]"};
    check_request_headers(settings, &route, place.at("request_headers"), report);
    check_response_headers(settings, &route, place.at("response_headers"), report);
    top_fits(place);
    passed_headers_are_nobodys(place);
    conditions_see_what_passes(place);
    replacement_is_whole(place);
  }
}

}  // namespace lp
