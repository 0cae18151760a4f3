#include "proxy/route/router.h"

#include <re2/re2.h>

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/encoding.h"
#include "base/one_of.h"
#include "base/url.h"
#include "config/forward_auth.h"
#include "config/host_pattern.h"
#include "config/organization_place.h"
#include "config/path_pattern.h"
#include "config/route_access.h"
#include "config/short_names.h"
#include "config/spelling.h"
#include "proxy/net/ip_address.h"
#include "proxy/route/readings.h"
#include "proxy/route/route_conditions.h"
#include "proxy/route/route_index.h"

namespace lp {
namespace {

// The text of a rule in the one spelling that request paths have, so that a rule for /café or /a%2Bb means what it
// says. `text` has passed the configuration's checks; what has no normal form stays and matches nothing.
std::string normal_rule_path(const std::string& text) {
  std::string ascii;
  for (const char c : text) ascii += static_cast<unsigned char>(c) > 0x7f ? percent_encode({&c, 1}) : std::string(1, c);
  const auto target = normalise_target(ascii);
  return target && !target.value().has_query ? target.value().path : text;
}

// "*.example.com" as ".example.com".
std::string host_key(const std::string& host) {
  return ascii_lower(host.starts_with("*.") ? std::string_view(host).substr(1) : std::string_view(host));
}

RouteIndex::Key key_of(const RouteSettings& route) {
  RouteIndex::Key key{host_key(route.host), route.path};
  if (key.path.kind != PathPattern::Kind::regex && !key.path.text.empty()) {
    key.path.text = normal_rule_path(key.path.text);
  }
  return key;
}

bool host_fits(std::string_view host, const std::string& key) {
  if (key.empty()) return true;
  if (key[0] != '.') return host == key;
  const auto dot = host.find('.');
  return dot != std::string_view::npos && dot > 0 && host.substr(dot) == key;
}

// A plain path has been matched by the index.
class CompiledRoute {
 public:
  CompiledRoute(const RouteSettings& route, const RouteIndex::Key& key) : settings(&route), key_(key) {
    if (key.path.kind != PathPattern::Kind::regex) return;
    regex_ = std::make_unique<RE2>(key.path.text, path_regex_options());
    LP_CHECK(regex_->ok(), "a route's pattern passed the configuration's check and does not compile");
  }

  [[nodiscard]] bool matches(const RouteQuestion& question, std::string_view path) const {
    const auto& methods = settings->methods;
    if (!methods.empty() && !is_one_of(question.method, methods)) return false;
    if (regex_ && !(host_fits(question.host, key_.host) && RE2::FullMatch({path.data(), path.size()}, *regex_)))
      return false;
    return settings->networks.empty() || is_in_networks(question.client_address);
  }
  // Without the help of the index.
  [[nodiscard]] bool matches_path(std::string_view path) const {
    if (regex_) return RE2::FullMatch({path.data(), path.size()}, *regex_);
    return key_.path.kind == PathPattern::Kind::exact ? path == key_.path.text : is_below(path, key_.path.text);
  }
  // Where its text is that of a key, and the path's key holds short names of Windows. No pattern is asked.
  [[nodiscard]] bool may_be_meant_by(const RouteQuestion& question, std::string_view key) const {
    return !regex_ && host_fits(question.host, key_.host) && matches(question, key) &&
           may_stand_for(key, key_.path.text, key_.path.kind == PathPattern::Kind::prefix);
  }
  [[nodiscard]] bool has_conditions() const { return !settings->query.empty() || !settings->headers.empty(); }

  const RouteSettings* settings;

 private:
  [[nodiscard]] bool is_in_networks(std::string_view address) const {
    const auto ip = parse_ip(address);
    return ip && contains_any(settings->networks, *ip);
  }
  RouteIndex::Key key_;
  std::unique_ptr<RE2> regex_;
};

// The routes as they match the keys of paths: for the question which of them a path means to an app that takes several
// spellings for one page.
class Spellings {
 public:
  Spellings(const Settings& settings, const std::vector<RouteIndex::Key>& keys) {
    std::vector<RouteIndex::Key> folded;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      folded.push_back({keys[i].host, spelling_key(keys[i].path)});
      routes_.emplace_back(settings.routes[i], folded[i]);
      has_patterns_ = has_patterns_ || keys[i].path.kind == PathPattern::Kind::regex;
      all_are_keys_ = all_are_keys_ && folded[i].path.text == keys[i].path.text;
    }
    index_.emplace(folded);
    note_stricter(settings.routes);
  }

