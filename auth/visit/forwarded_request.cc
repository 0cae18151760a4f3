#include "auth/visit/forwarded_request.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/encoding.h"
#include "config/forward_auth.h"

namespace lp {
namespace {

using Text = std::optional<std::string_view>;

bool is_method(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return letter || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// Nullopt where the field is not there.
Result<Text> single(const Fields& fields, std::string_view name) {
  const std::size_t count = fields.count(name);
  if (count == 0) return Text();
  if (count > 1) return fail(std::string(name) + " is there more than once");
  if (fields.get(name).empty()) return fail(std::string(name) + " is empty");
  return Text(fields.get(name));
}

// Some proxies call a WebSocket's scheme by its own name.
Result<std::string_view> scheme_of(std::string_view text, std::string_view name) {
  if (iequals(text, "https") || iequals(text, "wss")) return std::string_view("https");
  if (iequals(text, "http") || iequals(text, "ws")) return std::string_view("http");
  return fail(std::string(name) + " has no scheme of http or https");
}

Result<ForwardedRequest> complete(ForwardedRequest request, std::string_view method_from, std::string_view uri_from) {
  if (!is_method(request.method)) return fail(std::string(method_from) + " is no method");
  if (!request.path_and_query.starts_with('/')) return fail(std::string(uri_from) + " does not begin with '/'");
  return request;
}

using Reading = Result<std::optional<ForwardedRequest>>;

Reading reading(Result<ForwardedRequest> request) {
  if (!request) return std::move(request).error();
  return std::optional<ForwardedRequest>(*request);
}

// "https://app.example.com/a?b" apart, without repairing anything.
Result<ForwardedRequest> split_url(std::string_view url, std::string_view method) {
  ForwardedRequest request{ForwardedForm::original_url, method, {}, {}, {}};
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return fail("X-Original-URL is no absolute URL");
  const auto scheme = scheme_of(url.substr(0, colon), "X-Original-URL");
  if (!scheme) return scheme.error();
  request.scheme = *scheme;
  const std::string_view rest = url.substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  request.authority = rest.substr(0, end);
  request.path_and_query = rest.substr(end);
  return complete(request, "X-Original-Method", "the path of X-Original-URL");
}

Reading read_original_url(const Fields& fields) {
  const auto url = single(fields, "X-Original-URL");
  const auto method = single(fields, "X-Original-Method");
  if (!url) return url.error();
  if (!method) return method.error();
  if (!*url && !*method) return std::optional<ForwardedRequest>();
  if (!*url || !*method) return fail("X-Original-URL and X-Original-Method go together");
  return reading(split_url(**url, **method));
}

Reading read_forwarded(const Fields& fields) {
  constexpr std::array<std::string_view, 4> kNames = {"X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Proto",
                                                      "X-Forwarded-Host"};
  if (!fields.has(kNames[0]) && !fields.has(kNames[1])) return std::optional<ForwardedRequest>();
  std::array<std::string_view, 4> values;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    const auto value = single(fields, kNames[i]);
    if (!value) return value.error();
    if (!*value) return fail(std::string(kNames[i]) + " is missing");
    values[i] = **value;
  }
  const auto scheme = scheme_of(values[2], kNames[2]);
  if (!scheme) return scheme.error();
  return reading(complete({ForwardedForm::forwarded, values[0], *scheme, values[3], values[1]}, kNames[0], kNames[1]));
}

Reading read_path(const RequestHead& head, std::string_view host, std::string_view behind) {
  if (behind.empty()) return std::optional<ForwardedRequest>();
  ForwardedRequest request{ForwardedForm::path, head.method, {}, host, behind};
  const auto proto = single(head.fields, "X-Forwarded-Proto");
  if (!proto) return proto.error();
  if (*proto) {
    const auto scheme = scheme_of(**proto, "X-Forwarded-Proto");
    if (!scheme) return scheme.error();
    request.scheme = *scheme;
  }
  return reading(complete(request, "the method", "the path behind the endpoint"));
}

// What oauth2-proxy would be told, as far as it is told.
Reading read_forwarded_uri(const Fields& fields) {
  const auto uri = single(fields, "X-Forwarded-Uri");
  const auto method = single(fields, "X-Forwarded-Method");
  const auto host = single(fields, "X-Forwarded-Host");
  for (const auto* one : {&uri, &method, &host}) {
    if (!*one) return one->error();
  }
  if (!*uri) return std::optional<ForwardedRequest>();
  const ForwardedRequest request{ForwardedForm::oauth2_auth, method->value_or(""), {}, host->value_or(""), **uri};
  if (!request.method.empty() && !is_method(request.method)) return fail("X-Forwarded-Method is no method");
  if (!request.path_and_query.starts_with('/')) return fail("X-Forwarded-Uri does not begin with '/'");
  return std::optional(request);
}

Reading read_original_for_oauth2(const Fields& fields) {
  const auto url = single(fields, "X-Original-URL");
  const auto method = single(fields, "X-Original-Method");
  if (!url) return url.error();
  if (!method) return method.error();
  if (!*url) return std::optional<ForwardedRequest>();
  auto request = split_url(**url, method->value_or("GET"));
  if (!request) return request.error();
  request->form = ForwardedForm::oauth2_auth;
  request->scheme = {};
  request->method = method->value_or("");
  return std::optional(*request);
}

bool is_same_where_told(std::string_view a, std::string_view b) { return a.empty() || b.empty() || a == b; }

bool says_the_same(const ForwardedRequest& a, const ForwardedRequest& b) {
  const bool scheme = a.scheme.empty() || b.scheme.empty() || a.scheme == b.scheme;
  return scheme && a.method == b.method && iequals(a.authority, b.authority) && a.path_and_query == b.path_and_query;
}

}  // namespace

std::optional<std::string_view> behind_check(std::string_view path_and_query, std::string_view auth_prefix) {
  constexpr std::string_view kEndpoint = "/check";
  if (!path_and_query.starts_with(auth_prefix)) return std::nullopt;
  path_and_query.remove_prefix(auth_prefix.size());
  if (!path_and_query.starts_with(kEndpoint)) return std::nullopt;
  path_and_query.remove_prefix(kEndpoint.size());
  if (path_and_query.empty() || path_and_query.front() == '?') return std::string_view();
  return path_and_query.front() == '/' ? std::optional(path_and_query) : std::nullopt;
}

Result<ForwardedRequest> read_forwarded_request(const RequestHead& head, std::string_view host,
                                                std::string_view behind) {
  std::optional<ForwardedRequest> found;
  for (const Reading& read :
       {read_path(head, host, behind), read_original_url(head.fields), read_forwarded(head.fields)}) {
    if (!read) return read.error();
    if (!*read) continue;
    if (found && !says_the_same(*found, **read)) return fail("two forms are there and say different things");
    if (!found) found = **read;
  }
  if (found) return *found;
  return fail(
      "nothing says what it is about: expected X-Original-URL and X-Original-Method, or X-Forwarded-Method, -Proto, "
      "-Host and -Uri, or the path behind the endpoint");
}

bool asks_oauth2_auth(std::string_view path_and_query, const ForwardAuthSettings& settings) {
  return is_oauth2_auth_path(path_and_query.substr(0, path_and_query.find('?')), settings);
}

bool asks_at_root(const RequestHead& head, std::string_view path_and_query) {
  if (path_and_query.substr(0, path_and_query.find('?')) != "/") return false;
  const auto has = [&](const char* name) { return head.fields.has(name); };
  return has("X-Forwarded-Method") && has("X-Forwarded-Proto") && has("X-Forwarded-Host") && has("X-Forwarded-Uri");
}

Result<std::optional<ForwardedRequest>> read_oauth2_target(const RequestHead& head, std::string_view host) {
  const Reading forwarded = read_forwarded_uri(head.fields);
  const Reading original = read_original_for_oauth2(head.fields);
  if (!forwarded) return forwarded.error();
  if (!original) return original.error();
  if (!*forwarded && !*original) return std::optional<ForwardedRequest>();
  ForwardedRequest request = *forwarded ? **forwarded : **original;
  if (*forwarded && *original) {
    const bool same = request.path_and_query == (*original)->path_and_query &&
                      is_same_where_told(request.method, (*original)->method) &&
                      (request.authority.empty() || iequals(request.authority, (*original)->authority));
    if (!same) return fail("X-Forwarded-Uri and X-Original-URL are there and say different things");
    if (request.method.empty()) request.method = (*original)->method;
    if (request.authority.empty()) request.authority = (*original)->authority;
  }
  if (request.authority.empty()) request.authority = host;
  return std::optional(request);
}

bool asks_for_websocket(const Fields& fields) {
  return fields.has("Sec-WebSocket-Key") || fields.has("Sec-WebSocket-Version") ||
         iequals(fields.get("Upgrade"), "websocket");
}

}  // namespace lp
