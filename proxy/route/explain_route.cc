#include "proxy/route/explain_route.h"

#include <utility>

#include "config/path_pattern.h"
#include "config/value.h"

namespace lp {
namespace {

enum class Fit { matches, fails, unclear };

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string describe_condition(const FieldCondition& condition, const char* what) {
  std::vector<std::string> texts;
  for (const TextPattern& pattern : condition.any_of)
    texts.push_back(pattern.is_regex() ? pattern.text() : "= " + pattern.text());
  return std::string(what) + " " + condition.name + " " + joined(texts, " or ");
}

std::vector<std::string> network_texts(const RouteSettings& route) {
  std::vector<std::string> texts;
  for (const Cidr& network : route.networks) texts.push_back(format_cidr(network));
  return texts;
}

// A route of one condition among none other.
class Probe {
 public:
  Probe(const Settings& settings, const RouteQuestion& question) : settings_(settings), question_(question) {
    settings_.routes.clear();
    settings_.tests.clear();
  }

  // `condition` is everything's route but for what it changes.
  Fit ask(RouteSettings condition) {
    settings_.routes.assign(1, std::move(condition));
    const RouteAnswer answer = Router(settings_).route_for(question_);
    if (answer.route != nullptr) return Fit::matches;
    return answer.is_ambiguous() ? Fit::unclear : Fit::fails;
  }

  static RouteSettings everything() {
    RouteSettings route;
    route.index = 1;
    route.encoded_slash = EncodedSlash::keep;  // what a route takes is judged after it matched
    route.path_bytes = PathBytes::any;
    return route;
  }
  [[nodiscard]] const RouteQuestion& question() const { return question_; }

 private:
  Settings settings_;
  const RouteQuestion& question_;
};

void look_at_host(Probe& probe, RouteStep& step) {
  RouteSettings only = Probe::everything();
  only.host = step.route->host;
  if (probe.ask(std::move(only)) == Fit::matches) return;
  step.why_not.push_back("host: " + std::string(probe.question().host) + " is not " + step.route->host);
}

// That other readings of the path leave a route is judged when it is known which one; the plain reading matches.
void look_at_path(Probe& probe, RouteStep& step) {
  RouteSettings only = Probe::everything();
  only.path = step.route->path;
  if (probe.ask(std::move(only)) != Fit::fails) return;
  step.why_not.push_back("path: " + probe.question().target.path + " is not " + format_path_pattern(step.route->path));
}

void look_at_method(Probe& probe, RouteStep& step) {
  RouteSettings only = Probe::everything();
  only.methods = step.route->methods;
  if (probe.ask(std::move(only)) == Fit::matches) return;
  step.why_not.push_back("method: " + std::string(probe.question().method) + " is not " +
                         joined(step.route->methods, " or "));
}

void look_at_networks(Probe& probe, RouteStep& step) {
  RouteSettings only = Probe::everything();
  only.networks = step.route->networks;
  if (probe.ask(std::move(only)) == Fit::matches) return;
  step.why_not.push_back("network: " + std::string(probe.question().client_address) + " is not in " +
                         joined(network_texts(*step.route), " or "));
}

void look_at_field(Probe& probe, RouteStep& step, RouteSettings only, const std::string& words) {
  const Fit fit = probe.ask(std::move(only));
  if (fit == Fit::fails) step.why_not.push_back(words);
  if (fit == Fit::unclear) step.unclear.push_back(words);
}

void look_at_fields(Probe& probe, RouteStep& step) {
  for (const FieldCondition& condition : step.route->query) {
    RouteSettings only = Probe::everything();
    only.query = {condition};
    look_at_field(probe, step, std::move(only), "query: the request has not " + describe_condition(condition, "query"));
  }
  for (const FieldCondition& condition : step.route->headers) {
    RouteSettings only = Probe::everything();
    only.headers = {condition};
    look_at_field(probe, step, std::move(only),
                  "header: the request has not " + describe_condition(condition, "header"));
  }
}

}  // namespace

std::vector<RouteStep> explain_routes(const Settings& settings, const RouteQuestion& question) {
  Probe probe(settings, question);
  std::vector<RouteStep> steps;
  for (const RouteSettings& route : settings.routes) {
    RouteStep& step = steps.emplace_back(RouteStep{&route, {}, {}});
    look_at_host(probe, step);
    look_at_path(probe, step);
    look_at_method(probe, step);
    look_at_networks(probe, step);
    look_at_fields(probe, step);
    if (step.matches()) break;
  }
  return steps;
}

std::vector<std::string> describe_conditions(const RouteSettings& route) {
  std::vector<std::string> all;
  for (const FieldCondition& condition : route.query) all.push_back(describe_condition(condition, "query"));
  for (const FieldCondition& condition : route.headers) all.push_back(describe_condition(condition, "header"));
  if (!route.networks.empty()) all.push_back("client in " + joined(network_texts(route), " or "));
  return all;
}

}  // namespace lp
