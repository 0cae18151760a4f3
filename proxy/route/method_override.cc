#include "proxy/route/method_override.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/encoding.h"
#include "config/client_fields.h"
#include "config/route_access.h"
#include "proxy/route/readings.h"
#include "proxy/route/route_conditions.h"
#include "proxy/route/webdav.h"

namespace lp {
namespace {

// _method: Rails, Laravel, Symfony, WordPress; the others: Google, Salesforce.
constexpr std::string_view kParameters[] = {"_method", "_http_method", "_httpmethod"};

// Each word is a question to the router; a program sends one.
constexpr int kMostWords = 8;

template <class List>
bool is_listed(const List& list, std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

// As gateways write names of fields: lower case, all else '_'.
std::string plain_name(std::string_view name) {
  std::string plain = ascii_lower(name);
  for (char& c : plain) {
    if (!is_letter_or_digit(c)) c = '_';
  }
  return plain;
}

bool is_overriding_parameter(const std::string& name) {
  return is_listed(kParameters, name) || is_method_override(name);
}

// What is judged for each method that somebody may read out of a value: frameworks cut at commas, trim, fold the case.
class Overrides {
 public:
  Overrides(const Router& router, const RouteQuestion& question, const RouteSettings& route)
      : router_(router), question_(question), route_(route) {}

  [[nodiscard]] bool stay_here(std::string_view value) {
    for (std::size_t at = 0; at < value.size();) {
      if (static_cast<unsigned char>(value[at]) >= 0x80) return false;  // some letters fold to ASCII ones
      std::size_t end = at;
      while (end < value.size() && (is_letter_or_digit(value[end]) || value[end] == '-')) ++end;
      if (end > at && (left_-- == 0 || !stays_here_as(value.substr(at, end - at)))) return false;
      at = std::max(end, at + 1);
    }
    return true;
  }

 private:
  [[nodiscard]] bool stays_here_as(std::string_view name) const {
    std::string method(name);
    for (char& c : method) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    RouteQuestion asked = question_;
    asked.method = method;
    const RouteAnswer otherwise = router_.route_for(asked);
    // Whoever passes here would pass there too, to the same app.
    const RouteSettings* other = otherwise.route;
    const bool is_no_stricter =
        other == &route_ || (other != nullptr && other->upstream == route_.upstream && admits(*other, route_));
    return !otherwise.is_ambiguous() && is_no_stricter && destination_stays_on_route(router_, asked, route_);
  }

  const Router& router_;
  const RouteQuestion& question_;
  const RouteSettings& route_;
  int left_ = kMostWords;
};

// Calls `visit(value)` for each method in the query, decoded; nullopt: its escapes are broken.
template <class Visit>
void for_each_override(std::string_view query, const Visit& visit) {
  for_each_parameter(query, "&;", [&](std::string_view raw_name, std::string_view raw_value) {
    const auto name = form_decode(raw_name);
    if (!name) return;
    const auto is_one = [](const std::string& read) { return is_overriding_parameter(plain_name(read)); };
    const std::vector<std::string> readings = parameter_readings(*name);
    if (std::any_of(readings.begin(), readings.end(), is_one)) visit(form_decode(raw_value));
  });
}

template <class Visit>
void for_each_override(const Target& target, const Visit& visit) {
  for_each_override(std::string_view(target.query), visit);
  if (!target.has_other_readings) return;
  for (const std::string& hidden : hidden_queries(target.path)) for_each_override(std::string_view(hidden), visit);
}

bool query_stays_here(Overrides& overrides, const Target& target) {
  bool stays = true;
  for_each_override(target, [&](const auto& value) { stays = stays && value && overrides.stay_here(*value); });
  return stays;
}

// All names hold that word, unless it is escaped. Nearly every query is done with here.
bool may_name_method(const Target& target) {
  constexpr std::string_view kWord = "method";
  const std::string& query = target.query;
  const auto is_same = [](char a, char b) { return iequals({&a, 1}, {&b, 1}); };
  return target.has_other_readings || query.find('%') != std::string::npos ||
         std::search(query.begin(), query.end(), kWord.begin(), kWord.end(), is_same) != query.end();
}

}  // namespace

bool overrides_stay_on_route(const Router& router, const RouteQuestion& question, const RouteSettings& route,
                             OverridingFields fields) {
  if (!router.asks_for_methods()) return true;
  Overrides overrides(router, question, route);
  if (!query_stays_here(overrides, question.target)) return false;
  if (fields == OverridingFields::stay_here) return true;
  const auto& all = question.fields.all();
  return std::all_of(all.begin(), all.end(), [&](const Field& field) {
    return !is_method_override(field.name) || overrides.stay_here(field.value);
  });
}

bool query_overrides(const Target& target, std::string_view method) {
  if (!may_name_method(target)) return false;
  bool overrides = false;
  for_each_override(target, [&](const auto& value) { overrides = overrides || !value || !iequals(*value, method); });
  return overrides;
}

}  // namespace lp
