#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/provision.h"
#include "config/settings.h"
#include "config/yaml/document.h"
#include "config/yaml/report.h"

// What a row of the option table (config/options/option_table.h) is made of.
namespace lp {

// What a row acts on: the settings, and in an element of a list or a named map that element.
struct Scope {
  Settings* settings = nullptr;
  ListenSettings* listen = nullptr;
  UpstreamSettings* upstream = nullptr;
  RouteSettings* route = nullptr;
  RuleTestSettings* test = nullptr;
  IssuerSettings* issuer = nullptr;
  RealmSettings* realm = nullptr;
  ProvisionConnectorSettings* connector = nullptr;
  ProvisionResourceSettings* resource = nullptr;
  ProvisionRoleSettings* role = nullptr;
  ProvisionOrganizationRoleSettings* organization_role = nullptr;
  // Of the realm, where one is meant, else those at the top.
  [[nodiscard]] LogtoSettings& logto() const { return realm ? realm->logto : settings->logto; }
  [[nodiscard]] std::vector<Origin>& external_urls() const {
    return realm ? realm->external_urls : settings->external_urls;
  }
  [[nodiscard]] std::optional<Origin>& sign_in_url() const {
    return realm ? realm->sign_in_url : settings->sign_in_url;
  }
  [[nodiscard]] std::string& cookie_domain() const {
    return realm ? realm->cookie_domain : settings->session.cookie.domain;
  }
  [[nodiscard]] ProvisionSettings& provision() const {
    if (!settings->provision) settings->provision = std::make_shared<ProvisionSettings>();
    return *settings->provision;
  }
  [[nodiscard]] HeaderChanges& request_headers() const {
    return route ? route->request_headers : settings->request_headers;
  }
  [[nodiscard]] HeaderChanges& response_headers() const {
    return route ? route->response_headers : settings->response_headers;
  }
  [[nodiscard]] SignInSettings& sign_in() const { return route ? route->sign_in : logto().sign_in; }
};

struct Option;

// One value being read: where it stands and where its problems go.
struct Reading {
  const Option& option;
  const Scope& scope;
  const std::string& key;     // as in messages, "routes[2].path"
  const std::string& folder;  // of the configuration file: relative files are there
  Report& report;
  bool is_before_provision = false;  // files that `provision` writes may be missing
  bool says_provision = false;       // the file says what `provision` does: it can be run
  void problem(const Node& node, std::string message) const {
    report.problem_at(node.mark, key, std::move(message) + (node.is_scalar() ? node.origin() : ""));
  }
};

// How a row reads its YAML value, never null, into the settings, and how it prints it back; null prints as null, no
// print at all means that another row shows it.
struct Binding {
  std::function<void(const Node&, const Reading&)> read;
  std::function<Node(const Scope&)> print;
  std::vector<std::string> choices = {};  // all legal texts, where they are few; for the schema
};

enum OptionFlags : unsigned {
  kPlain = 0,
  kRequired = 1,
  kSecret = 2,
  kNonEmpty = 4,  // a list that is given must have an element: an empty rule is a mistake, never "all" or "nobody"
  // Without it more is let through, so nothing behind the key is a mistake, and null must be said. So is every option
  // of a route.
  kNarrows = 8,
  kProvisioned = 16,  // a file that `provision` writes: before it has run it may be missing
};

struct Option {
  std::string path;               // "limits.target", "upstreams.*.host", "routes[].methods"
  std::string_view type;          // what a value looks like
  std::string_view default_text;  // as YAML; "null": none
  std::int64_t min = 0;           // durations in ms, sizes in bytes, counts
  std::int64_t max = 0;
  unsigned flags = kPlain;
  std::string_view help;
  Binding binding;
  [[nodiscard]] bool is(OptionFlags flag) const { return (flags & flag) != 0; }
};

// A key that holds further keys in another way than as a plain map.
struct Group {
  enum class Kind { map, list, named };
  std::string_view path;  // "routes"; its elements' keys begin with "routes[]." or, named, "upstreams.*."
  Kind kind = Kind::map;
  std::string_view shorthand;  // a scalar in place of the map stands for this key of it
  std::function<void(Settings&)> clear;
  std::function<Scope(Settings&, const std::string& name)> add;
  std::function<std::vector<std::pair<std::string, Scope>>(Settings&)> elements;
  [[nodiscard]] std::string element_path() const;
};

}  // namespace lp
