#include "config/check/spellings.h"

#include <algorithm>
#include <array>
#include <optional>

#include "config/host_pattern.h"
#include "config/path_pattern.h"
#include "config/route_access.h"
#include "config/route_cover.h"
#include "config/spelling.h"

namespace lp {
namespace {

using PathKind = PathPattern::Kind;

// How many of a route's requests another route has in another spelling of the path.
enum class Share { none, some, all };

// Of a pattern: what every path that it takes begins with.
std::string beginning_of(std::string_view pattern) {
  if (pattern.find('|') != std::string_view::npos) return {};
  if (pattern.starts_with('^')) pattern.remove_prefix(1);
  std::size_t end = std::min(pattern.find_first_of("\\.+*?()[]{}^$"), pattern.size());
  const bool may_be_missing = end < pattern.size() && std::string_view("*?{").find(pattern[end]) != pattern.npos;
  return std::string(pattern.substr(0, may_be_missing && end > 0 ? end - 1 : end));
}

bool takes(const PathPattern& pattern, const std::string& path) {
  return covers(pattern, PathPattern{PathKind::exact, path});
}

// Paths that a prefix takes, to be tried where a pattern cannot be compared as a whole.
std::array<std::string, 3> samples_of(const std::string& prefix) {
  return {prefix.empty() ? "/" : prefix, prefix + "/x", prefix + "/x/y.z"};
}

Share share_of_prefix(const PathPattern& other, const std::string& prefix) {
  const auto samples = samples_of(prefix);
  const bool met = std::any_of(samples.begin(), samples.end(), [&](const std::string& path) {
    return takes(spelling_key(other), spelling_key(path)) && !takes(other, path);
  });
  return met ? Share::some : Share::none;
}

// Of two patterns: they are the same but for the spelling of their beginning, so that no path is literally of both.
bool begin_otherwise(const std::string& one, const std::string& other) {
  const std::string a = beginning_of(one);
  const std::string b = beginning_of(other);
  const bool same_rest = one.substr(one.find(a) + a.size()) == other.substr(other.find(b) + b.size());
  return a != b && a.size() == b.size() && same_rest && spelling_key(a) == spelling_key(b);
}

Share share_of_pattern(const PathPattern& other, const std::string& pattern) {
  if (other.kind == PathKind::regex) return begin_otherwise(other.text, pattern) ? Share::all : Share::none;
  const std::string beginning = beginning_of(pattern);
  const std::string folder = beginning.substr(0, beginning.rfind('/') == beginning.npos ? 0 : beginning.rfind('/'));
  if (other.kind != PathKind::prefix || other.text.empty() || is_below(folder, other.text)) return Share::none;
  const std::string key = spelling_key(other).text;
  if (!folder.empty() && is_below(spelling_key(folder), key)) return Share::all;
  return spelling_key(beginning) == key ? Share::some : Share::none;
}

// A path that `other` matches as it stands is decided by the order of the file.
Share share_of_path(const PathPattern& other, const PathPattern& path) {
  if (covers(other, path)) return Share::none;
  if (covers(spelling_key(other), spelling_key(path))) return Share::all;
  if (path.kind == PathKind::prefix && other.kind == PathKind::regex) return share_of_prefix(other, path.text);
  if (path.kind == PathKind::regex) return share_of_pattern(other, path.text);
  return Share::none;
}

Share share_of(const RouteSettings& other, const RouteSettings& route) {
  const Share of_path = share_of_path(other.path, route.path);
  if (of_path == Share::none || !host_patterns_meet(other.host, route.host) || !methods_meet(other, route))
    return Share::none;
  return methods_cover(other, route) && conditions_cover(other, route) ? of_path : Share::some;
}

// The routes that decide for requests of a route, beside it.
class Fate {
 public:
  explicit Fate(const RouteSettings& route) : route_(route), decides_(route) {}
  void meet(const RouteSettings& other) {
    if (!decides_.is_changed_by(other)) return;
    decides_.meet(other, true);
    last_ = &other;
  }
  [[nodiscard]] SpellingFate of(bool always) const {
    const RouteSettings* decides = decides_.route();
    return {decides == nullptr ? last_ : decides, decides != nullptr, always};
  }
  [[nodiscard]] bool is_other() const { return decides_.route() != &route_; }

 private:
  const RouteSettings& route_;
  Strictest decides_;
  const RouteSettings* last_ = nullptr;
};

SpellingFate fate_at(const Settings& settings, const RouteSettings& route) {
  Fate surely(route);
  Fate perhaps(route);
  for (const RouteSettings& other : settings.routes) {
    if (other.index == route.index || !are_asked_together(settings, other, route)) continue;
    const Share share = share_of(other, route);
    if (share == Share::all) surely.meet(other);
    if (share != Share::none) perhaps.meet(other);
  }
  if (surely.is_other()) return surely.of(true);
  return perhaps.is_other() ? perhaps.of(false) : SpellingFate{};
}

std::string names(const RouteSettings& route, const SpellingFate& fate) {
  return "many apps take the paths of route " + route.label + " for those of route " + fate.other->label;
}

constexpr std::string_view kWayOut = "path_spellings: distinct, if the app tells the two apart";

}  // namespace

SpellingFate spelling_fate(const Settings& settings, const RouteSettings& route) {
  if (route.path_spellings == PathSpellings::distinct) return {};
  std::optional<SpellingFate> fate;
  for (const std::string& host : hosts_of(settings, route)) {
    const SpellingFate here = fate_at(settings, at_host(route, host));
    const bool is_same = !fate || (fate->other == here.other && fate->decides == here.decides);
    const bool always = here.always && is_same && (!fate || fate->always);
    if (!fate || (fate->other == nullptr && here.other != nullptr)) fate = here;
    fate->always = always;
  }
  return fate.value_or(SpellingFate{});
}

void check_spellings(const RoutePlace& place) {
  if (place.report.has_problem_in(place.at("path")) || place.report.has_problem_in("external_urls")) return;
  const SpellingFate fate = spelling_fate(place.settings, place.route);
  if (fate.other == nullptr) return;
  const std::string both = names(place.route, fate);
  if (!fate.decides && fate.always)
    return place.report.problem(place.key, "nobody would pass: " + both +
                                               ", and neither rule is stricter, so every request would be answered " +
                                               "400. Give both the same rules, or say " + std::string(kWayOut));
  if (!fate.decides)
    return place.report.warning(place.key, both + ", and neither rule is stricter: requests that both may take are " +
                                               "answered 400. Give both the same rules, or say " +
                                               std::string(kWayOut));
  if (fate.always)
    place.report.warning(
        place.key, "never decides: " + both + ", which is stricter and decides for both. Say " + std::string(kWayOut));
}

}  // namespace lp
