#include "config/options/option_bindings.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "base/encoding.h"
#include "base/one_of.h"
#include "base/url.h"
#include "config/access_log_fields.h"
#include "config/forward_auth.h"
#include "config/guessable.h"
#include "config/value.h"
#include "config/yaml/suggest.h"

namespace lp {
namespace {

std::string origin_text(const Origin& origin) { return origin.text(); }

template <class Names>
std::string expected_one_of(const Names& names, const std::string& found) {
  std::vector<std::string> known(names.begin(), names.end());
  const std::string near = nearest(found, known);
  std::string all;
  for (const std::string& name : known) all += (all.empty() ? "" : ", ") + name;
  return expected("one of " + all, found).message + (near.empty() ? "" : "; did you mean '" + near + "'?");
}

// The log asks no regex about each request.
Result<PathPattern> parse_log_path(std::string_view text) {
  if (!text.empty() && text.front() == '~') return expected("a path such as /healthz or /static/*, not a regex", text);
  return parse_path_pattern(text);
}

// The wildcard is one whole label, the first, below a domain of two labels or more.
Result<Origin> parse_external_url(std::string_view text) {
  constexpr std::string_view kBefore = "://*.";
  const auto at = text.find(kBefore);
  if (at == std::string_view::npos && text.find('*') != std::string_view::npos) {
    return fail(expected("an origin such as https://app.example.com", text).message +
                ": name each origin, or all hosts of one domain as https://*.example.com, which needs sign_in_url");
  }
  if (at == std::string_view::npos) return parse_config_origin(text);
  auto origin = parse_config_origin(std::string(text.substr(0, at + 3)) + std::string(text.substr(at + 5)));
  if (!origin) return expected("a wildcard origin such as https://*.example.com", text);
  const std::string& domain = origin->host;
  if (is_ip_literal(domain) || domain.front() == '[' || domain.find('.') == std::string::npos) {
    return expected("a wildcard below a domain, such as https://*.example.com", text);
  }
  origin->host = "*." + domain;
  return origin;
}

// Below these anybody may have a name of their own. Far from all: browsers have the Public Suffix List, and drop the
// cookie.
bool is_well_known_suffix(std::string_view domain) {
  static constexpr std::string_view kHosting[] = {
      "github.io",       "gitlab.io",    "herokuapp.com", "vercel.app",     "netlify.app",
      "pages.dev",       "workers.dev",  "web.app",       "fly.dev",        "onrender.com",
      "cloudfront.net",  "ngrok.io",     "ngrok.app",     "ngrok-free.app", "azurewebsites.net",
      "ts.net",          "duckdns.org",  "appspot.com",   "run.app",        "railway.app",
      "firebaseapp.com", "blogspot.com", "glitch.me",     "surge.sh",       "nip.io",
      "sslip.io",        "lvh.me",       "logto.app"};
  static constexpr std::string_view kSecondLevel[] = {"ac", "co", "com", "edu", "go", "gov", "gob", "ltd",
                                                      "me", "ne", "net", "nom", "or", "org", "plc"};
  if (is_one_of(domain, kHosting)) return true;
  const auto dot = domain.find('.');
  const bool of_a_country = domain.size() == dot + 3;  // co.uk
  return of_a_country && is_one_of(domain.substr(0, dot), kSecondLevel);
}

// --print-config shows this in place of secrets; a file made from its output must not start with it as a secret.
bool is_mask(const std::string& text) { return text == kSecretMask; }
constexpr const char* kMaskProblem = "this is the mask that --print-config shows, not a secret";

// Problems of secrets never show the value.
const std::string* secret_text(const Node& node, const Reading& reading) {
  if (node.broken) return nullptr;
  if (!node.is_scalar()) {
    reading.problem(node, "expected " + std::string(reading.option.type) + ", found " +
                              (node.is_null() ? "nothing" : node.describe()));
    return nullptr;
  }
  if (is_mask(node.text)) {
    reading.problem(node, kMaskProblem);
    return nullptr;
  }
  return is_left_in_place(node, reading) ? nullptr : &node.text;
}

bool is_secret_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

void set_secret(const Node& node, const Reading& reading, const std::string& text, Secret& secret,
                std::string_view if_guessable) {
  if (!is_secret_text(text))
    return reading.problem(node, "expected visible ASCII characters without blanks (the value is not shown)");
  if (text.size() < static_cast<std::size_t>(reading.option.min)) {
    return reading.problem(node, "expected at least " + std::to_string(reading.option.min) +
                                     " characters (the value is not shown); `logto-proxy secret` prints one");
  }
  if (!if_guessable.empty() && is_guessable(text)) return reading.problem(node, std::string(if_guessable));
  if (const std::string why = why_no_secret(text); !why.empty() && text.find_first_of("$%<{") == 0)
    return reading.problem(node, why);
  secret = Secret(text);
}

bool contains(const std::vector<Secret>& secrets, std::string_view bytes) {
  return std::any_of(secrets.begin(), secrets.end(), [&](const Secret& s) { return s.equals(bytes); });
}

using AddSecret = void (*)(const Node&, const Reading&, std::string_view);

// Two are what a rotation needs: the one that comes and the one that goes.
void add_app_secret(const Node& node, const Reading& reading, std::string_view text) {
  constexpr std::size_t kMost = 2;
  if (!is_secret_text(text))
    return reading.problem(node, "expected visible ASCII characters without blanks (the value is not shown)");
  if (const std::string why = why_no_secret(text); !why.empty())
    return reading.problem(node, why + ": Logto Console shows it, at the application");
  // Logto's are letters and digits.
  if (text.starts_with('/'))
    return reading.problem(node, "is the name of a file (not shown): that is app_secret_file's place");
  auto& secrets = reading.scope.logto().app_secrets;
  if (contains(secrets, text)) return reading.problem(node, "the same secret stands in the list twice");
  if (secrets.size() == kMost) return reading.problem(node, "expected at most two secrets, found more");
  secrets.emplace_back(std::string(text));
}

void add_session_secret(const Node& node, const Reading& reading, std::string_view text) {
  auto secret = parse_session_secret(text);
  if (!secret) {
    const std::string why = why_no_secret(text);
    if (why.empty() && text.starts_with('/'))
      return reading.problem(node, secret.error().message + "; the name of a file is for secret_file");
    return reading.problem(node,
                           why.empty() ? secret.error().message : why + "; `logto-proxy secret` prints one of base64");
  }
  auto& ring = reading.scope.settings->session.secrets;
  if (contains(ring, secret->reveal())) return reading.problem(node, "the same secret stands in the ring twice");
  ring.push_back(std::move(secret).value());
}

void add_listed_secrets(const Node& node, const Reading& reading, AddSecret add) {
  for (const Node* item : list_items(node, reading)) {
    if (const auto* text = secret_text(*item, reading)) add(*item, reading, *text);
  }
}

std::optional<std::string> file_text(const Node& node, const Reading& reading) {
  const auto* name = scalar_text(node, reading);
  if (name == nullptr) return std::nullopt;
  auto text = read_small_file(resolve_file(reading.folder, *name));
  if (text) return std::move(text).value();
  reading.problem(node, text.error().message);
  return std::nullopt;
}

// Of a file that holds a secret, which commands look at too. One that `provision` is about to write may be missing.
std::optional<std::string> secret_file_text(const Node& node, const Reading& reading) {
  const auto* name = scalar_text(node, reading);
  if (name == nullptr) return std::nullopt;
  const std::string path = resolve_file(reading.folder, *name);
  reading.scope.settings->secret_files.push_back({reading.key, path});
  std::error_code ignored;
  const bool is_gone = !std::filesystem::exists(path, ignored);
  if (!is_gone || !reading.option.is(kProvisioned)) return file_text(node, reading);
  if (reading.is_before_provision) return std::nullopt;
  if (!reading.says_provision || ignored) return file_text(node, reading);
  reading.problem(node, "expected a file, found none at '" + path + "': `logto-proxy provision` writes it");
  return std::nullopt;
}

// One secret in each line; empty lines count for nothing, a file without any is a mistake.
void add_secrets_of_file(const Node& node, const Reading& reading, AddSecret add) {
  const auto text = secret_file_text(node, reading);
  if (!text) return;
  bool found = false;
  for (std::size_t at = 0; at <= text->size();) {
    const auto end = std::min(text->find('\n', at), text->size());
    auto line = trim_ows(std::string_view(*text).substr(at, end - at));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (!line.empty()) add(node, reading, line);
    found = found || !line.empty();
    at = end + 1;
  }
  if (!found) add(node, reading, "");
}

Node masked(std::size_t count) {
  if (count == 0) return {};
  const std::string mask(kSecretMask);
  return count == 1 ? Node::scalar(mask) : Node::list(std::vector<std::string>(count, mask));
}

}  // namespace

Binding external_urls_binding() { return list<Origin>(LP_FIELD(external_urls()), parse_external_url, origin_text); }

Binding origin_binding(Field<Origin> field) { return scalar<Origin>(field, parse_config_origin, origin_text); }

Binding optional_origin_binding(Field<std::optional<Origin>> field) {
  return {[=](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            auto origin = parse_config_origin(*text);
            if (!origin) return reading.problem(node, origin.error().message);
            field(reading.scope) = std::move(origin).value();
          },
          [=](const Scope& scope) {
            const auto& origin = field(scope);
            return origin ? Node::scalar(origin->text()) : Node();
          }};
}

Binding workers_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const auto number = *text == "auto" ? Result<std::int64_t>(std::int64_t{0}) : parse_count(*text);
            const bool in_range = number && *number >= reading.option.min && *number <= reading.option.max;
            if (*text != "auto" && !in_range) {
              return reading.problem(node, expected("auto or a whole number from 1 to 1024", *text).message);
            }
            reading.scope.settings->workers = static_cast<int>(*number);
          },
          [](const Scope& scope) {
            const int workers = scope.settings->workers;
            return Node::scalar(workers == 0 ? "auto" : std::to_string(workers));
          }};
}

