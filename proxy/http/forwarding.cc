#include "proxy/http/forwarding.h"

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "config/client_fields.h"
#include "proxy/http/head_text.h"
#include "proxy/http/private_caching.h"
#include "proxy/http/syntax.h"

namespace lp {
namespace {

using Names = std::vector<std::string_view>;

// A fixed set of names of fields. Nearly all others are told apart by their first letter and their length.
template <std::size_t N>
class NameSet {
 public:
  explicit constexpr NameSet(const std::array<std::string_view, N>& names) : names_(names) {
    for (const std::string_view name : names) lengths_[letter(name)] |= length_bit(name);
  }
  [[nodiscard]] bool contains(std::string_view name) const {
    return (lengths_[letter(name)] & length_bit(name)) != 0 &&
           std::any_of(names_.begin(), names_.end(), [&](std::string_view one) { return iequals(one, name); });
  }

 private:
  static constexpr std::size_t letter(std::string_view name) { return name.empty() ? 0 : name.front() & 31; }
  static constexpr std::uint32_t length_bit(std::string_view name) { return 1U << (name.size() & 31); }
  std::array<std::string_view, N> names_;
  std::array<std::uint32_t, 32> lengths_{};
};

// Fields that are for the next hop only (RFC 9110 7.6.1), and those that we write anew from what was parsed.
constexpr NameSet kNotSentOn(std::to_array<std::string_view>({"TE", "Upgrade", "Trailer", "Connection", "Keep-Alive",
                                                              "Content-Length", "Proxy-Connection", "Transfer-Encoding",
                                                              "Host", "Expect", "HTTP2-Settings", "Proxy-Authorization",
                                                              "Proxy-Authenticate"}));
constexpr NameSet kNotAnswered(std::to_array<std::string_view>({"TE", "Upgrade", "Trailer", "Connection", "Keep-Alive",
                                                                "Content-Length", "Proxy-Connection",
                                                                "Transfer-Encoding", "Proxy-Authenticate",
                                                                "Proxy-Authentication-Info"}));

bool is_among(const Names& names, std::string_view name) {
  return std::any_of(names.begin(), names.end(), [&](std::string_view one) { return iequals(one, name); });
}

bool is_named(const Names& names, std::string_view name) { return !names.empty() && is_among(names, name); }

bool is_usual_option(std::string_view option) {
  return iequals(option, "keep-alive") || iequals(option, "close") || iequals(option, "upgrade");
}

// The fields that the sender's Connection names besides the usual options. They apply to the sender's own fields only;
// what we add is written apart from them (threats H06, H07).
Names named_by_connection(const Fields& fields, bool may_name_some) {
  Names names;
  if (!may_name_some || !fields.may_have("Connection")) return names;
  for (const std::string_view option : list_values(fields, "Connection")) {
    if (!is_usual_option(option)) names.push_back(option);
  }
  return names;
}

void append_length(HeadText& out, const BodyFraming& body) {
  if (body.kind != BodyFraming::Kind::length) return;
  out.add("Content-Length: ");
  out.add_number(body.length);
  out.add("\r\n");
}

void append_coding(HeadText& out, const BodyFraming& body) {
  if (body.kind == BodyFraming::Kind::chunked) out.add_field("Transfer-Encoding", "chunked");
}

void append_upgrade(HeadText& out, std::string_view protocol) {
  out.add_field("Connection", "Upgrade");
  out.add_field("Upgrade", protocol);
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

void append_request_line(HeadText& out, const OutgoingRequest& request) {
  out.add(request.method, " ", request.target, " HTTP/1.1\r\n");
}

void append_authority(HeadText& out, const Origin& origin) {
  out.add(origin.host);
  if (origin.port == (origin.is_https() ? 443 : 80)) return;
  out.add(":");
  out.add_number(origin.port);
}

void append_client(HeadText& out, const ClientFacts& client) {
  if (!client.forwarded_for.empty()) out.add_field("X-Forwarded-For", client.forwarded_for);
  if (!client.address.empty()) out.add_field("X-Real-IP", client.address);
}

void append_origin(HeadText& out, const Origin& origin) {
  out.add_field("X-Forwarded-Proto", origin.scheme);
  out.add("X-Forwarded-Host: ");
  append_authority(out, origin);
  out.add("\r\nX-Forwarded-Port: ");
  out.add_number(origin.port);
  out.add("\r\n");
}

// RFC 7239 4: one element, of what we vouch for. A colon or a bracket needs quotes.
void append_forwarded(HeadText& out, const ClientFacts& client, const Origin& origin) {
  const bool is_ipv6 = client.address.find(':') != std::string::npos;
  out.add("Forwarded: for=");
  if (client.address.empty()) out.add("unknown");
  out.add(is_ipv6 ? "\"[" : "", client.address, is_ipv6 ? "]\"" : "", ";proto=", origin.scheme, ";host=\"");
  append_authority(out, origin);
  out.add("\"\r\n");
}

void append_our_fields(HeadText& out, const OutgoingRequest& request) {
  out.add(request.forwarded_lines);
  if (!request.stripped_prefix.empty()) out.add_field("X-Forwarded-Prefix", request.stripped_prefix);
  if (request.tells_forwarded && request.client != nullptr && request.external != nullptr)
    append_forwarded(out, *request.client, *request.external);
  if (!request.request_id.empty()) out.add_field("X-Request-Id", request.request_id);
  if (request.trace != nullptr && !request.trace->made.empty()) out.add_field("traceparent", request.trace->made);
  out.add(request.identity_lines);
  if (!request.bearer_token.empty()) out.add("Authorization: Bearer ", request.bearer_token, "\r\n");
}

// What speaks of the client's own body (RFC 9110 8, RFC 9530, RFC 3230): all of it is false of another one.
bool describes_body(std::string_view name) {
  constexpr std::string_view kPrefix = "Content-";
  return (name.size() > kPrefix.size() && iequals(name.substr(0, kPrefix.size()), kPrefix)) ||
         iequals(name, "Digest") || iequals(name, "Repr-Digest");
}

// What decides before a body is read comes too late behind it: whoever merges trailers into the head would read
// something else than was judged (RFC 9110 6.5.1).
constexpr NameSet kOnlyInHeads(std::to_array<std::string_view>({"Authorization",
                                                                "Cookie",
                                                                "Set-Cookie",
                                                                "Range",
                                                                "If-Match",
                                                                "If-None-Match",
                                                                "If-Modified-Since",
                                                                "If-Range",
                                                                "If-Unmodified-Since",
                                                                "Max-Forwards",
                                                                "Age",
                                                                "Date",
                                                                "Location",
                                                                "Retry-After",
                                                                "Vary",
                                                                "Warning",
                                                                "Pragma",
                                                                "WWW-Authenticate",
                                                                "Proxy-Authentication-Info",
                                                                "Strict-Transport-Security",
                                                                "Clear-Site-Data",
                                                                "X-Frame-Options",
                                                                "X-Content-Type-Options",
                                                                "Referrer-Policy",
                                                                "Permissions-Policy",
                                                                "Origin-Agent-Cluster",
                                                                "Alt-Svc",
                                                                "Cookie2",
                                                                "Origin",
                                                                "Referer",
                                                                "X-Requested-With",
                                                                "X-CSRF-Token",
                                                                "X-XSRF-Token",
                                                                "Destination",
                                                                "Depth",
                                                                "Overwrite",
                                                                "Refresh"}));

bool starts_with(std::string_view name, std::string_view prefix) {
  return iequals(name.substr(0, prefix.size()), prefix);
}

bool is_no_trailer(std::string_view name) {
  const bool is_digest = iequals(name, "Digest") || iequals(name, "Repr-Digest") || iequals(name, "Content-Digest");
  return kNotSentOn.contains(name) || kNotAnswered.contains(name) || kOnlyInHeads.contains(name) ||
         speaks_to_caches(name) || is_method_override(name) || (describes_body(name) && !is_digest) ||
         is_trace_field(name) || starts_with(name, "Access-Control-") || starts_with(name, "Cross-Origin-") ||
         starts_with(name, "Sec-");
}

bool is_taken_out(std::string_view name, const RequestFieldChanges* changes, const ClientHeaderRules& rules) {
  if (rules.strips_request_field(name) && (changes == nullptr || !changes->lets_pass(name))) return true;
  return changes != nullptr && changes->takes_out(name);
}

// Of fields that are for the app at all.
bool stays_here(std::string_view name, const OutgoingRequest& request, const ClientHeaderRules& rules) {
  if (request.drops_method_override && is_method_override(name)) return true;
  if (request.trace != nullptr && request.trace->drops_fields && is_trace_field(name)) return true;
  return is_taken_out(name, request.changes, rules);
}

void append_client_fields(HeadText& out, const OutgoingRequest& request, const Fields& fields,
                          const ClientHeaderRules& rules) {
  const Names named = named_by_connection(fields, request.client_may_name_fields);
  bool has_cookies = false;
  for (const Field& field : fields.all()) {
    if (kNotSentOn.contains(field.name) || is_named(named, field.name)) continue;
    if (stays_here(field.name, request, rules)) continue;
    if (request.replaces_authorization && iequals(field.name, "Authorization")) continue;
    if (request.replaced_content_type != nullptr && describes_body(field.name)) continue;
    if (iequals(field.name, "Cookie"))
      has_cookies = true;
    else
      out.add_field(field);
  }
  const std::string_view host = request.external == nullptr ? std::string_view() : request.external->host;
  if (has_cookies) append_cookies(out.as_string(), fields, host, rules);
}

void append_status_line(HeadText& out, const ResponseHead& head) {
  out.add("HTTP/1.1 ");
  out.add_number(static_cast<std::uint64_t>(head.status));
  out.add(" ");
  if (syntax::skip_text(head.reason, 0, head.reason.size()) == head.reason.size()) out.add(head.reason);
  out.add("\r\n");
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
    if (kNotAnswered.contains(field.name) || is_named(named, field.name)) return false;
    if (rules.strips_response_field(field.name)) return false;
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

void append_absent_length(HeadText& out, const Fields& fields) {
  const std::string_view length = absent_length(fields);
  if (!length.empty()) out.add_field("Content-Length", length);
}

void append_connection(HeadText& out, const OutgoingResponse& response, int status) {
  if (!response.upgrade.empty()) return append_upgrade(out, response.upgrade);
  if (status < 200) return;
  append_coding(out, response.body);
  const bool stays_open = response.keep_alive && response.body.kind != BodyFraming::Kind::until_close;
  if (!stays_open)
    out.add_field("Connection", "close");
  else if (response.client_version_minor == 0)
    out.add_field("Connection", "keep-alive");
}

// As the app would have said it without what is for this hop, so that all that holds for its own fields holds for those
// that the route adds.
ResponseHead changed(const OutgoingResponse& response, const ResponseHead& head, const ClientHeaderRules& rules) {
  const ResponseFilter filter{rules, host_of(response), named_by_connection(head.fields, response.app_may_name_fields)};
  ResponseHead result{head.status, head.reason, head.version_minor, {}};
  for (const Field& field : head.fields.all()) {
    if (filter.passes(field)) result.fields.add(field.name, field.value);
  }
  result.fields = response.changes->applied_to(result.fields, response.external->is_https());
  const std::string_view length = absent_length(head.fields);  // not among them, for it is of this hop's framing
  if (!length.empty()) result.fields.add("Content-Length", length);
  return result;
}

void append_answer_field(HeadText& out, const OutgoingResponse& response, const Field& field) {
  if (response.addresses != nullptr && AddressMap::may_concern(field.name) && response.external != nullptr) {
    if (const auto value = response.addresses->mapped(field, *response.external))
      return out.add_field(field.name, *value);
  }
  out.add_field(field);
}

void append_answer_fields(HeadText& out, const OutgoingResponse& response, const ResponseHead& upstream_head,
                          const ClientHeaderRules& rules) {
  const ResponseFilter filter{rules, host_of(response),
                              named_by_connection(upstream_head.fields, response.app_may_name_fields)};
  const bool closed_to_shared_caches = is_private(response, upstream_head);
  PrivateCaching caching;
  for (const Field& field : upstream_head.fields.all()) {
    if (!filter.passes(field)) continue;
    if (closed_to_shared_caches && speaks_to_caches(field.name))
      caching.take(field);
    else
      append_answer_field(out, response, field);
  }
  if (closed_to_shared_caches) caching.append_to(out, upstream_head.fields);
  if (response.set_cookies != nullptr) {
    for (const std::string& cookie : *response.set_cookies) out.add_field("Set-Cookie", cookie);
  }
  if (describes_absent_body(response, upstream_head.status)) append_absent_length(out, upstream_head.fields);
  if (response.upgrade.empty() && upstream_head.status >= 200) append_length(out, response.body);
}

void append_fields_of(HeadText& out, const OutgoingResponse& response, const ResponseHead& head,
                      const ClientHeaderRules& rules) {
  if (response.changes == nullptr || response.external == nullptr || head.status < 200)
    return append_answer_fields(out, response, head, rules);
  append_answer_fields(out, response, changed(response, head, rules), rules);
}

void append_fields_of(HeadText& out, const OutgoingRequest& request, const Fields& client_fields,
                      const ClientHeaderRules& rules) {
  append_our_fields(out, request);
  append_client_fields(out, request, client_fields, rules);
  if (request.replaced_content_type != nullptr) out.add_field("Content-Type", *request.replaced_content_type);
  append_length(out, request.body);
}

}  // namespace

std::string_view ForwardedLines::of(const ClientFacts& client, const Origin& external) {
  const bool is_same =
      !lines_.empty() && client.address == address_ && client.forwarded_for == forwarded_for_ && external == external_;
  if (is_same) return lines_;
  address_ = client.address;
  forwarded_for_ = client.forwarded_for;
  external_ = external;
  write_lines(client, external);
  return lines_;
}

void ForwardedLines::write_lines(const ClientFacts& client, const Origin& external) {
  lines_.clear();
  HeadText out(lines_);
  append_client(out, client);
  append_origin(out, external);
}

std::string own_host_field(const UpstreamSettings& upstream) {
  if (upstream.host_header == UpstreamSettings::Host::client) return {};
  if (upstream.host_header == UpstreamSettings::Host::literal) return upstream.host_literal;
  if (upstream.kind == UpstreamSettings::Kind::unix_socket) return "localhost";
  const std::string host = upstream.host.find(':') == std::string::npos ? upstream.host : "[" + upstream.host + "]";
  return upstream.port == (upstream.tls.is_on ? 443 : 80) ? host : host + ":" + std::to_string(upstream.port);
}

void append_request_head(std::string& to, const OutgoingRequest& request, const Fields& client_fields,
                         const ClientHeaderRules& rules) {
  HeadText out(to);
  append_request_line(out, request);
  out.add_field("Host", request.host);
  append_fields_of(out, request, client_fields, rules);
  append_coding(out, request.body);
  if (!request.upgrade.empty())
    append_upgrade(out, request.upgrade);
  else if (!request.keep_alive)
    out.add_field("Connection", "close");
  out.add("\r\n");
}

void append_request_fields(std::string& to, const OutgoingRequest& request, const Fields& client_fields,
                           const ClientHeaderRules& rules) {
  HeadText out(to);
  append_fields_of(out, request, client_fields, rules);
}

void append_response_head(std::string& to, const OutgoingResponse& response, const ResponseHead& upstream_head,
                          const ClientHeaderRules& rules) {
  HeadText out(to);
  append_status_line(out, upstream_head);
  append_fields_of(out, response, upstream_head, rules);
  append_connection(out, response, upstream_head.status);
  out.add("\r\n");
}

void append_response_fields(std::string& to, const OutgoingResponse& response, const ResponseHead& upstream_head,
                            const ClientHeaderRules& rules) {
  HeadText out(to);
  append_fields_of(out, response, upstream_head, rules);
}

bool takes_trailers(const Fields& request) {
  if (!request.may_have("TE")) return false;
  const auto codings = list_values(request, "TE");
  return std::any_of(codings.begin(), codings.end(),
                     [](std::string_view one) { return iequals(trim_ows(one.substr(0, one.find(';'))), "trailers"); });
}

Fields request_trailers(const Fields& sent, const Fields& head, const RequestFieldChanges* changes,
                        const ClientHeaderRules& rules) {
  const Names named = named_by_connection(head, true);
  Fields result;
  for (const Field& field : sent.all()) {
    const bool stays = is_no_trailer(field.name) || is_named(named, field.name);
    if (!stays && !is_taken_out(field.name, changes, rules)) result.add(field.name, field.value);
  }
  return result;
}

Fields response_trailers(const Fields& sent, const AnswerFieldChanges* changes, const ClientHeaderRules& rules) {
  Fields result;
  for (const Field& field : sent.all()) {
    const bool stays = is_no_trailer(field.name) || rules.strips_response_field(field.name);
    if (!stays && (changes == nullptr || !changes->takes_out(field.name))) result.add(field.name, field.value);
  }
  return result;
}

}  // namespace lp