  // Whether some spelling of the path can meet a route that is stricter than this one, which matches it.
  [[nodiscard]] bool matter_to(const RouteSettings& route, bool is_odd, std::string_view path) const {
    if (all_are_keys_ && !(is_odd && may_have_other_key(path))) return false;
    return has_stricter_[static_cast<std::size_t>(&route - routes_.front().settings)];
  }
  // Calls visit(position) for each route that some spelling of the path meets.
  template <class Visit>
  void for_each(const RouteQuestion& question, std::string_view path, const Visit& visit) const {
    visit_key(question, spelling_key(path), visit);
    const std::string joined = joined_spelling(path);
    if (joined != path) visit_key(question, spelling_key(joined), visit);
  }

 private:
  template <class Visit>
  void visit_key(const RouteQuestion& question, std::string key, const Visit& visit) const {
    if (has_short_name(key)) visit_long_names(question, key, visit);
    const auto meet = [&](std::size_t position) {
      if (routes_[position].matches(question, key)) visit(position);
      return false;
    };
    static_cast<void>(index_->first(question.host, key, meet));
    if (!has_patterns_) return;
    key += '/';
    static_cast<void>(index_->first(question.host, key, meet));
  }
  template <class Visit>
  void visit_long_names(const RouteQuestion& question, const std::string& key, const Visit& visit) const {
    for (std::size_t position = 0; position < routes_.size(); ++position) {
      if (routes_[position].may_be_meant_by(question, key)) visit(position);
    }
  }
  // Routes that let the same people pass are asked about once.
  void note_stricter(const std::vector<RouteSettings>& routes) {
    std::vector<const RouteSettings*> kinds;
    std::vector<std::size_t> kind_of;
    for (const RouteSettings& route : routes) {
      const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const RouteSettings* kind) {
        return admits(*kind, route) && admits(route, *kind);
      });
      kind_of.push_back(static_cast<std::size_t>(same - kinds.begin()));
      if (same == kinds.end()) kinds.push_back(&route);
    }
    for (std::size_t i = 0; i < routes.size(); ++i) {
      has_stricter_.push_back(routes[i].path_spellings == PathSpellings::same &&
                              std::any_of(kinds.begin(), kinds.end(), [&](const RouteSettings* kind) {
                                return may_be_stricter(*kind, *kinds[kind_of[i]]);
                              }));
    }
  }

  std::vector<CompiledRoute> routes_;
  std::optional<RouteIndex> index_;
  std::vector<bool> has_stricter_;  // [position]
  bool has_patterns_ = false;
  bool all_are_keys_ = true;  // a path that is its own key means to everybody what it says
};

// Fails as soon as one condition does: an unclear one decides nothing then.
Condition conditions_of(const RouteSettings& route, const RouteQuestion& question, const ClientHeaderRules& rules) {
  Condition all = Condition::holds;
  const auto add = [&](Condition one) {
    if (one == Condition::fails || all == Condition::fails) all = Condition::fails;
    if (one == Condition::unclear && all == Condition::holds) all = Condition::unclear;
  };
  for (const FieldCondition& one : route.query) add(query_condition(one, question.target.query));
  for (const FieldCondition& one : route.headers)
    add(header_condition(one, question.fields, rules, route.pass_headers));
  return all;
}

struct ExternalUrl {
  const Origin* origin;
  std::string authority;  // as browsers write it, for the comparison that nearly always decides
};

std::string ascii_upper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

bool names(std::string_view authority, const Origin& origin) {
  const std::uint16_t default_port = origin.is_https() ? 443 : 80;
  const auto parsed = parse_authority(authority, default_port);
  return parsed && parsed.value().host == origin.host && parsed.value().port == origin.port;
}

