#include "cli/explain.h"

#include <cstdio>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "auth/rules/explain_requirement.h"
#include "base/certificate.h"
#include "base/encoding.h"
#include "cli/access_word.h"
#include "cli/exit_status.h"
#include "cli/load_or_complain.h"
#include "cli/realm_judges.h"
#include "cli/requirement_lines.h"
#include "cli/text_table.h"
#include "config/value.h"
#include "proxy/judge/judge.h"
#include "proxy/route/explain_route.h"
#include "proxy/route/reply.h"

namespace lp {
namespace {

using nlohmann::ordered_json;
using Manner = AskedRequest::Manner;

// One question with all that is said about it, in text and in JSON.
struct Explanation {
  const Settings& settings;
  AskedRequest asked;
  std::optional<Person> person;
  std::int64_t now_s = 0;
  Judgement judgement;
  Judgement as_navigation;
  Judgement as_script;
  std::vector<RouteStep> steps;

  [[nodiscard]] std::optional<Principal> principal() const {
    if (!person && !judgement.client_certificate) return std::nullopt;
    Principal who = person ? person->principal() : Principal{};
    who.organization = judgement.organization();
    who.certificate = judgement.client_certificate.get();
    return who;
  }
  // The route that matches, also where it does not take the request.
  [[nodiscard]] const RouteSettings* matching() const {
    return steps.empty() || !steps.back().matches() ? nullptr : steps.back().route;
  }
  // Another one that decides in its place; null: it does itself. See RouteAnswer.
  [[nodiscard]] const RouteSettings* decides_instead() const {
    return judgement.resolved && judgement.resolved->instead_of != nullptr ? judgement.route() : nullptr;
  }
};

int usage(const std::string& what) {
  std::fprintf(stderr, "logto-proxy explain: %s\n", what.c_str());
  return kExitConfig;
}

Result<std::pair<std::string, std::string>> parse_header(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || !is_token(text.substr(0, colon)))
    return fail("--header: expected 'Name: value', found '" + text + "'");
  return std::pair(text.substr(0, colon), std::string(trim_ows(std::string_view(text).substr(colon + 1))));
}

// --- text ---

constexpr std::size_t kLabelColumns = 14;

void line(std::string& out, std::string_view label, const std::string& text) {
  std::string start(label);
  start.resize(std::max(kLabelColumns, start.size()), ' ');
  out += start + " " + text + "\n";
}

std::string words_of_route(const RouteSettings& route) {
  std::string words = route.label;
  if (route.line > 0) words += " (line " + std::to_string(route.line) + ")";
  words += ", access " + std::string(access_word(route.access));
  if (!route.upstream.empty()) words += ", upstream " + route.upstream;
  if (route.reply.is_configured()) words += ", " + describe_reply(route.reply);
  return words;
}

// What the route itself answers; nullopt: an app does, or a file that may be there or not.
std::optional<Answer> own_answer(const Judgement& judgement, const Settings& settings) {
  const RouteSettings* route = judgement.route();
  const bool answers = judgement.outcome == Judgement::Outcome::allow && route != nullptr &&
                       route->reply.is_configured() && route->reply.files.empty();
  if (!answers || judgement.target() == nullptr || judgement.external() == nullptr) return std::nullopt;
  return reply_of(*route, *judgement.target(), {settings, *judgement.external(), judgement.request.head.fields});
}

std::string location_of(const Answer& answer) {
  for (const auto& [name, value] : answer.headers) {
    if (name == "Location") return value;
  }
  return {};
}

std::string status_text(const Judgement& judgement, const Settings& settings) {
  const bool replies = judgement.route() != nullptr && judgement.route()->reply.is_configured();
  if (const auto answer = own_answer(judgement, settings)) {
    const std::string location = location_of(*answer);
    return std::to_string(answer->status) + (location.empty() ? "" : " to " + location);
  }
  if (judgement.outcome == Judgement::Outcome::allow) return replies ? "the route's answer" : "the app's answer";
  if (judgement.outcome == Judgement::Outcome::own_endpoint) return "the endpoint's answer";
  if (const auto grpc = judgement.grpc_status())
    return "200 with grpc-status " + std::to_string(static_cast<int>(grpc->code)) + " (" + std::string(grpc->words) +
           ")";
  return std::to_string(judgement.status) + (judgement.outcome == Judgement::Outcome::sign_in ? " (to sign in)" : "");
}

void print_target(std::string& out, const Explanation& e) {
  const Judgement& j = e.judgement;
  if (j.external() != nullptr) line(out, "external URL", j.external()->text());
  if (j.external() == nullptr && j.outcome == Judgement::Outcome::misdirected) line(out, "external URL", "none: 421");
  if (j.target()) line(out, "target", j.target()->text_as_sent());
  if (j.target() && !j.target()->other_spelling.empty()) line(out, "judged as", j.target()->path);
  if (!j.client.address.empty()) line(out, "client", j.client.address);
}

void print_route(std::string& out, const Explanation& e) {
  if (e.steps.empty()) return;
  const RouteSettings* matching = e.matching();
  line(out, "route", matching == nullptr ? "none" : words_of_route(*matching));
  if (e.decides_instead() != nullptr)
    line(out, "decides", words_of_route(*e.decides_instead()) + ": some app takes the path for that stricter route's");
  if (!e.judgement.ambiguity().empty()) line(out, "", "but: " + std::string(e.judgement.ambiguity()));
  for (const RouteStep& step : e.steps) {
    if (!step.matches()) line(out, "", "not " + step.route->label + ": " + joined(step.why_not, "; "));
    if (!step.unclear.empty()) line(out, "", "can be read in two ways: " + joined(step.unclear, "; "));
  }
}

// What must hold, that the person belongs to the organization in the address included.
Requirement rules_besides_deny(const RouteSettings& route) {
  Requirement all = route.require;
  if (route.organization.is_configured()) all.children.insert(all.children.begin(), route.organization.rule);
  return all;
}

void print_rules(std::string& out, const Explanation& e) {
  const RouteSettings* route = e.judgement.route();
  if (route == nullptr || (rules_besides_deny(*route).empty() && route->deny.empty())) return;
  const auto print = [&](std::string_view label, const Requirement& root) {
    if (root.empty()) return;
    if (const auto who = e.principal()) {
      out += std::string(label) + "\n" + requirement_lines(root, *who, e.now_s, 2);
    } else {
      line(out, label, "asked of whoever is signed in: " + describe_requirement(root, Audience::operators));
    }
  };
  print("deny", route->deny);
  print("require", rules_besides_deny(*route));
}

void print_verdict(std::string& out, const Explanation& e) {
  const Judgement& j = e.judgement;
  line(out, "verdict", std::string(outcome_word(j.outcome)) + ": " + j.reason);
  line(out, "status",
       "navigation: " + status_text(e.as_navigation, e.settings) + "; script: " + status_text(e.as_script, e.settings));
  if (j.outcome == Judgement::Outcome::allow && e.person && j.counts_as == Asker::Kind::nobody)
    line(out, "", "the app is not told who it is: the route does not ask");
}

void print_head(std::string& out, const Explanation& e) {
  const Judgement& j = e.judgement;
  if (j.outcome != Judgement::Outcome::allow || j.head.empty()) return;
  line(out, "to the app", "upstream " + j.route()->upstream);
  for (std::size_t begin = 0; begin + 2 < j.head.size();) {
    const std::size_t end = j.head.find("\r\n", begin);
    out += "  " + j.head.substr(begin, end - begin) + "\n";
    begin = end + 2;
  }
}

void print_sign_in(std::string& out, const Explanation& e) {
  if (e.judgement.outcome != Judgement::Outcome::sign_in) return;
  const SignInRequest request = sign_in_request_of(e.judgement, e.settings);
  if (request.asks_how)
    line(out, "asks how", e.settings.auth_prefix + "/sign-in, with a button for each way in (sign_in.choose); then:");
  line(out, "sign-in", request.endpoint);
  for (const auto& [name, value] : request.parameters) out += "  " + name + " = " + value + "\n";
  line(out, "comes back to", request.return_to);
}

std::string text_of(const Explanation& e) {
  std::string out;
  line(out, "request", e.asked.method + " " + e.asked.url);
  line(out, "as", e.person ? e.person->session.sub : "nobody (signed out)");
  if (const auto& shown = e.asked.client_certificate)
    line(out, "certificate", std::string(shown->first(CertificateField::subject)));
  print_target(out, e);
  print_route(out, e);
  print_rules(out, e);
  print_verdict(out, e);
  print_head(out, e);
  print_sign_in(out, e);
  return out;
}

// --- JSON ---

ordered_json json_of(const ExplainedRequirement& node) {
  ordered_json out = {{"requirement", requirement_heading(*node.requirement)}, {"holds", node.holds}};
  if (!node.seen.empty()) out["seen"] = node.seen;
  for (const ExplainedRequirement& child : node.children) out["children"].push_back(json_of(child));
  return out;
}

ordered_json json_of(const Requirement& root, const Explanation& e) {
  ordered_json rules = ordered_json::array();
  const auto who = e.principal();
  if (!who) return rules;
  for (const ExplainedRequirement& child : explain_requirement(root, *who, e.now_s).children)
    rules.push_back(json_of(child));
  return rules;
}

ordered_json json_of(const RouteSettings& route) {
  return {{"index", route.index},       {"label", route.label},
          {"line", route.line},         {"access", access_word(route.access)},
          {"upstream", route.upstream}, {"reply", describe_reply(route.reply)}};
}

ordered_json json_of(const RouteStep& step) {
  return {{"index", step.route->index},
          {"label", step.route->label},
          {"matches", step.matches()},
          {"why_not", step.why_not},
          {"unclear", step.unclear}};
}

ordered_json outcome_json(const Judgement& judgement, const Settings& settings) {
  ordered_json out = {{"outcome", outcome_word(judgement.outcome)}, {"status", nullptr}};
  if (judgement.status != 0) out["status"] = judgement.status;
  if (const auto grpc = judgement.grpc_status()) out["grpc_status"] = static_cast<int>(grpc->code);
  if (const auto answer = own_answer(judgement, settings)) {
    out["status"] = answer->status;
    if (const std::string location = location_of(*answer); !location.empty()) out["location"] = location;
  }
  return out;
}

// [[name, value], ...] of "Name: value\r\n" lines.
ordered_json fields_json(std::string_view lines) {
  ordered_json fields = ordered_json::array();
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find("\r\n"), lines.size());
    const std::string_view one = lines.substr(0, end);
    const std::size_t colon = one.find(": ");
    if (colon != std::string_view::npos) fields.push_back({one.substr(0, colon), one.substr(colon + 2)});
    lines.remove_prefix(std::min(end + 2, lines.size()));
  }
  return fields;
}

