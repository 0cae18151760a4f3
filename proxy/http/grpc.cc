#include "proxy/http/grpc.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "base/one_of.h"

namespace lp {
namespace {

// Above it a deadline is none.
constexpr std::int64_t kMostMs = 30LL * 24 * 60 * 60 * 1000;

std::optional<std::int64_t> milliseconds(std::int64_t count, char unit) {
  switch (unit) {
    case 'H':
      return count * 60 * 60 * 1000;
    case 'M':
      return count * 60 * 1000;
    case 'S':
      return count * 1000;
    case 'm':
      return count;
    case 'u':
      return (count + 999) / 1000;
    case 'n':
      return (count + 999'999) / 1'000'000;
    default:
      return std::nullopt;
  }
}

std::string code_text(GrpcCode code) { return std::to_string(static_cast<int>(code)); }

// What speaks of the body that is left out, or leads a browser away.
bool is_of_page(std::string_view name) {
  const std::string lower = ascii_lower(name);
  return is_one_of(lower, {"content-type", "content-length", "content-encoding", "content-language", "location",
                           "refresh", "content-security-policy", "x-frame-options"});
}

}  // namespace

GrpcKind grpc_call(const RequestHead& request, const UpstreamSettings* app) {
  if (request.method != "POST" || !request.fields.may_have("Content-Type")) return GrpcKind::none;
  const GrpcKind kind = grpc_kind(request.fields.get("Content-Type"));
  const bool lacks_http2 = app != nullptr && !app->speaks_http2();
  return kind == GrpcKind::grpc && lacks_http2 ? GrpcKind::none : kind;
}

std::optional<std::int64_t> grpc_timeout_ms(std::string_view value) {
  if (value.size() < 2 || value.size() > 9) return std::nullopt;
  std::int64_t count = 0;
  const char* const unit = value.data() + value.size() - 1;
  const auto parsed = std::from_chars(value.data(), unit, count);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == unit && value.front() != '-';
  if (!is_number) return std::nullopt;
  const auto ms = milliseconds(count, *unit);
  return ms && *ms <= kMostMs ? ms : std::nullopt;
}

Answer as_grpc_answer(const Answer& made, GrpcKind kind, std::string_view decision) {
  const GrpcStatus status = grpc_status_of(made.status, decision);
  Answer answer;
  answer.status = 200;
  answer.add("Content-Type", kind == GrpcKind::web ? "application/grpc-web+proto" : "application/grpc");
  answer.add("Grpc-Status", code_text(status.code));
  answer.add("Grpc-Message", std::string(status.words));
  bool is_for_another_origin = false;
  for (const auto& [name, value] : made.headers) {
    if (is_of_page(name)) continue;
    is_for_another_origin = is_for_another_origin || iequals(name, "Access-Control-Allow-Origin");
    answer.add(name, value);
  }
  if (is_for_another_origin) answer.add("Access-Control-Expose-Headers", "grpc-status, grpc-message");
  return answer;
}

GrpcTrailers::GrpcTrailers(int http_status, std::string_view decision) {
  const GrpcStatus status = grpc_status_of(http_status, decision);
  code_ = code_text(status.code);
  message_ = status.words;
}

Fields GrpcTrailers::fields() const {
  Fields fields;
  fields.add("grpc-status", code_);
  fields.add("grpc-message", message_);
  return fields;
}

}  // namespace lp