constexpr std::string_view kReadOtherwise = "the target can be read in ways that its route does not take";

// Of what the route's keys reject, or an empty answer.
RouteAnswer rejection_by(const RouteSettings& route, const Target& target) {
  if (target.has_encoded_slash && route.encoded_slash == EncodedSlash::reject)
    return {nullptr,
            "an encoded slash or backslash in the path, or something that is encoded twice; encoded_slash: keep on its "
            "route lets it pass",
            "encoded_slash: keep"};
  if (target.has_other_bytes && route.path_bytes == PathBytes::utf8)
    return {nullptr, "bytes in the target that are not UTF-8; path_bytes: any on its route lets them pass",
            "path_bytes: any"};
  return {};
}

bool lets_nobody_pass(const RouteSettings& route) { return route.access == Access::deny; }

bool has_lower_case(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

}  // namespace

struct Router::Impl {
  std::vector<ExternalUrl> external_urls;
  std::vector<const Origin*> wildcards;
  const Origin* only_own = nullptr;
  std::optional<Origin> backchannel;
  std::string oauth2_auth;
  std::vector<CompiledRoute> routes;
  std::optional<RouteIndex> index;
  std::optional<Spellings> spellings;  // where there is more than one route
  bool asks_for_methods = false;
  std::optional<ClientHeaderRules> header_rules;  // where a route looks at header fields

  struct Match {
    const RouteSettings* route = nullptr;
    bool is_unclear = false;  // whether this route matches depends on how an app reads the query or the fields
  };
  using Counts = bool (*)(const RouteSettings&);
  static bool every_route(const RouteSettings&) { return true; }
  [[nodiscard]] Condition conditions(const CompiledRoute& route, const RouteQuestion& question) const {
    return route.has_conditions() ? conditions_of(*route.settings, question, *header_rules) : Condition::holds;
  }
  [[nodiscard]] Match first_match(const RouteQuestion& question, std::string_view path,
                                  Counts counts = every_route) const {
    std::size_t unclear = RouteIndex::npos;
    const std::size_t found = index->first(question.host, path, [&](std::size_t position) {
      const CompiledRoute& route = routes[position];
      if (!route.matches(question, path) || !counts(*route.settings)) return false;
      const Condition condition = conditions(route, question);
      if (condition == Condition::unclear) unclear = std::min(unclear, position);
      return condition != Condition::fails;
    });
    if (found == RouteIndex::npos) return {};
    return {routes[found].settings, unclear == found};
  }
  // That reading may be none of a route that the path itself is of.
  [[nodiscard]] Match joined_match(const RouteQuestion& question, std::string_view path) const {
    const std::string joined = joined_spelling(path);
    return joined == path ? Match() : first_match(question, joined);
  }
};

Router::Router(const Settings& settings) : impl_(std::make_unique<Impl>()) {
  impl_->oauth2_auth = oauth2_auth_path(settings.forward_auth);
  for (const Origin& origin : settings.external_urls) {
    if (is_wildcard(origin.host)) {
      impl_->wildcards.push_back(&origin);
    } else {
      impl_->external_urls.push_back({&origin, origin.authority()});
    }
  }
  const auto& urls = settings.external_urls;
  if (const auto& sign_in = settings.sign_in_url;
      sign_in && std::find(urls.begin(), urls.end(), *sign_in) == urls.end()) {
    impl_->only_own = &*sign_in;
    impl_->external_urls.push_back({&*sign_in, sign_in->authority()});
  }
  impl_->backchannel = settings.logto.backchannel_url;
  impl_->routes.reserve(settings.routes.size());
  std::vector<RouteIndex::Key> keys;
  for (const RouteSettings& route : settings.routes) {
    keys.push_back(key_of(route));
    impl_->routes.emplace_back(route, keys.back());
    impl_->asks_for_methods = impl_->asks_for_methods || !route.methods.empty();
    if (impl_->routes.back().has_conditions() && !impl_->header_rules) impl_->header_rules.emplace(settings);
  }
  impl_->index.emplace(keys);
  if (keys.size() > 1) impl_->spellings.emplace(settings, keys);
}

Router::~Router() = default;