Binding connections_per_address_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const auto number = *text == "auto" ? Result<std::int64_t>(kAutomatic) : parse_count(*text);
            const bool in_range = number && *number >= reading.option.min && *number <= reading.option.max;
            if (*text != "auto" && !in_range) {
              return reading.problem(node, expected("auto or a whole number from 1 to 1000000", *text).message);
            }
            reading.scope.settings->limits.connections_per_address = *number;
          },
          [](const Scope& scope) {
            const std::int64_t most = scope.settings->limits.connections_per_address;
            return Node::scalar(most == kAutomatic ? "auto" : std::to_string(most));
          }};
}

Binding handshakes_per_address_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const bool is_word = *text == "auto" || *text == "none";
            const auto number = parse_count(*text);
            const bool in_range = number && *number >= reading.option.min && *number <= reading.option.max;
            if (!is_word && !in_range)
              return reading.problem(node, expected("auto, none or a whole number from 1 to 1000000", *text).message);
            std::int64_t& rate = reading.scope.settings->limits.handshakes_per_address;
            rate = *text == "auto" ? kAutomatic : *text == "none" ? kUnlimited : *number;
          },
          [](const Scope& scope) {
            const std::int64_t rate = scope.settings->limits.handshakes_per_address;
            return Node::scalar(rate == kAutomatic ? "auto" : rate == kUnlimited ? "none" : std::to_string(rate));
          }};
}

