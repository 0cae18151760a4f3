#include "config/check/routes.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/one_of.h"
#include "config/check/bearer.h"
#include "config/check/patterns.h"
#include "config/check/route_place.h"
#include "config/check/spellings.h"
#include "config/forward_auth.h"
#include "config/host_pattern.h"
#include "config/path_pattern.h"
#include "config/redirect_target.h"
#include "config/route_access.h"
#include "config/route_cover.h"
#include "config/route_takers.h"
#include "config/value.h"
#include "config/yaml/suggest.h"

namespace lp {
namespace {

constexpr const char* kReplies[] = {"redirect", "respond", "static", "action"};

bool is_regex(const RouteSettings& route) { return route.path.kind == PathPattern::Kind::regex; }

// By a key with a mistake of its own: it would be told of an upstream that it does not need.
bool answers_wrongly(const RoutePlace& p) {
  return std::any_of(std::begin(kReplies), std::end(kReplies),
                     [&](const char* key) { return p.report.has_problem_in(p.at(key)); });
}

// Which there are, behind a name that none has.
std::string names_of_upstreams(const Settings& settings, const std::string& name) {
  constexpr std::size_t kMostNamed = 12;
  std::vector<std::string> names;
  std::string all;
  for (const auto& [known, upstream] : settings.upstreams) {
    names.push_back(known);
    all += (all.empty() ? "" : ", ") + known;
  }
  if (const auto near = nearest(name, names); !near.empty()) return ", did you mean '" + near + "'?";
  if (names.empty()) return ": define it, as in upstreams: { " + name + ": http://127.0.0.1:8080 }";
  return ": define it under upstreams" + (names.size() <= kMostNamed ? ", where there is " + all : std::string());
}

void upstream_is_known(const RoutePlace& p) {
  const std::string& name = p.route.upstream;
  if (p.report.has_problem_in(p.at("upstream")) || p.report.has_problem_in(p.at("access"))) return;
  if (name.empty()) {
    const ForwardAuthSettings& forward_auth = p.settings.forward_auth;
    if (p.route.reply.is_configured() || p.route.access == Access::deny || forward_auth.enabled ||
        !forward_auth.oauth2_proxy.empty() || answers_wrongly(p))
      return;
    return p.report.problem(p.key,
                            "required: expected upstream, found nothing (a route needs none that answers itself, by "
                            "redirect, respond, static or action, or with access: deny; or with forward_auth.enabled)");
  }
  if (p.settings.upstreams.count(name) > 0) return;
  if (p.settings.upstreams.empty() && p.report.has_problem_in("upstreams")) return;
  p.report.problem(p.at("upstream"), "no upstream is called '" + name + "'" + names_of_upstreams(p.settings, name));
}

// A route answers by exactly one of these.
void reply_is_one(const RoutePlace& p) {
  const RouteReplySettings& reply = p.route.reply;
  const std::pair<const char*, bool> ways[] = {
      {"upstream", p.report.has(p.at("upstream")) && !p.route.upstream.empty()},
      {"redirect", !reply.redirect_to.empty()},
      {"respond", reply.respond_status != 0},
      {"static", !reply.files.empty()},
      {"action", reply.action != RouteReplySettings::Action::none}};
  std::vector<std::string> said;
  for (const auto& [key, is_set] : ways) {
    if (is_set) said.emplace_back(key);
  }
  if (said.size() > 1)
    p.report.problem(p.at(said[1]), "a route has one of upstream, redirect, respond, static and action, not " +
                                        said[0] + " and " + said[1]);
  if (p.report.has(p.at("return_to_parameters")) && reply.action == RouteReplySettings::Action::none)
    p.report.warning(p.at("return_to_parameters"), "has no effect: this route has no action");
  if (!reply.is_configured()) return;
  for (const auto* key :
       {"token", "authorization", "assertion", "identity_headers", "identity_preset", "upgrades", "buffer_request",
        "add_prefix", "replace_path", "rewrite_location", "request_headers", "pass_headers", "forwarded_header"}) {
    if (p.report.has(p.at(key))) p.report.warning(p.at(key), "has no effect: this route has no app");
  }
  if (p.report.has(p.at("strip_prefix")) && reply.files.empty())
    p.report.warning(p.at("strip_prefix"), "has no effect: this route has neither an app nor files");
}

// Without them the redirect would lead to a path with holes.
void redirect_has_its_groups(const RoutePlace& p) {
  if (p.route.reply.redirect_to.empty() || p.report.has_problem_in(p.at("path"))) return;
  const int there = groups_of(p.route.path);
  if (highest_group_in(p.route.reply.redirect_to) <= there) return;
  p.report.problem(p.at("redirect"), "expected no group above \\" + std::to_string(there) + ": the path has no more");
}

// A path that the route takes; none where only the regex knows.
std::string some_path_of(const PathPattern& path) {
  if (path.kind == PathPattern::Kind::regex) return {};
  return path.kind == PathPattern::Kind::prefix ? path.text + "/x" : path.text;
}

// Browsers go in circles there until they give up, and nobody is told why.
void redirect_leads_elsewhere(const RoutePlace& p) {
  const std::string path = some_path_of(p.route.path);
  if (p.route.reply.redirect_to.empty() || path.empty() || p.report.has_problem_in(p.at("redirect"))) return;
  const std::string location = redirect_location(p.route.reply.redirect_to, p.route.path, path, "");
  const PathPattern asked_next{PathPattern::Kind::exact, location.substr(0, location.find_first_of("?#"))};
  for (const RouteSettings& route : p.settings.routes) {
    if (&route == &p.route) break;
    if (is_regex(route) || covers(route.path, asked_next)) return;
  }
  if (covers(p.route.path, asked_next))
    p.report.warning(p.at("redirect"), "leads back to this route ('" + path + "' to '" + location +
                                           "'): browsers go in circles until they give up");
}

void redirect_has_target(const RoutePlace& p) {
  const bool says_how = p.route.reply.redirect_status != RouteReplySettings{}.redirect_status;
  if (!says_how || !p.route.reply.redirect_to.empty() || p.report.has_problem_in(p.at("redirect"))) return;
  p.report.problem(p.at("redirect"), "required: expected to, as in { to: /new, status: 301 }, found none");
}

void respond_has_status(const RoutePlace& p) {
  const RouteReplySettings usual;
  const bool says_what = !p.route.reply.respond_body.empty() || p.route.reply.respond_type != usual.respond_type;
  const int status = p.route.reply.respond_status;
  if (p.report.has_problem_in(p.at("respond"))) return;
  if ((status == 204 || status == 205) && !p.route.reply.respond_body.empty())
    p.report.problem(p.at("respond"), "an answer of " + std::to_string(status) + " has no body (RFC 9110 15.3)");
  if (!says_what || status != 0) return;
  p.report.problem(p.at("respond"), "required: expected a status, as in { status: 200, body: ok }, found none");
}

// Whoever is signed out must get there too, and a rule would send them to sign in first.
void action_is_open(const RoutePlace& p) {
  if (p.route.reply.action == RouteReplySettings::Action::none || p.route.access == Access::public_) return;
  if (p.route.access == Access::deny) return;
  p.report.problem(p.at("access"), "a route with an action is public: whoever it leads to asks by itself");
}

template <class Wanted>
bool has_rule(const RouteSettings& route, const Wanted& wanted) {
  bool found = false;
  for (const Requirement* root : {&route.require, &route.deny}) {
    for_each_requirement(*root, [&](const Requirement& requirement) { found = found || wanted(requirement); });
  }
  return found;
}

// Of whoever is signed out the certificate is known all the same.
bool may_let_certificates_in(const RouteSettings& route) {
  const bool is_open = route.access == Access::public_ || route.access == Access::optional;
  return is_open && route.reply.action == RouteReplySettings::Action::none &&
         has_rule(route, [](const Requirement& rule) { return rule.kind == Requirement::Kind::client_certificate; });
}

// A rule that nobody would evaluate must not look as if it protected something.
void require_is_enforced(const RoutePlace& p) {
  if (p.report.has(p.at("require")) && p.route.require.empty() && !p.report.has_problem_in(p.at("require"))) {
    p.report.problem(p.at("require"), "expected a map of rules, found nothing: everybody who is signed in would pass");
  }
  if ((p.route.require.empty() && p.route.deny.empty()) || p.route.access == Access::signed_in ||
      p.report.has_problem_in(p.at("access")))
    return;
  if (may_let_certificates_in(p.route)) return;
  const std::string key = p.route.require.empty() ? "deny" : "require";
  const bool is_action = p.route.reply.action != RouteReplySettings::Action::none && p.route.access == Access::public_;
  p.report.problem(p.at(key),
                   is_action ? "a route with an action is public, and " + key +
                                   " would hold for nobody: take it out; whoever the action leads to asks by "
                                   "itself who it is"
                             : key + " works with access: signed_in only, unless it has a rule on client_certificate");
}

// Logto's email_verified only says that there is an address (Logto fact 11).
void email_is_trusted(const RoutePlace& p) {
  if (p.settings.logto.trust_email || p.report.has_problem_in(p.at("require"))) return;
  const bool used = has_rule(p.route, [](const Requirement& requirement) {
    using Kind = Requirement::Kind;
    return requirement.kind == Kind::email || requirement.kind == Kind::email_domain ||
           (requirement.kind == Kind::claim && requirement.test.claim == "email");
  });
  if (!used) return;
  p.report.problem(p.at(p.route.require.empty() ? "deny" : "require"),
                   "a rule on e-mail needs logto.trust_email: true: Logto does not verify every address that it tells");
}

// Scopes are of access tokens; a session has none by itself.
void scopes_can_hold(const RoutePlace& p) {
  const bool used =
      has_rule(p.route, [](const Requirement& requirement) { return requirement.kind == Requirement::Kind::scopes; });
  if (!used || p.route.accept.bearer || p.route.token.is_configured()) return;
  p.report.problem(p.at("require"), "scopes never hold here: they need accept: [bearer], or a token for the app");
}

void sign_in_keys_matter(const RoutePlace& p) {
  if (p.route.access == Access::signed_in) return;
  for (const auto* name : {"unauthenticated", "websocket_unauthenticated", "sign_in"}) {
    const bool optional_sign_in = p.route.access == Access::optional && std::string_view(name) == "sign_in";
    if (optional_sign_in || !p.report.has(p.at(name))) continue;
    p.report.warning(p.at(name), "has no effect: this route never asks anybody to sign in");
  }
}

void buffered_bodies_fit(const RoutePlace& p) {
  const std::int64_t most = p.settings.limits.buffered_bytes / 2;
  if (p.route.buffer_request_bytes <= most || p.report.has_problem_in("limits.buffered")) return;
  p.report.problem(p.at("buffer_request"),
                   "expected at most " + format_size(most) +
                       ", half of limits.buffered, which is all that one client may have; found " +
                       format_size(p.route.buffer_request_bytes));
}

void host_is_ours(const RoutePlace& p) {
  const std::string& host = p.route.host;
  if (host.empty() || p.report.has_problem_in("external_urls") || p.report.has_problem_in("realms")) return;
  const auto have = [&](const std::vector<Origin>& origins) {
    return std::any_of(origins.begin(), origins.end(),
                       [&](const Origin& origin) { return host_patterns_meet(host, origin.host); });
  };
  const auto& realms = p.settings.realms;
  const bool covered = have(p.settings.external_urls) ||
                       std::any_of(realms.begin(), realms.end(), [&](const auto& r) { return have(r.external_urls); });
  if (!covered)
    p.report.problem(p.at("host"),
                     "none of external_urls has the host '" + host + "': name it there too, as https://" + host);
}

void path_is_not_ours(const RoutePlace& p) {
  if (is_regex(p.route) || p.report.has_problem_in(p.at("path"))) return;
  if (!is_below(p.route.path.text, p.settings.auth_prefix) || is_for_oauth2_auth(p.settings, p.route)) return;
  p.report.problem(p.at("path"), "never matches: paths below auth_prefix (" + p.settings.auth_prefix +
                                     ") belong to logto-proxy itself");
}

void path_is_not_of_oauth2_proxy(const RoutePlace& p) {
  const std::string& prefix = p.settings.forward_auth.oauth2_proxy;
  if (prefix.empty() || is_regex(p.route) || p.report.has_problem_in(p.at("path"))) return;
  if (is_for_oauth2_auth(p.settings, p.route)) {
    if (p.route.upstream.empty()) return;
    return p.report.problem(p.at("upstream"), "takes none: this route is for checks at " + p.route.path.text +
                                                  ", whose answers go to the proxy that asks");
  }
  if (p.settings.auth_prefix == prefix || !is_below(p.route.path.text, prefix)) return;
  p.report.problem(p.at("path"), "never matches: paths below " + prefix + " belong to forward_auth.oauth2_proxy");
}

void encoded_slash_can_match(const RoutePlace& p) {
  if (is_regex(p.route) || p.route.encoded_slash == EncodedSlash::keep) return;
  if (p.route.path.text.find("%2F") == std::string::npos) return;
  p.report.problem(p.at("path"), "never matches: a path with %2F needs encoded_slash: keep");
}

void strip_prefix_fits(const RoutePlace& p) {
  const std::string& prefix = p.route.strip_prefix;
  if (prefix.empty() || p.report.has_problem_in(p.at("path"))) return;
  if (is_regex(p.route))
    return p.report.problem(p.at("strip_prefix"), "works with plain paths only, not with a pattern");
  if (is_below(p.route.path.text, prefix)) return;
  p.report.problem(p.at("strip_prefix"), "expected a prefix of the route's path in whole segments, found '" + prefix +
                                             "' for '" + format_path_pattern(p.route.path) + "'");
}

using Routes = std::vector<const RouteSettings*>;

// The first of the routes before it that takes all its requests to this host, or several that do together.
Takers hidden_by(const RoutePlace& p, const std::string& host) {
  const RouteSettings there = at_host(p.route, host);
  for (const RouteSettings& earlier : p.settings.routes) {
    if (earlier.index >= p.route.index) break;
    if (!are_asked_together(p.settings, earlier, p.route)) continue;
    if (takes_requests_of(earlier, there) && methods_cover(earlier, there)) return {{&earlier}};
  }
  return takers_before(p.settings, there);
}

std::string stand_before(const Routes& routes) {
  std::string labels;
  for (const RouteSettings* route : routes) labels += (labels.empty() ? "" : ", ") + route->label;
  return routes.size() == 1 ? "route " + labels + " stands before it and takes all its requests"
                            : "routes " + labels + " stand before it and together take all its requests";
}

// What it asks for would be believed to hold, and nobody would ask: a mistake. Else it is only idle.
void tell_hidden(const RoutePlace& p, const std::vector<Takers>& hiding) {
  const auto lets_more_pass = [&](const RouteSettings* earlier) { return may_be_stricter(p.route, *earlier); };
  const auto is_wrong = [&](const Takers& takers) {
    return std::any_of(takers.all_of.begin(), takers.all_of.end(), lets_more_pass);
  };
  const auto found = std::find_if(hiding.begin(), hiding.end(), is_wrong);
  const Routes& named = found == hiding.end() ? hiding.front().all_of : found->all_of;
  const bool is_taken_by_open = std::all_of(named.begin(), named.end(), [](const auto* one) { return is_open(*one); });
  const std::string words = "never matches: " + stand_before(named) +
                            (is_taken_by_open && !is_open(p.route) ? ", without asking who they come from" : "");
  if (found == hiding.end()) return p.report.warning(p.key, words);
  p.report.problem(p.key, words + ": what it asks for would hold for nobody. Put it before " +
                              (named.size() == 1 ? "that one" : "those"));
}

// A pattern with (?i) to which only spellings are left that nobody had in mind.
bool is_left_other_case_alone(const RoutePlace& p, const std::string& host) {
  const Takers takers = takers_before(p.settings, at_host(p.route, host), PathReading::as_written);
  const bool is_wrong = std::any_of(takers.all_of.begin(), takers.all_of.end(),
                                    [&](const auto* earlier) { return may_be_stricter(p.route, *earlier); });
  if (!is_wrong) return false;
  p.report.warning(p.key, "matches nothing but other spellings of its path: as it is written, " +
                              stand_before(takers.all_of) + ", and what it asks for does not hold there");
  return true;
}

// A rule must not be dead without a word.
bool may_be_hidden(const RoutePlace& p, const Takers& takers) {
  if (takers.is_known || !is_regex(p.route)) return false;
  for (const RouteSettings& earlier : p.settings.routes) {
    if (earlier.index >= p.route.index) return false;
    if (!are_asked_together(p.settings, earlier, p.route) || !methods_cover(earlier, p.route) ||
        !conditions_cover(earlier, p.route) || !may_be_stricter(p.route, earlier) || is_open(p.route))
      continue;
    p.report.warning(p.key,
                     "nobody can tell whether any request is left to it: its pattern, or one before it, holds "
                     "what is not looked into. If route " +
                         earlier.label + " takes them, put it before that one");
    return true;
  }
  return false;
}

void some_are_taken(const RoutePlace& p) {
  for (const auto& earlier : p.settings.routes) {
    if (earlier.index >= p.route.index) return;
    if (!are_asked_together(p.settings, earlier, p.route) || !takes_requests_of(earlier, p.route)) continue;
    if (is_open(earlier) && !is_open(p.route) && methods_meet(earlier, p.route)) {
      return p.report.warning(p.key,
                              "the open route " + earlier.label + " stands before it and takes some of its requests");
    }
  }
}

bool hosts_are_known(const RoutePlace& p) {
  const auto& realms = p.settings.realms;
  return !p.report.has_problem_in("external_urls") && std::none_of(realms.begin(), realms.end(), [&](const auto& one) {
    return p.report.has_problem_in("realms." + one.name + ".external_urls");
  });
}

// Up to this route: a path that could not be read stands for all of them.
bool paths_are_broken(const RoutePlace& p) {
  return std::any_of(p.settings.routes.begin(), p.settings.routes.end(), [&](const RouteSettings& route) {
    const std::string path = "routes[" + std::to_string(route.index) + "].path";
    return route.index <= p.route.index && p.report.has_problem_in(path);
  });
}

// The first route that matches wins: say so where that is surely not what was meant.
void order_makes_sense(const RoutePlace& p) {
  if (!hosts_are_known(p) || paths_are_broken(p)) return;
  std::vector<Takers> hiding;
  for (const std::string& host : hosts_of(p.settings, p.route)) {
    Takers takers = hidden_by(p, host);
    if (takers.all_of.empty()) {
      if (!may_be_hidden(p, takers) && !is_left_other_case_alone(p, host)) some_are_taken(p);
      return;
    }
    hiding.push_back(std::move(takers));
  }
  tell_hidden(p, hiding);
}

bool takes_posts(const RouteSettings& route) { return route.methods.empty() || is_one_of("POST", route.methods); }

bool may_take_posts_of(const RouteSettings& later, const RouteSettings& route) {
  return later.index > route.index && takes_posts(later) && later.query.empty() && later.headers.empty() &&
         host_covers(later.host, route.host) && (covers(later.path, route.path) || covers(route.path, later.path));
}

// The first that decides for a form posted there without that parameter in its query, and lets more people pass.
const RouteSettings* wider_for_posts(const Settings& settings, const RouteSettings& route) {
  for (const auto& later : settings.routes) {
    if (!may_take_posts_of(later, route)) continue;
    if (!admits(route, later)) return &later;
    if (later.networks.empty() && covers(later.path, route.path)) return nullptr;
  }
  return nullptr;
}

// Many apps read a parameter from a form as they do from the query, and nobody looks into bodies here.
void query_is_no_rule_for_forms(const RoutePlace& p) {
  if (p.route.query.empty() || !takes_posts(p.route)) return;
  const RouteSettings* wider = nullptr;
  for (const std::string& host : hosts_of(p.settings, p.route)) {
    if (wider == nullptr) wider = wider_for_posts(p.settings, at_host(p.route, host));
  }
  if (wider == nullptr) return;
  p.report.warning(p.at("query"), "a posted form may hold '" + p.route.query.front().name +
                                      "' in its body, which no rule sees: route " + wider->label +
                                      " decides then, which lets more people pass; if the app reads it there, put a "
                                      "route with methods: [POST] and these rules before that one");
}

using RouteRule = void (*)(const RoutePlace&);
constexpr RouteRule kRouteRules[] = {
    reply_is_one,
    redirect_has_its_groups,
    redirect_leads_elsewhere,
    redirect_has_target,
    respond_has_status,
    action_is_open,
    upstream_is_known,  // behind those that judge the keys that take its place
    require_is_enforced,
    email_is_trusted,
    scopes_can_hold,
    sign_in_keys_matter,
    path_is_not_ours,
    path_is_not_of_oauth2_proxy,
    encoded_slash_can_match,
    check_patterns,
    strip_prefix_fits,
    query_is_no_rule_for_forms,
    buffered_bodies_fit,
};
// A route without a host is of all realms, and what one of them has before it says nothing of the others.
constexpr RouteRule kRulesAmongAll[] = {order_makes_sense, check_spellings};

RoutePlace place_of(const RouteSettings& route, const Settings& settings, Report& report) {
  return {route, settings, report, "routes[" + std::to_string(route.index) + "]"};
}

}  // namespace

void check_routes(const Settings& settings, Report& report) {
  for (const auto& route : settings.routes) {
    const RoutePlace place = place_of(route, settings, report);
    for (const RouteRule rule : kRouteRules) rule(place);
    check_bearer_route(route, settings, report);
  }
}

void check_routes_among_all(const Settings& settings, Report& report) {
  for (const auto& route : settings.routes) {
    for (const RouteRule rule : kRulesAmongAll) rule(place_of(route, settings, report));
  }
}

void check_hosts_of_routes(const Settings& settings, Report& report) {
  if (settings.routes.empty() && !report.has_problem_in("routes")) {
    report.problem("routes", "required: expected at least one route, found none");
  }
  for (const auto& route : settings.routes) {
    host_is_ours(place_of(route, settings, report));
  }
}

}  // namespace lp