const Origin* Router::origin_for(std::string_view authority) const {
  for (const ExternalUrl& url : impl_->external_urls) {
    if (iequals(authority, url.authority)) return url.origin;
  }
  for (const ExternalUrl& url : impl_->external_urls) {
    if (names(authority, *url.origin)) return url.origin;
  }
  return nullptr;
}

std::optional<Origin> Router::wildcard_origin_for(std::string_view authority) const {
  for (const Origin* wildcard : impl_->wildcards) {
    const auto parsed = parse_authority(authority, wildcard->is_https() ? 443 : 80);
    if (!parsed) return std::nullopt;
    Origin origin{wildcard->scheme, parsed->host, parsed->port};
    if (origin_matches(*wildcard, origin)) return origin;
  }
  return std::nullopt;
}

bool Router::serves_only_own_endpoints(const Origin& origin) const { return &origin == impl_->only_own; }

const Origin* Router::backchannel_origin_for(std::string_view authority) const {
  const auto& origin = impl_->backchannel;
  return origin && names(authority, *origin) ? &*origin : nullptr;
}

bool Router::asks_for_methods() const { return impl_->asks_for_methods; }

RouteAnswer Router::route_for(const RouteQuestion& question) const {
  const Impl::Match match = impl_->first_match(question, question.target.path);
  if (match.is_unclear) return {nullptr, "a condition of the route can be read in two ways", {}};
  if (match.route == nullptr) return {};
  if (const RouteAnswer refused = misreading(*match.route, question); refused.is_ambiguous()) return refused;
  RouteAnswer answer{match.route};
  if (impl_->spellings && impl_->spellings->matter_to(*match.route, question.target.is_odd, question.target.path))
    answer = strictest_for(*match.route, question);
  if (answer.route != nullptr && evades_by_method(*answer.route, question))
    return {nullptr, "the method can be read as another one", {}};
  return answer;
}

// The route that decides when some spelling of the path, which other routes match, is what the app reads.
RouteAnswer Router::strictest_for(const RouteSettings& route, const RouteQuestion& question) const {
  const std::string& path = question.target.path;
  if (leads_upwards(path)) return {nullptr, "dot segment in disguise", {}};
  Strictest strictest(route);
  impl_->spellings->for_each(question, path, [&](std::size_t position) {
    const CompiledRoute& other = impl_->routes[position];
    // One that matches the path as it is stands behind: the order of the file says who decides.
    if (other.matches_path(path) || !strictest.is_changed_by(*other.settings)) return;
    const Condition condition = impl_->conditions(other, question);
    if (condition != Condition::fails) strictest.meet(*other.settings, condition == Condition::holds);
  });
  const Impl::Match joined = impl_->joined_match(question, path);
  if (joined.route != nullptr) strictest.meet(*joined.route, !joined.is_unclear);
  const RouteSettings* decides = strictest.route();
  if (decides == nullptr)
    return {nullptr, "the path is another route's in another spelling, and neither of the two is stricter", {}};
  if (decides == &route) return {&route};
  const RouteAnswer rejected = rejection_by(*decides, question.target);
  return rejected.is_ambiguous() ? rejected : RouteAnswer{decides, {}, {}, &route};
}

RouteAnswer Router::route_for_oauth2_auth(const RouteQuestion& question) const {
  const auto is_named = [](const RouteSettings& route) { return route.path.kind == PathPattern::Kind::exact; };
  const Impl::Match match = impl_->first_match(question, impl_->oauth2_auth, is_named);
  if (match.is_unclear) return {nullptr, "a condition of the route can be read in two ways", {}};
  return {match.route, {}};
}

// Many frameworks fold the method to upper case (threat P25).
bool Router::evades_by_method(const RouteSettings& route, const RouteQuestion& question) const {
  if (!has_lower_case(question.method) || lets_nobody_pass(route)) return false;
  const std::string upper = ascii_upper(question.method);
  RouteQuestion asked = question;
  asked.method = upper;
  const RouteAnswer folded = route_for(asked);
  return folded.is_ambiguous() || (folded.route != nullptr && folded.route != &route && !is_open(*folded.route));
}

