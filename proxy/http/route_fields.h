#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity/folded_names.h"
#include "base/http_message.h"
#include "base/url.h"
#include "config/settings.h"
#include "proxy/http/address_map.h"

// What a route does to fields besides what is done on all: made once, so that a request of a route that does nothing
// pays one comparison. Pure after construction, immutable.
namespace lp {

// Of a client's fields. What the app gets in their place stands in auth/identity/header_sets.h.
class RequestFieldChanges {
 public:
  RequestFieldChanges(const Settings& settings, const RouteSettings& route);
  [[nodiscard]] bool lets_pass(std::string_view name) const { return passed_.contains(name); }  // pass_headers
  [[nodiscard]] bool takes_out(std::string_view name) const { return taken_out_.contains(name); }
  [[nodiscard]] bool is_empty() const { return is_empty_; }

 private:
  FoldedNames passed_;
  FoldedNames taken_out_;
  bool is_empty_;
};

// Of an app's answers.
class AnswerFieldChanges {
 public:
  AnswerFieldChanges(const Settings& settings, const RouteSettings& route);
  // Views of `fields` and of what this holds. A preset adds only what the app and the route do not say.
  [[nodiscard]] Fields applied_to(const Fields& fields, bool is_https) const;
  [[nodiscard]] bool takes_out(std::string_view name) const { return taken_out_.contains(name); }
  [[nodiscard]] bool is_empty() const { return is_empty_; }

 private:
  void add_preset(Fields& fields, bool is_https) const;

  HeaderChanges changes_;
  FoldedNames taken_out_;
  AnswerPreset preset_;
  bool is_empty_;
};

// Null: nothing to do.
struct RouteFields {
  std::unique_ptr<const RequestFieldChanges> request;
  std::unique_ptr<const AnswerFieldChanges> answer;
  std::unique_ptr<const AddressMap> addresses;
};

class FieldsOfRoutes {
 public:
  // `settings` must outlive it.
  explicit FieldsOfRoutes(const Settings& settings);
  // `route` is one of the settings it was made of, or a copy.
  [[nodiscard]] const RouteFields& of(const RouteSettings& route) const {
    return by_route_[static_cast<std::size_t>(route.index)];
  }

 private:
  std::vector<RouteFields> by_route_;  // [RouteSettings::index]
};

}  // namespace lp