Binding count_or_word(Field<std::int64_t> field, std::string word, std::int64_t meaning) {
  return {[=](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const auto number = *text == word ? Result<std::int64_t>(meaning) : parse_count(*text);
            const bool in_range = number && *number >= reading.option.min && *number <= reading.option.max;
            if (*text == word || in_range) {
              field(reading.scope) = *number;
              return;
            }
            const std::string range = std::to_string(reading.option.min) + " to " + std::to_string(reading.option.max);
            reading.problem(node, expected(word + " or a whole number from " + range, *text).message);
          },
          [=](const Scope& scope) {
            const std::int64_t number = field(scope);
            return Node::scalar(number == meaning ? word : std::to_string(number));
          }};
}

Binding buffer_request_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const auto bytes = *text == "off" ? Result<std::int64_t>(std::int64_t{0}) : parse_size(*text);
            const bool in_range = bytes && *bytes >= reading.option.min && *bytes <= reading.option.max;
            if (*text != "off" && !in_range) {
              return reading.problem(node, expected("off or a size from 1KiB to 1GiB", *text).message);
            }
            reading.scope.route->buffer_request_bytes = *bytes;
          },
          [](const Scope& scope) {
            const std::int64_t bytes = scope.route->buffer_request_bytes;
            return Node::scalar(bytes == 0 ? "off" : format_size(bytes));
          }};
}

