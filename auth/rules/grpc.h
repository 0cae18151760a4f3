#pragma once
#include <cstdint>
#include <string_view>

#include "base/http_message.h"

// Who speaks gRPC, and what our refusals are called there (docs/decisions/0066-http2-to-apps.md). Pure.
namespace lp {

// By the request's Content-Type: application/grpc, or application/grpc-web as browsers speak it, with what follows a
// '+'.
enum class GrpcKind : std::uint8_t { none, grpc, web };
[[nodiscard]] GrpcKind grpc_kind(std::string_view content_type);
[[nodiscard]] inline bool is_grpc(const Fields& request) {
  return request.may_have("Content-Type") && grpc_kind(request.get("Content-Type")) != GrpcKind::none;
}

// The codes of gRPC that we use.
enum class GrpcCode : std::uint8_t {
  unknown = 2,
  deadline_exceeded = 4,
  permission_denied = 7,
  resource_exhausted = 8,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  unauthenticated = 16,
};
struct GrpcStatus {
  GrpcCode code = GrpcCode::unknown;
  std::string_view words;  // for whoever reads a client's log
};
// What an answer of ours with this HTTP status is to a client of gRPC. `decision` is the access log's.
[[nodiscard]] GrpcStatus grpc_status_of(int http_status, std::string_view decision);

}  // namespace lp
