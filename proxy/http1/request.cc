#include "proxy/http1/request.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/url.h"
#include "proxy/http/methods.h"
#include "proxy/http/syntax.h"
#include "proxy/http1/fields.h"
#include "proxy/http1/framing.h"

namespace lp {
namespace {

constexpr std::size_t kMaxMethodBytes = 32;

using MaybeError = std::optional<ParseError>;

// HTTP-version = "HTTP/" DIGIT "." DIGIT, case-sensitive (RFC 9112 2.3).
MaybeError parse_version(std::string_view text, int& minor) {
  const bool well_formed = text.size() == 8 && text.starts_with("HTTP/") && syntax::is_digit(text[5]) &&
                           text[6] == '.' && syntax::is_digit(text[7]);
  if (!well_formed) return ParseError{400, "malformed HTTP version"};
  if (text[5] != '1' || text[7] > '1') return ParseError{505, "HTTP version other than 1.0 and 1.1"};
  minor = text[7] - '0';
  return std::nullopt;
}

// How many bytes end the line at `at`; 0: none do.
std::size_t line_end_at(std::string_view bytes, std::size_t at, const HeadLimits& limits) {
  if (bytes.size() - at >= 2 && bytes[at] == '\r' && bytes[at + 1] == '\n') return 2;
  return limits.is_for_probes && at < bytes.size() && bytes[at] == '\n' ? 1 : 0;
}

// request-line = method SP request-target SP HTTP-version, one space each (RFC 9112 3). Sets `at` behind its CRLF.
MaybeError parse_request_line(std::string_view bytes, const HeadLimits& limits, RequestHead& head, std::size_t& at) {
  at = 0;
  while (at < bytes.size() && syntax::is_tchar(bytes[at])) ++at;
  if (at == 0 || at == bytes.size() || bytes[at] != ' ') return ParseError{400, "malformed method"};
  if (at > kMaxMethodBytes) return ParseError{501, "method of more than 32 bytes"};
  head.method = bytes.substr(0, at);
  const std::size_t target_start = ++at;
  // Bytes beyond ASCII, which programs send: proxy/route/target.h says what becomes of them.
  at = std::min(bytes.find(' ', target_start), bytes.size());
  if (at == target_start || at == bytes.size() || syntax::skip_text(bytes, target_start, at) != at) {
    return ParseError{400, "malformed request target"};
  }
  if (at - target_start > limits.target_bytes) return ParseError{414, "request target too long (limits.target)"};
  head.target = bytes.substr(target_start, at - target_start);
  const std::size_t version_start = ++at;
  at = syntax::skip_text(bytes, at, bytes.size());
  const std::size_t line_end = line_end_at(bytes, at, limits);
  if (line_end == 0) return ParseError{400, "control byte in the request line"};
  const std::string_view version = bytes.substr(version_start, at - version_start);
  at += line_end;
  return parse_version(version, head.version_minor);
}

MaybeError check_method(std::string_view method) {
  if (is_refused_method(method)) return ParseError{405, "TRACE or CONNECT"};
  return std::nullopt;
}

MaybeError check_host(const FieldSummary& summary, bool needs_host, std::string& good_host) {
  if (!needs_host && summary.host.empty()) return std::nullopt;
  if (summary.hosts == 0) return ParseError{400, "no Host field"};
  if (!good_host.empty() && summary.host == good_host) return std::nullopt;
  if (!parse_authority(summary.host, 80)) return ParseError{400, "malformed Host field"};
  good_host = summary.host;
  return std::nullopt;
}

// RFC 9112 3.2.2 lets the target's authority win over Host. We demand that they agree, so that no two readers of this
// request can choose differently (threat S18).
MaybeError split_absolute_form(std::string_view target, std::size_t scheme_bytes, std::uint16_t default_port,
                               ParsedRequest& out) {
  const std::string_view rest = target.substr(scheme_bytes);
  const std::size_t path_start = std::min(rest.find_first_of("/?#"), rest.size());
  const auto named = parse_authority(rest.substr(0, path_start), default_port);
  const auto host = parse_authority(out.authority, default_port);
  if (!named || !host) return ParseError{400, "malformed authority in the request target"};
  if (named.value().host != host.value().host || named.value().port != host.value().port) {
    return ParseError{400, "request target and Host name different authorities"};
  }
  out.path_and_query = path_start == rest.size() ? std::string_view("/") : rest.substr(path_start);
  if (out.path_and_query.front() != '/') return ParseError{400, "absolute request target without a path"};
  return std::nullopt;
}

MaybeError split_target(const HeadLimits& limits, ParsedRequest& out) {
  const std::string_view target = out.head.target;
  const bool asks_server = limits.is_for_probes && target == "*" && out.head.method == "OPTIONS";  // RFC 9112 3.2.4
  if (target.front() == '/' || asks_server) {
    out.path_and_query = target;
    return std::nullopt;
  }
  if (iequals(target.substr(0, 7), "http://")) return split_absolute_form(target, 7, 80, out);
  if (iequals(target.substr(0, 8), "https://")) return split_absolute_form(target, 8, 443, out);
  return ParseError{400, "request target is neither a path nor an http URL"};
}

MaybeError check_expect(const FieldSummary& summary, ParsedRequest& out) {
  if (summary.unknown_expectation) return ParseError{417, "unknown expectation"};
  // RFC 9110 10.1.1: ignored in HTTP/1.0, and there is nothing to wait for without a body.
  const bool has_body = out.body.kind == BodyFraming::Kind::chunked || out.body.length > 0;
  out.expect_continue = summary.expects > 0 && out.head.version_minor > 0 && has_body;
  return std::nullopt;
}

bool is_protocol(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(), [](char c) { return syntax::is_tchar(c) || c == '/'; });
}

// Which upgrades there are is the route's to say; of a WebSocket the handshake's form is known (RFC 6455 4.1).
MaybeError check_upgrade(const FieldSummary& summary, ParsedRequest& out) {
  const bool asks = summary.says_upgrade && summary.upgrades == 1 && is_protocol(summary.upgrade);
  if (!asks || out.head.version_minor == 0) return std::nullopt;
  out.upgrade = summary.upgrade;
  if (!iequals(summary.upgrade, "websocket")) return std::nullopt;
  if (out.head.method != "GET") return ParseError{400, "WebSocket handshake that is not a GET"};
  if (out.body.kind == BodyFraming::Kind::chunked || out.body.length > 0) {
    return ParseError{400, "WebSocket handshake with a body"};
  }
  out.body = {};
  out.wants_websocket = true;
  return std::nullopt;
}

// The head that `bytes` begin with; `at` is set behind it.
MaybeError parse_front(std::string_view bytes, const HeadLimits& limits, ParsedRequest& out, std::size_t& at) {
  out.clear();
  FieldSummary summary;
  if (const auto error = parse_request_line(bytes, limits, out.head, at)) return error;
  if (const auto error = check_method(out.head.method)) return error;
  const Sender sender = limits.is_for_probes ? Sender::probe : Sender::client;
  if (const auto error = parse_fields(bytes, at, limits, sender, out.head.fields, summary)) return error;
  if (const auto error = check_request_framing(summary, out.head.version_minor)) return error;
  if (const auto error = check_host(summary, limits.needs_host, out.good_host)) return error;
  out.authority = summary.host;
  out.may_name_fields = summary.names_fields;
  if (const auto error = split_target(limits, out)) return error;
  out.body = frame_request(summary);
  if (const auto error = check_upgrade(summary, out)) return error;
  if (const auto error = check_expect(summary, out)) return error;
  out.keep_alive = !summary.says_close && (out.head.version_minor > 0 || summary.says_keep_alive);
  return std::nullopt;
}

}  // namespace

std::optional<ParseError> parse_request_head(std::string_view bytes, const HeadLimits& limits, ParsedRequest& out) {
  std::size_t end = 0;
  if (const auto error = parse_front(bytes, limits, out, end)) return error;
  return check_end(bytes, end);
}

std::size_t take_request_head(std::string_view bytes, const HeadLimits& limits, ParsedRequest& out) {
  std::size_t end = 0;
  return parse_front(bytes.substr(0, limits.head_bytes), limits, out, end) ? 0 : end;
}

}  // namespace lp