Binding allowed_origins_binding() {
  return {[](const Node& node, const Reading& reading) {
            RouteSettings& route = *reading.scope.route;
            route.allowed_origins.clear();
            route.allows_no_origin = false;
            for (const Node* item : list_items(node, reading)) {
              const auto* text = scalar_text(*item, reading);
              if (text == nullptr) continue;
              if (*text == "none") {
                route.allows_no_origin = true;
                continue;
              }
              auto origin = parse_page_origin(*text);
              if (!origin) {
                reading.problem(*item, origin.error().message);
              } else {
                route.allowed_origins.push_back(std::move(origin).value());
              }
            }
          },
          [](const Scope& scope) {
            std::vector<std::string> printed;
            if (scope.route->allows_no_origin) printed.emplace_back("none");
            for (const Origin& origin : scope.route->allowed_origins) printed.push_back(origin.text());
            return Node::list(std::move(printed));
          }};
}

namespace {

// Of a route null, where the default of logto.sign_in holds.
template <std::optional<bool> SignInSettings::*member>
Binding sign_in_flag() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const auto value = parse_bool(*text);
            if (!value) return reading.problem(node, value.error().message);
            reading.scope.sign_in().*member = *value;
          },
          [](const Scope& scope) {
            const auto& value = scope.sign_in().*member;
            if (!value && scope.route != nullptr) return Node();
            return Node::scalar(value.value_or(false) ? "true" : "false");
          }};
}

}  // namespace

Binding keep_fragment_binding() { return sign_in_flag<&SignInSettings::keep_fragment>(); }
Binding choose_binding() { return sign_in_flag<&SignInSettings::choose>(); }

Binding extra_binding() {
  return {[](const Node& node, const Reading& reading) {
            if (!node.is_map()) return reading.problem(node, "expected a map of parameters, found " + node.describe());
            for (const auto& entry : node.entries) {
              if (entry.value.broken) continue;
              const std::string key = reading.key + "." + entry.key;
              const Reading inner{reading.option, reading.scope, key, reading.folder, reading.report};
              const auto* value = scalar_text(entry.value, inner);
              if (value == nullptr) continue;
              const auto checked = check_extra_parameter(entry.key, *value);
              if (!checked) inner.problem(entry.value, checked.error().message);
              reading.scope.sign_in().extra[entry.key] = *value;
            }
          },
          [](const Scope& scope) {
            Node map;
            map.kind = Node::Kind::map;
            for (const auto& [name, value] : scope.sign_in().extra) {
              map.entries.push_back({name, {}, Node::scalar(value)});
            }
            return map;
          }};
}