void add_allowed(ordered_json& out, const Judgement& judgement) {
  if (judgement.outcome != Judgement::Outcome::allow) return;
  out["identity_headers"] = fields_json(judgement.identity);
  const std::string_view head = judgement.head;
  if (head.empty()) return;  // another proxy sends it
  const std::size_t end = head.find("\r\n");
  out["app"] = {{"target", judgement.resolved->app_target},
                {"request_line", head.substr(0, end)},
                {"headers", fields_json(head.substr(end + 2))}};
}

void add_sign_in(ordered_json& out, const Explanation& e) {
  if (e.judgement.outcome != Judgement::Outcome::sign_in) return;
  const SignInRequest request = sign_in_request_of(e.judgement, e.settings);
  ordered_json parameters = ordered_json::object();
  for (const auto& [name, value] : request.parameters) parameters[name] = value;
  out["sign_in"] = {{"endpoint", request.endpoint},
                    {"parameters", parameters},
                    {"return_to", request.return_to},
                    {"asks_how", request.asks_how}};
}

ordered_json json_of(const Explanation& e) {
  const Judgement& j = e.judgement;
  ordered_json out = {{"method", e.asked.method}, {"url", e.asked.url}, {"as", nullptr}};
  if (e.person) out["as"] = e.person->session.sub;
  out["client"] = j.client.address;
  if (const auto& shown = e.asked.client_certificate)
    out["client_certificate"] = shown->first(CertificateField::subject);
  out["external_url"] = j.external() == nullptr ? ordered_json() : ordered_json(j.external()->text());
  out["target"] = j.target() ? ordered_json(j.target()->text_as_sent()) : ordered_json();
  if (j.target() && !j.target()->other_spelling.empty()) out["judged_as"] = j.target()->path;
  out["route"] = j.route() == nullptr ? ordered_json() : json_of(*j.route());
  out["instead_of"] = e.decides_instead() == nullptr ? ordered_json() : json_of(*j.resolved->instead_of);
  out["ambiguity"] = j.ambiguity().empty() ? ordered_json() : ordered_json(j.ambiguity());
  out["routes_asked"] = ordered_json::array();
  for (const RouteStep& step : e.steps) out["routes_asked"].push_back(json_of(step));
  if (j.route() != nullptr) {
    out["deny"] = json_of(j.route()->deny, e);
    out["require"] = json_of(rules_besides_deny(*j.route()), e);
    if (j.route()->organization.is_configured()) out["organization"] = j.organization();
  }
  out["outcome"] = outcome_word(j.outcome);
  out["reason"] = j.reason;
  out["status"] = outcome_json(j, e.settings)["status"];
  out["navigation"] = outcome_json(e.as_navigation, e.settings);
  out["script"] = outcome_json(e.as_script, e.settings);
  add_allowed(out, j);
  add_sign_in(out, e);
  return out;
}

