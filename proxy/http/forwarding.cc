#include "proxy/http/forwarding.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "config/client_fields.h"
#include "proxy/http/private_caching.h"
#include "proxy/http/syntax.h"

namespace lp {
namespace {

using Names = std::vector<std::string_view>;

// Fields that are for the next hop only (RFC 9110 7.6.1), and those that we write anew from what was parsed.
constexpr std::string_view kPerHop[] = {"TE",         "Upgrade",        "Trailer",          "Connection",
                                        "Keep-Alive", "Content-Length", "Proxy-Connection", "Transfer-Encoding"};
constexpr std::string_view kRequestOnly[] = {"Host", "Expect", "HTTP2-Settings", "Proxy-Authorization",
                                             "Proxy-Authenticate"};
constexpr std::string_view kResponseOnly[] = {"Proxy-Authenticate", "Proxy-Authentication-Info"};

// Whatever the case, as names of fields are compared.
template <class List>
bool is_listed(const List& list, std::string_view name) {
  return std::any_of(std::begin(list), std::end(list),
                     [&](std::string_view one) { return one.size() == name.size() && iequals(one, name); });
}

bool is_usual_option(std::string_view option) {
  return iequals(option, "keep-alive") || iequals(option, "close") || iequals(option, "upgrade");
}

// The fields that the sender's Connection names besides the usual options. They apply to the sender's own fields only;
// what we add is written apart from them (threats H06, H07).
Names named_by_connection(const Fields& fields) {
  Names names;
  const auto unusual = [](const Field& field) {
    return iequals(field.name, "Connection") && !is_usual_option(field.value);
  };
  if (std::none_of(fields.all().begin(), fields.all().end(), unusual)) return names;
  for (const std::string_view option : list_values(fields, "Connection")) {
    if (!is_usual_option(option)) names.push_back(option);
  }
  return names;
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];
  const auto result = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, result.ptr);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void append_framing(std::string& out, const BodyFraming& body) {
  if (body.kind == BodyFraming::Kind::chunked) append_field(out, "Transfer-Encoding", "chunked");
  if (body.kind != BodyFraming::Kind::length) return;
  out += "Content-Length: ";
  append_number(out, body.length);
  out += "\r\n";
}

// One Cookie field from the client's crumbs, ours left out; none when nothing is left.
void append_cookies(std::string& out, const Fields& fields, std::string_view host, const ClientHeaderRules& rules) {
  constexpr std::string_view kName = "Cookie: ";
  const std::size_t start = out.size();
  out += kName;
  for (const Field& field : fields.all()) {
    if (!iequals(field.name, "Cookie")) continue;
    const std::size_t before = out.size();
    if (before > start + kName.size()) out += "; ";
    const std::size_t separated = out.size();
    rules.append_foreign_cookies(field.value, host, out);
    if (out.size() == separated) out.resize(before);
  }
  if (out.size() == start + kName.size())
    out.resize(start);
  else
    out += "\r\n";
}

void append_request_line(std::string& out, const OutgoingRequest& request) {
  out += request.method;
  out += ' ';
  out += request.target;
  out += " HTTP/1.1\r\n";
}

void append_authority(std::string& out, const Origin& origin) {
  out += origin.host;
  if (origin.port == (origin.is_https() ? 443 : 80)) return;
  out += ':';
  append_number(out, origin.port);
}

void append_client(std::string& out, const ClientFacts& client) {
  if (!client.forwarded_for.empty()) append_field(out, "X-Forwarded-For", client.forwarded_for);
  if (!client.address.empty()) append_field(out, "X-Real-IP", client.address);
}

void append_origin(std::string& out, const Origin& origin) {
  append_field(out, "X-Forwarded-Proto", origin.scheme);
  out += "X-Forwarded-Host: ";
  append_authority(out, origin);
  out += "\r\nX-Forwarded-Port: ";
  append_number(out, origin.port);
  out += "\r\n";
}

// RFC 7239 4: one element, of what we vouch for. A colon or a bracket needs quotes.
void append_forwarded(std::string& out, const ClientFacts& client, const Origin& origin) {
  const bool is_ipv6 = client.address.find(':') != std::string::npos;
  out += "Forwarded: for=";
  if (client.address.empty()) out += "unknown";
  out.append(is_ipv6 ? "\"[" : "").append(client.address).append(is_ipv6 ? "]\"" : "");
  out.append(";proto=").append(origin.scheme).append(";host=\"");
  append_authority(out, origin);
  out += "\"\r\n";
}

void append_our_fields(std::string& out, const OutgoingRequest& request) {
  append_field(out, "Host", request.host);
  out += request.forwarded_lines;
  if (!request.stripped_prefix.empty()) append_field(out, "X-Forwarded-Prefix", request.stripped_prefix);
  if (request.tells_forwarded && request.client != nullptr && request.external != nullptr)
    append_forwarded(out, *request.client, *request.external);
  if (!request.request_id.empty()) append_field(out, "X-Request-Id", request.request_id);
  out += request.identity_lines;
  if (request.bearer_token.empty()) return;
  out += "Authorization: Bearer ";
  out += request.bearer_token;
  out += "\r\n";
}

// What speaks of the client's own body (RFC 9110 8, RFC 9530, RFC 3230): all of it is false of another one.
bool describes_body(std::string_view name) {
  constexpr std::string_view kPrefix = "Content-";
  return (name.size() > kPrefix.size() && iequals(name.substr(0, kPrefix.size()), kPrefix)) ||
         iequals(name, "Digest") || iequals(name, "Repr-Digest");
}

// Of fields that are for the app at all.
bool stays_here(std::string_view name, const OutgoingRequest& request, const ClientHeaderRules& rules) {
  if (request.drops_method_override && is_method_override(name)) return true;
  const RequestFieldChanges* changes = request.changes;
  if (rules.strips_request_field(name) && (changes == nullptr || !changes->lets_pass(name))) return true;
  return changes != nullptr && changes->takes_out(name);
}

void append_client_fields(std::string& out, const OutgoingRequest& request, const Fields& fields,
                          const ClientHeaderRules& rules) {
  const Names named = named_by_connection(fields);
  bool has_cookies = false;
  for (const Field& field : fields.all()) {
    if (is_listed(kPerHop, field.name) || is_listed(kRequestOnly, field.name)) continue;
    if (stays_here(field.name, request, rules) || is_listed(named, field.name)) continue;
    if (request.replaces_authorization && iequals(field.name, "Authorization")) continue;
    if (request.replaced_content_type != nullptr && describes_body(field.name)) continue;
    if (iequals(field.name, "Cookie"))
      has_cookies = true;
    else
      append_field(out, field.name, field.value);
  }
  const std::string_view host = request.external == nullptr ? std::string_view() : request.external->host;
  if (has_cookies) append_cookies(out, fields, host, rules);
}

void append_status_line(std::string& out, const ResponseHead& head) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(head.status));
  out += ' ';
  if (syntax::skip_text(head.reason, 0, head.reason.size()) == head.reason.size()) out += head.reason;
  out += "\r\n";
}