Binding path_binding(Field<std::string> field) {
  return {[=](const Node& node, const Reading& reading) {
            if (const auto* name = scalar_text(node, reading))
              field(reading.scope) = resolve_file(reading.folder, *name);
          },
          [=](const Scope& scope) { return field(scope).empty() ? Node() : Node::scalar(field(scope)); }};
}

Binding secret_binding(Field<Secret> field, std::string_view if_guessable) {
  return {[=](const Node& node, const Reading& reading) {
            if (const auto* text = secret_text(node, reading))
              set_secret(node, reading, *text, field(reading.scope), if_guessable);
          },
          [=](const Scope& scope) { return masked(field(scope).empty() ? 0 : 1); }};
}

Binding secret_file_binding(Field<Secret> field, std::string_view if_guessable) {
  return {[=](const Node& node, const Reading& reading) {
            if (const auto text = secret_file_text(node, reading))
              set_secret(node, reading, *text, field(reading.scope), if_guessable);
          },
          {}};
}

Binding redis_url_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const auto parsed = parse_redis_url(*text, reading.scope.settings->redis);
            if (!parsed) reading.problem(node, parsed.error().message);
          },
          [](const Scope& scope) {
            const RedisSettings& redis = scope.settings->redis;
            return redis.is_configured() ? Node::scalar(format_redis_url(redis)) : Node();
          }};
}

Binding ca_file_binding(Field<std::string> field) {
  return {[=](const Node& node, const Reading& reading) {
            const auto text = file_text(node, reading);
            if (!text) return;
            if (text->find("CERTIFICATE-----") == std::string::npos) {
              return reading.problem(node, "expected certificates in PEM form in '" + node.text + "'");
            }
            field(reading.scope) = resolve_file(reading.folder, node.text);
          },
          [=](const Scope& scope) {
            const auto& file = field(scope);
            return file.empty() ? Node() : Node::scalar(file);
          }};
}

Binding directory_binding(Field<std::string> field) {
  return {[=](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const std::string path = resolve_file(reading.folder, *text);
            if (const auto error = why_no_directory(path)) return reading.problem(node, error->message);
            field(reading.scope) = path;
          },
          [=](const Scope& scope) {
            const auto& path = field(scope);
            return path.empty() ? Node() : Node::scalar(path);
          }};
}

Binding app_secret_binding() {
  return {[](const Node& node, const Reading& reading) { add_listed_secrets(node, reading, add_app_secret); },
          [](const Scope& scope) { return masked(scope.logto().app_secrets.size()); }};
}

Binding app_secret_file_binding() {
  return {[](const Node& node, const Reading& reading) { add_secrets_of_file(node, reading, add_app_secret); }, {}};
}

Binding app_id_file_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto text = secret_file_text(node, reading);
            if (!text) return;
            auto id = parse_visible_text(*text);
            if (!id) return reading.problem(node, "expected one id in '" + node.text + "', found something else");
            reading.scope.logto().app_id = std::move(*id);
          },
          {}};
}

Binding scopes_binding() {
  return {[](const Node& node, const Reading& reading) {
            std::vector<std::string> scopes;
            for (const Node* item : list_items(node, reading)) {
              const auto* text = scalar_text(*item, reading);
              if (text == nullptr) continue;
              // RFC 6749 3.3: visible ASCII but '"' and '\'.
              // A comma is legal there, and in no scope that anybody has.
              if (!is_secret_text(*text) || text->find_first_of("\"\\,") != std::string::npos) {
                reading.problem(*item,
                                expected("one scope in each element of the list", *text).message + as_a_list(node));
              } else if (*text == "offline_access") {
                reading.problem(*item, "say `refresh: offline_access` instead");
              } else if (*text != "openid" && !is_one_of(*text, scopes)) {
                scopes.push_back(*text);
              }
            }
            reading.scope.logto().scopes = std::move(scopes);
          },
          [](const Scope& scope) { return Node::list(scope.logto().scopes); }};
}