// --- the command ---

Result<AskedRequest> request_of(const ExplainOptions& options) {
  AskedRequest asked;
  asked.method = options.method;
  asked.url = options.url;
  asked.client = options.client;
  asked.manner = options.script ? Manner::script : Manner::navigation;
  if (!options.url.starts_with("http://") && !options.url.starts_with("https://"))
    return fail("--url: expected a URL such as https://app.example.com/admin, found '" + options.url + "'");
  if (!is_ip_literal(options.client)) return fail("--client: expected an IP address, found '" + options.client + "'");
  for (const std::string& text : options.headers) {
    auto header = parse_header(text);
    if (!header) return header.error();
    asked.headers.push_back(std::move(*header));
  }
  return asked;
}

Result<void> read_person(const std::string& file, Explanation& e) {
  if (file.empty()) return {};
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in)
    return fail("--as: cannot read the file '" + file +
                "'; expected the name of one that holds claims, such as {\"sub\": \"alice\", \"roles\": [\"admin\"]}");
  auto person = person_from_claims(text.str(), e.settings, e.now_s);
  if (!person) return fail("--as " + file + ": " + person.error().message);
  e.person = std::move(*person);
  return {};
}

// Whether a listener accepts it is not asked: that takes a connection.
Result<void> read_certificate(const std::string& file, AskedRequest& asked, std::int64_t now_s) {
  if (file.empty()) return {};
  const auto pem = read_pem_file(file);
  if (!pem) return fail("--client-certificate: " + pem.error().message);
  auto certificate = client_certificate_in(*pem);
  if (!certificate) return fail("--client-certificate: " + file + " " + certificate.error().message);
  if (certificate->not_after_s <= now_s) return fail("--client-certificate: " + file + " has expired");
  asked.client_certificate = std::move(*certificate);
  return {};
}