RouteAnswer Router::misreading(const RouteSettings& route, const RouteQuestion& question) const {
  const Target& target = question.target;
  if (const RouteAnswer rejected = rejection_by(route, target); rejected.is_ambiguous()) return rejected;
  const bool reads = (target.has_other_readings && reads_otherwise(route, question)) ||
                     (!target.other_spelling.empty() && reads_spelling_otherwise(route, question));
  return reads ? RouteAnswer{nullptr, kReadOtherwise, {}} : RouteAnswer{};
}

bool Router::reads_otherwise(const RouteSettings& route, const RouteQuestion& question) const {
  const auto readings = lenient_readings(question.target.path);
  return !std::all_of(readings.begin(), readings.end(), [&](const std::string& reading) {
    return stays(route, question, reading);
  }) || reads_hidden_query(route, question);
}

// Conditions on the query would be asked of that one.
bool Router::reads_hidden_query(const RouteSettings& route, const RouteQuestion& question) const {
  const auto readings = lenient_readings(question.target.path);
  Target target = question.target;
  target.has_query = true;
  for (const std::string& hidden : hidden_queries(question.target.path)) {
    target.query = question.target.query.empty() ? hidden : question.target.query + "&" + hidden;
    const RouteQuestion there{question.host, question.method, target, question.fields, question.client_address};
    const auto stays_there = [&](const std::string& reading) {
      const Impl::Match match = impl_->first_match(there, reading);
      return !match.is_unclear && match.route == &route;
    };
    if (!std::all_of(readings.begin(), readings.end(), stays_there)) return true;
  }
  return false;
}

bool Router::reads_spelling_otherwise(const RouteSettings& route, const RouteQuestion& question) const {
  const SpelledReadings readings = spelled_readings(question.target);
  const auto same = [&](const std::string& reading) { return stays(route, question, reading); };
  const auto same_or_wider = [&](const std::string& reading) { return stays_or_widens(route, question, reading); };
  return !(same(readings.unmerged) &&
           std::all_of(readings.behind_authority.begin(), readings.behind_authority.end(), same) &&
           std::all_of(readings.kept.begin(), readings.kept.end(), same_or_wider));
}

bool Router::may_go_as_sent(const RouteSettings& route, const RouteQuestion& question) const {
  return question.target.other_spelling.empty() || stays_or_widens(route, question, undecoded_reading(question.target));
}

bool Router::stays(const RouteSettings& route, const RouteQuestion& question, std::string_view reading) const {
  if (reading == question.target.path) return true;
  if (names_other_organization(route, question.target.path, reading)) return false;
  const Impl::Match match = impl_->first_match(question, reading);
  return !match.is_unclear && match.route == &route && !meets_stricter(route, question, reading);
}

// No route at all is fine too: nobody is asked less than `route` asks.
bool Router::stays_or_widens(const RouteSettings& route, const RouteQuestion& question,
                             std::string_view reading) const {
  if (reading == question.target.path) return true;
  if (names_other_organization(route, question.target.path, reading)) return false;
  const Impl::Match match = impl_->first_match(question, reading);
  return !match.is_unclear && (match.route == nullptr || match.route == &route || admits(*match.route, route));
}

bool Router::meets_stricter(const RouteSettings& route, const RouteQuestion& question, std::string_view path) const {
  if (!impl_->spellings || !impl_->spellings->matter_to(route, true, path)) return false;
  const Impl::Match joined = impl_->joined_match(question, path);
  bool found = leads_upwards(path) || (joined.route != nullptr && may_be_stricter(*joined.route, route));
  impl_->spellings->for_each(question, path, [&](std::size_t position) {
    const CompiledRoute& other = impl_->routes[position];
    found = found || (may_be_stricter(*other.settings, route) && !other.matches_path(path) &&
                      impl_->conditions(other, question) != Condition::fails);
  });
  return found;
}

bool is_backchannel_path(std::string_view path, std::string_view auth_prefix) {
  if (!path.starts_with(auth_prefix)) return false;
  const std::string_view endpoint = path.substr(auth_prefix.size());
  return endpoint == "/backchannel-logout" || endpoint == "/webhook";
}

}  // namespace lp