// Of Logto's, what only one visit knows.
constexpr std::array<std::string_view, 6> kLinkParameters = {"login_hint",   "ui_locales", "one_time_token",
                                                             "first_screen", "identifier", "organization_id"};

Binding allowed_parameters_binding() {
  return {[](const Node& node, const Reading& reading) {
            std::vector<std::string> names;
            for (const Node* item : list_items(node, reading)) {
              const auto* text = scalar_text(*item, reading);
              if (text == nullptr) continue;
              if (!is_one_of(*text, kLinkParameters))
                reading.problem(*item,
                                "expected login_hint, ui_locales, one_time_token, first_screen, identifier or "
                                "organization_id, found '" +
                                    *text + "'");
              else if (!is_one_of(*text, names))
                names.push_back(*text);
            }
            reading.scope.logto().allow_parameters = std::move(names);
          },
          [](const Scope& scope) { return Node::list(scope.logto().allow_parameters); }};
}

Binding session_secret_binding() {
  return {[](const Node& node, const Reading& reading) { add_listed_secrets(node, reading, add_session_secret); },
          [](const Scope& scope) { return masked(scope.settings->session.secrets.size()); }};
}

Binding session_secret_file_binding() {
  return {[](const Node& node, const Reading& reading) { add_secrets_of_file(node, reading, add_session_secret); }, {}};
}

Binding log_format_binding(Field<LogFormat> field) {
  return choice<LogFormat>(field,
                           {{"auto", LogFormat::automatic}, {"json", LogFormat::json}, {"text", LogFormat::text}});
}

Binding access_log_output_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            AccessLogSettings& log = reading.scope.settings->access_log;
            log.enabled = *text != "off";
            if (*text == "off" || *text == "stdout") return;
            // A word without a slash is rather a misspelt word than a file.
            if (text->find('/') == std::string::npos)
              return reading.problem(
                  node, expected("stdout, off or a file with its path, such as /var/log/access.log", *text).message);
            log.file = resolve_file(reading.folder, *text);
          },
          [](const Scope& scope) {
            const AccessLogSettings& log = scope.settings->access_log;
            return Node::scalar(!log.enabled ? "off" : log.file.empty() ? "stdout" : log.file);
          }};
}

Binding access_log_fields_binding() {
  return {[](const Node& node, const Reading& reading) {
            std::uint32_t bits = 0;
            for (const Node* item : list_items(node, reading)) {
              const auto* text = scalar_text(*item, reading);
              if (text == nullptr) continue;
              const auto found = std::find(kAccessLogFields.begin(), kAccessLogFields.end(), *text);
              if (found == kAccessLogFields.end()) {
                reading.problem(*item, expected_one_of(kAccessLogFields, *text));
              } else {
                bits |= std::uint32_t{1} << (found - kAccessLogFields.begin());
              }
            }
            reading.scope.settings->access_log.fields = bits;
          },
          [](const Scope& scope) {
            const std::uint32_t bits = scope.settings->access_log.fields;
            std::vector<std::string> names;
            for (std::size_t i = 0; i < kAccessLogFields.size(); ++i) {
              if ((bits >> i & 1U) != 0) names.emplace_back(kAccessLogFields[i]);
            }
            return names.size() == kAccessLogFields.size() ? Node() : Node::list(std::move(names));
          }};
}

Binding access_log_exclude_binding() {
  const Binding paths = list<PathPattern>(LP_FIELD(settings->access_log.exclude), parse_log_path, format_path_pattern);
  return {paths.read, paths.print};
}

Binding same_site_binding() {
  auto binding = choice<SameSite>([](const Scope& s) -> SameSite& { return s.settings->session.cookie.same_site; },
                                  {{"lax", SameSite::lax}, {"none", SameSite::none}});
  return {[read = binding.read](const Node& node, const Reading& reading) {
            if (node.is_scalar() && node.text == "strict") {
              return reading.problem(
                  node, "strict cannot work: the browser would come back from Logto without its cookies; use lax");
            }
            read(node, reading);
          },
          binding.print, binding.choices};
}