void answer(Explanation& e, const RequestJudge& judge) {
  const Person* who = e.person ? &*e.person : nullptr;
  const auto in_manner = [&](Manner manner) {
    AskedRequest asked = e.asked;
    asked.manner = manner;
    return judge.judge(asked, who, e.now_s);
  };
  e.judgement = judge.judge(e.asked, who, e.now_s);
  e.as_navigation = in_manner(Manner::navigation);
  e.as_script = in_manner(Manner::script);
  const Judgement& j = e.judgement;
  if (j.resolved && j.resolved->asked_router)
    e.steps = explain_routes(e.settings, route_question(j.request_line(), *j.resolved));
}

}  // namespace

int run_explain(const ExplainOptions& options) {
  auto asked = request_of(options);
  if (!asked) return usage(asked.error().message);
  const auto settings = load_or_complain(options.config_path);
  if (!settings) return kExitConfig;
  const std::int64_t now_s = std::time(nullptr);
  if (const auto read = read_certificate(options.certificate_file, *asked, now_s); !read)
    return usage(read.error().message);
  const RealmJudges judges(*settings);
  const RequestJudge& judge = judges.of(*asked, now_s);
  Explanation e{judge.settings(), std::move(*asked), std::nullopt, now_s, {}, {}, {}, {}};
  if (const auto read = read_person(options.as_file, e); !read) return usage(read.error().message);
  answer(e, judge);
  const std::string text =
      options.json ? json_of(e).dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n" : text_of(e);
  std::fputs(text.c_str(), stdout);
  if (std::fflush(stdout) != 0) return kExitFailed;
  return e.judgement.outcome == Judgement::Outcome::allow ? kExitOk : kExitFailed;
}

}  // namespace lp