// A shared cache would hand what is for somebody who is signed in, or a session itself, to the next visitor.
bool is_private(const OutgoingResponse& response, const ResponseHead& head) {
  const bool has_our_cookies = response.set_cookies != nullptr && !response.set_cookies->empty();
  return head.status >= 200 && (has_our_cookies || response.authenticated);
}

std::string_view host_of(const OutgoingResponse& response) {
  return response.external == nullptr ? std::string_view() : response.external->host;
}

struct ResponseFilter {
  const ClientHeaderRules& rules;
  std::string_view host;
  Names named;

  [[nodiscard]] bool passes(const Field& field) const {
    if (is_listed(kPerHop, field.name) || is_listed(kResponseOnly, field.name)) return false;
    if (rules.strips_response_field(field.name) || is_listed(named, field.name)) return false;
    return !iequals(field.name, "Set-Cookie") || rules.app_may_set(field.value, host);
  }
};

// Content-Length of an answer to HEAD and of a 304 tells of a body that does not follow (RFC 9110 8.6).
bool describes_absent_body(const OutgoingResponse& response, int status) {
  return response.body.kind == BodyFraming::Kind::none && status >= 200 && status != 204;
}

// The app may have said it more than once, always the same: the codec has seen to that. Without leading zeros, which
// some reader may take for another base, as where the body follows.
std::string_view absent_length(const Fields& fields) {
  const std::string_view said = fields.get("Content-Length");
  std::string_view length = trim_ows(said.substr(0, said.find(',')));
  while (length.size() > 1 && length.front() == '0') length.remove_prefix(1);
  return length;
}

void append_absent_length(std::string& out, const Fields& fields) {
  const std::string_view length = absent_length(fields);
  if (!length.empty()) append_field(out, "Content-Length", length);
}