Binding upstream_url_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const auto parsed = parse_upstream_url(*text, *reading.scope.upstream);
            if (!parsed) reading.problem(node, parsed.error().message);
          },
          [](const Scope& scope) { return Node::scalar(format_upstream_url(*scope.upstream)); }};
}

Binding upstream_servers_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto items = list_items(node, reading);
            if (items.size() > 1) {
              return reading.problem(*items[1], "more than one server is not built yet: name one");
            }
            const Binding url = upstream_url_binding();
            for (const Node* item : items) url.read(*item, reading);
          },
          {}};
}

Binding upstream_host_binding() {
  using Host = UpstreamSettings::Host;
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            UpstreamSettings& upstream = *reading.scope.upstream;
            if (*text == "client" || *text == "upstream") {
              upstream.host_header = *text == "client" ? Host::client : Host::upstream;
            } else if (parse_authority(*text, 80).ok()) {
              upstream.host_header = Host::literal;
              upstream.host_literal = *text;
            } else {
              reading.problem(node, expected("client, upstream or a host such as wiki.example.com", *text).message);
            }
          },
          [](const Scope& scope) {
            const UpstreamSettings& upstream = *scope.upstream;
            if (upstream.host_header == Host::literal) return Node::scalar(upstream.host_literal);
            return Node::scalar(upstream.host_header == Host::client ? "client" : "upstream");
          }};
}

Binding null_if_empty(Field<std::vector<std::string>> field, Parse<std::string> parse) {
  auto binding = texts(field, parse);
  return {binding.read, [=](const Scope& scope) { return field(scope).empty() ? Node() : Node::list(field(scope)); }};
}

Result<std::string> parse_visible_text(std::string_view text) {
  if (is_secret_text(text)) return std::string(text);
  return expected("visible ASCII characters", text);
}

Result<std::string> parse_field_name(std::string_view text) {
  if (is_token(text)) return std::string(text);
  return expected("the name of a header field", text);
}

Result<std::string> parse_nonempty_text(std::string_view text) {
  const bool has_control =
      std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!text.empty() && !has_control) return std::string(text);
  return expected("a text without control characters", text);
}

Result<std::string> parse_cookie_name(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  if (is_token(text) && text.size() <= kLongest) return std::string(text);
  return expected("a cookie name of at most 64 token characters", text);
}

Result<std::string> parse_plain_path(std::string_view text) {
  if (auto normal = check_normal_path(text); !normal) return normal.error();
  if (text.back() == '/' || text.find('*') != std::string_view::npos) {
    return expected("a path such as /api, without '/' at the end and without '*'", text);
  }
  return std::string(text);
}

Result<std::string> parse_oauth2_prefix(std::string_view text) {
  if (text == "true") return std::string(kOauth2Prefix);
  if (text == "false") return std::string();
  if (text.substr(0, 1) != "/") return expected("true, false or a path such as /oauth2", text);
  return parse_plain_path(text);
}

std::string format_oauth2_prefix(const std::string& prefix) {
  return prefix.empty() ? "false" : prefix == kOauth2Prefix ? "true" : prefix;
}

Result<std::string> parse_route_host(std::string_view text) {
  const std::string host = ascii_lower(text);
  const bool wildcard = host.substr(0, 2) == "*.";
  if (is_host(wildcard ? std::string_view(host).substr(2) : std::string_view(host))) return host;
  const auto of_url =
      text.find("://") == std::string_view::npos ? parse_authority(host, 80) : Result<Authority>(fail(""));
  const auto url = parse_url(host);
  const std::string meant = url ? url->origin.host : of_url ? of_url->host : "";
  return fail(expected("a host such as app.example.com or *.example.com, without scheme and port", text).message +
              (meant.empty() ? "" : ": write " + meant));
}

