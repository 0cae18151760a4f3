#include "proxy/http/private_caching.h"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <iterator>
#include <optional>

#include "base/encoding.h"
#include "proxy/http/syntax.h"

namespace lp {
namespace {

constexpr std::string_view kCacheControl = "cache-control";
constexpr std::string_view kExpires = "expires";

bool ends_with(std::string_view name, std::string_view end) {
  return name.size() >= end.size() && iequals(name.substr(name.size() - end.size()), end);
}

struct Directive {
  std::string_view text;  // all of it
  std::string_view name;
  bool has_value = false;
};

// The end of the token or quoted-string at `at`, or npos where there is none.
std::size_t value_end(std::string_view s, std::size_t at) {
  const std::size_t start = at;
  if (at < s.size() && s[at] == '"') {
    for (++at; at < s.size() && s[at] != '"'; ++at) {
      if (s[at] == '\\') ++at;
    }
    return at < s.size() ? at + 1 : std::string_view::npos;
  }
  while (at < s.size() && syntax::is_tchar(s[at])) ++at;
  return at > start ? at : std::string_view::npos;
}

std::size_t skip_ows(std::string_view s, std::size_t at) {
  while (at < s.size() && syntax::is_ows(s[at])) ++at;
  return at;
}

// RFC 9111 5.2: #cache-directive. False where a part of it is none: what is read up to there is kept.
template <class Visit>
bool for_each_directive(std::string_view value, const Visit& visit) {
  std::size_t at = 0;
  for (;;) {
    at = skip_ows(value, at);
    if (at == value.size()) return true;
    if (value[at] == ',') {
      ++at;
      continue;
    }
    Directive directive;
    const std::size_t start = at;
    while (at < value.size() && syntax::is_tchar(value[at])) ++at;
    directive.name = value.substr(start, at - start);
    if (directive.name.empty()) return false;
    directive.has_value = at < value.size() && value[at] == '=';
    if (directive.has_value) at = value_end(value, at + 1);
    if (at == std::string_view::npos) return false;
    directive.text = value.substr(start, at - start);
    at = skip_ows(value, at);
    if (at < value.size() && value[at] != ',') return false;
    visit(directive);
  }
}

template <class List>
bool is_listed(const List& list, std::string_view name) {
  return std::any_of(std::begin(list), std::end(list), [&](std::string_view one) { return iequals(one, name); });
}

// What all Cache-Control fields say together.
struct CacheControl {
  bool is_private = false;  // without a list of fields, which would let caches keep all others (5.2.2.7)
  bool no_store = false;
  bool must_understand = false;  // lets a cache pass over no-store (5.2.2.3)
  bool limits_age = false;       // the browser's cache has its answer here, and not in Expires
  bool opens = false;            // public, s-maxage: what some caches obey beside private
  bool is_well_formed = true;
  std::string others;  // what stays beside `private`: for the browser's cache

  void read(std::string_view value) {
    const bool complete = for_each_directive(value, [this](const Directive& directive) { take(directive); });
    is_well_formed = is_well_formed && complete;
  }

  [[nodiscard]] bool forbids_sharing() const {
    return is_well_formed && !opens && (is_private || (no_store && !must_understand));
  }

 private:
  void take(const Directive& directive) {
    constexpr std::string_view kOpening[] = {"public", "s-maxage"};
    constexpr std::string_view kAges[] = {"max-age", "no-store", "no-cache"};
    const std::string_view name = directive.name;
    if (iequals(name, "private")) {
      is_private = is_private || !directive.has_value;
      return;
    }
    if (iequals(name, "must-understand")) {
      must_understand = true;
      return;
    }
    if (is_listed(kOpening, name)) {
      opens = true;
      return;
    }
    if (iequals(name, "no-store") && !directive.has_value) no_store = true;
    limits_age = limits_age || is_listed(kAges, name);
    others.append(", ").append(directive.text);
  }
};

// IMF-fixdate (RFC 9110 5.6.7); the two obsolete forms are taken for no date at all.
std::optional<std::int64_t> seconds_of_date(std::string_view text) {
  const std::string terminated(text);
  std::tm utc{};
  const char* const end = ::strptime(terminated.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return ::timegm(&utc);
}

// What Expires says to the browser, as max-age would.
std::optional<std::int64_t> fresh_for_s(std::string_view expires, std::string_view date) {
  const auto expires_s = seconds_of_date(expires);
  const auto date_s = seconds_of_date(date);
  if (!expires_s || !date_s) return std::nullopt;
  return std::max<std::int64_t>(*expires_s - *date_s, 0);
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

// Edge Architecture 1.0: `content` is no word on storing, it says what the cache is to do with the text (ESI).
std::string closed_to_target(const Field& field) {
  std::string value = "no-store";
  static_cast<void>(for_each_directive(field.value, [&](const Directive& directive) {
    if (iequals(directive.name, "content")) value.append(", ").append(directive.text);
  }));
  return value;
}

}  // namespace

bool is_field_for_caches(std::string_view name) {
  constexpr std::string_view kWhole[] = {"surrogate-control", "edge-control", "x-accel-expires", "x-litespeed-cache"};
  if (name.size() == kExpires.size()) return iequals(name, kExpires);
  return ends_with(name, kCacheControl) || is_listed(kWhole, name);
}

void PrivateCaching::append_rewritten(std::string& out, const Fields& answer) const {
  CacheControl said;
  for (const Field& field : fields_) {
    if (iequals(field.name, kCacheControl)) said.read(field.value);
  }
  bool stays = said.forbids_sharing();
  for (const Field& field : fields_) {
    if (iequals(field.name, kCacheControl)) continue;
    if (!iequals(field.name, kExpires)) {
      append_line(out, field.name, closed_to_target(field));
      continue;
    }
    const auto fresh_s = fresh_for_s(field.value, answer.get("Date"));
    if (!fresh_s) append_line(out, field.name, "0");
    if (!fresh_s || said.limits_age) continue;
    said.others += ", max-age=" + std::to_string(*fresh_s);
    said.limits_age = true;
    stays = false;
  }
  if (!stays) return append_line(out, "Cache-Control", "private" + said.others);
  for (const Field& field : fields_) {
    if (iequals(field.name, kCacheControl)) append_line(out, field.name, field.value);
  }
}

}  // namespace lp