void append_connection(std::string& out, const OutgoingResponse& response, int status) {
  if (!response.upgrade.empty()) {
    append_field(out, "Connection", "Upgrade");
    append_field(out, "Upgrade", response.upgrade);
    return;
  }
  if (status < 200) return;
  append_framing(out, response.body);
  const bool stays_open = response.keep_alive && response.body.kind != BodyFraming::Kind::until_close;
  if (!stays_open)
    append_field(out, "Connection", "close");
  else if (response.client_version_minor == 0)
    append_field(out, "Connection", "keep-alive");
}

// As the app would have said it without what is for this hop, so that all that holds for its own fields holds for those
// that the route adds.
ResponseHead changed(const OutgoingResponse& response, const ResponseHead& head, const ClientHeaderRules& rules) {
  const ResponseFilter filter{rules, host_of(response), named_by_connection(head.fields)};
  ResponseHead result{head.status, head.reason, head.version_minor, {}};
  for (const Field& field : head.fields.all()) {
    if (filter.passes(field)) result.fields.add(field.name, field.value);
  }
  result.fields = response.changes->applied_to(result.fields, response.external->is_https());
  const std::string_view length = absent_length(head.fields);  // not among them, for it is of this hop's framing
  if (!length.empty()) result.fields.add("Content-Length", length);
  return result;
}

void append_answer_field(std::string& out, const OutgoingResponse& response, const Field& field) {
  if (response.addresses != nullptr && AddressMap::may_concern(field.name) && response.external != nullptr) {
    if (const auto value = response.addresses->mapped(field, *response.external))
      return append_field(out, field.name, *value);
  }
  append_field(out, field.name, field.value);
}

void append_answer_head(std::string& out, const OutgoingResponse& response, const ResponseHead& upstream_head,
                        const ClientHeaderRules& rules) {
  const ResponseFilter filter{rules, host_of(response), named_by_connection(upstream_head.fields)};
  const bool closed_to_shared_caches = is_private(response, upstream_head);
  PrivateCaching caching;
  append_status_line(out, upstream_head);
  for (const Field& field : upstream_head.fields.all()) {
    if (!filter.passes(field)) continue;
    if (closed_to_shared_caches && speaks_to_caches(field.name))
      caching.take(field);
    else
      append_answer_field(out, response, field);
  }
  if (closed_to_shared_caches) caching.append_to(out, upstream_head.fields);
  if (response.set_cookies != nullptr) {
    for (const std::string& cookie : *response.set_cookies) append_field(out, "Set-Cookie", cookie);
  }
  if (describes_absent_body(response, upstream_head.status)) append_absent_length(out, upstream_head.fields);
  append_connection(out, response, upstream_head.status);
  out += "\r\n";
}

}  // namespace

std::string_view ForwardedLines::of(const ClientFacts& client, const Origin& external) {
  const bool is_same =
      !lines_.empty() && client.address == address_ && client.forwarded_for == forwarded_for_ && external == external_;
  if (is_same) return lines_;
  address_ = client.address;
  forwarded_for_ = client.forwarded_for;
  external_ = external;
  lines_.clear();
  append_client(lines_, client);
  append_origin(lines_, external);
  return lines_;
}

std::string own_host_field(const UpstreamSettings& upstream) {
  if (upstream.host_header == UpstreamSettings::Host::client) return {};
  if (upstream.host_header == UpstreamSettings::Host::literal) return upstream.host_literal;
  if (upstream.kind == UpstreamSettings::Kind::unix_socket) return "localhost";
  const std::string host = upstream.host.find(':') == std::string::npos ? upstream.host : "[" + upstream.host + "]";
  return upstream.port == 80 ? host : host + ":" + std::to_string(upstream.port);
}

void append_request_head(std::string& out, const OutgoingRequest& request, const Fields& client_fields,
                         const ClientHeaderRules& rules) {
  append_request_line(out, request);
  append_our_fields(out, request);
  append_client_fields(out, request, client_fields, rules);
  if (request.replaced_content_type != nullptr) append_field(out, "Content-Type", *request.replaced_content_type);
  append_framing(out, request.body);
  if (!request.upgrade.empty()) {
    append_field(out, "Connection", "Upgrade");
    append_field(out, "Upgrade", request.upgrade);
  } else if (!request.keep_alive) {
    append_field(out, "Connection", "close");
  }
  out += "\r\n";
}

void append_response_head(std::string& out, const OutgoingResponse& response, const ResponseHead& upstream_head,
                          const ClientHeaderRules& rules) {
  if (response.changes == nullptr || response.external == nullptr || upstream_head.status < 200)
    return append_answer_head(out, response, upstream_head, rules);
  append_answer_head(out, response, changed(response, upstream_head, rules), rules);
}

}  // namespace lp