Result<std::string> parse_cookie_domain(std::string_view text) {
  constexpr const char* kWhat = "a domain such as example.com, a parent of all external URLs";
  const std::string domain = ascii_lower(text);
  const std::string_view last = std::string_view(domain).substr(domain.rfind('.') + 1);
  const bool is_address = !last.empty() && last.find_first_not_of("0123456789") == std::string_view::npos;
  if (domain.starts_with('.') && parse_cookie_domain(domain.substr(1)).ok())
    return fail(expected(kWhat, text).message + ": write " + domain.substr(1));
  if (domain.starts_with("*.") && parse_cookie_domain(domain.substr(2)).ok())
    return fail(expected(kWhat, text).message + ": write " + domain.substr(2));
  if (const auto url = parse_url(text); url && parse_cookie_domain(url->origin.host).ok())
    return fail(expected(kWhat, text).message + ": write " + url->origin.host);
  if (!is_host(domain) || is_address || domain.front() == '[') return expected(kWhat, text);
  if (domain.find('.') == std::string::npos || is_well_known_suffix(domain)) {
    return fail(expected(kWhat, text).message + ", below which anybody may have a host: browsers drop such a cookie");
  }
  return domain;
}

Result<std::string> parse_method(std::string_view text) {
  const bool lower = std::any_of(text.begin(), text.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  if (is_token(text) && !lower) return std::string(text);
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return fail(expected("a method in upper case such as GET", text).message +
              (is_token(text) ? ": write " + upper : ""));
}

Result<std::string> parse_social_target(std::string_view text) {
  if (parse_with("social:" + std::string(text)).ok()) return std::string(text);
  constexpr std::string_view kKind = "social:";
  return fail(expected("a social target such as linkedin or patreon", text).message +
              (text.starts_with(kKind) ? ": write " + std::string(text.substr(kKind.size())) : ""));
}

Result<std::string> parse_upgrade(std::string_view text) {
  const std::size_t slash = text.find('/');
  const bool is_protocol =
      is_token(text.substr(0, slash)) && (slash == std::string_view::npos || is_token(text.substr(slash + 1)));
  if (is_protocol && !iequals(text, "h2c") && text.size() <= 64) return std::string(text);
  return expected("the name of a protocol such as websocket, tcp or SPDY/3.1", text);
}

Result<std::string> parse_upstream_name(std::string_view text) {
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), legal)) return std::string(text);
  const bool is_url = text.find("://") != std::string_view::npos || text.starts_with("unix:") ||
                      text.find(':') != std::string_view::npos;
  if (is_url) {
    const std::string url = text.find("://") == std::string_view::npos && !text.starts_with("unix:")
                                ? "http://" + std::string(text)
                                : std::string(text);
    return fail(expected("the name of one of upstreams", text).message + ": define it there, upstreams: { app: " + url +
                " }, and write its name here, upstream: app");
  }
  return expected("a name of letters, digits, '-', '_' and '.'", text);
}

Binding optional_number(Field<std::optional<std::int64_t>> field, Parse<std::int64_t> parse,
                        std::string (*format)(std::int64_t), bool may_be_none) {
  return {[=](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const auto value = parse(*text);
            if (!value) return reading.problem(node, value.error().message + (may_be_none ? ", or none" : ""));
            const Option& option = reading.option;
            const bool is_none = may_be_none && *value == kUnlimited;
            if (is_none || (*value >= option.min && *value <= option.max)) {
              field(reading.scope) = *value;
              return;
            }
            reading.problem(node, "expected " + std::string(option.type) + " from " + format(option.min) + " to " +
                                      format(option.max) + ", found '" + *text + "'");
          },
          [=](const Scope& scope) {
            const std::optional<std::int64_t>& value = field(scope);
            return value ? Node::scalar(format(*value)) : Node();
          }};
}

Binding optional_duration(Field<std::optional<std::int64_t>> field) {
  return optional_number(field, parse_duration, format_duration, false);
}

}  // namespace lp
