#include "proxy/http/pace.h"

#include <algorithm>
#include <utility>

#include "auth/rules/grpc.h"
#include "base/encoding.h"

namespace lp {

namespace {
// A silence is noticed late by up to this part of it: the bytes that ended the one before came somewhere between two
// looks.
constexpr std::int64_t kLooks = 4;
constexpr std::int64_t kShortestMs = 100;  // deadlines are no finer
constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 62;
}  // namespace

bool is_slow_by_nature(const BodyFraming& body, const Fields& answer) {
  if (body.kind != BodyFraming::Kind::chunked && body.kind != BodyFraming::Kind::until_close) return false;
  constexpr std::string_view kEvents = "text/event-stream";
  const std::string_view type = answer.get("Content-Type");
  return iequals(type.substr(0, kEvents.size()), kEvents) || grpc_kind(type) != GrpcKind::none;
}

std::int64_t Pace::look_ms(const PaceTerms& terms) {
  const std::int64_t shortest = terms.bytes_per_s > 0 ? std::min(terms.silence_ms, terms.window_ms) : terms.silence_ms;
  return std::max(kShortestMs, shortest / kLooks);
}

std::optional<std::int64_t> Pace::look(const PaceTerms& terms, std::int64_t elapsed_ms) {
  const auto bytes = static_cast<std::int64_t>(std::min(std::exchange(bytes_, 0), kMostCounted));
  silent_ms_ = bytes > 0 ? 0 : silent_ms_ + elapsed_ms;
  if (silent_ms_ >= terms.silence_ms) return std::nullopt;
  behind_ = std::max<std::int64_t>(0, behind_ + terms.bytes_per_s * elapsed_ms / 1000 - bytes);
  if (terms.bytes_per_s > 0 && behind_ >= terms.bytes_per_s * terms.window_ms / 1000) return std::nullopt;
  return std::min(look_ms(terms), terms.silence_ms - silent_ms_);
}

}  // namespace lp
