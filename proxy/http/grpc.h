#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/rules/grpc.h"
#include "base/http_message.h"
#include "config/settings.h"

// gRPC as a proxy sees it: our own answers in its words, and for how long a client waits. Pure.
namespace lp {

// Which gRPC a request for an app is a call of, by what carries it: the client's word alone would let any answer of
// ours be HTTP 200, and any app's be cut where it looks whole. A call is a POST; gRPC itself needs an app that is
// spoken to in HTTP/2, and what browsers speak does not. `app` is null where the request has no app: it is refused
// then. Never ask for a request by which somebody wants to know whether another may pass: there 200 would be yes.
[[nodiscard]] GrpcKind grpc_call(const RequestHead& request, const UpstreamSettings* app);

// For how long the client waits (grpc-timeout: at most eight digits and a unit); nullopt: it has not said, or what it
// said is none.
[[nodiscard]] std::optional<std::int64_t> grpc_timeout_ms(std::string_view value);

// An answer of ours as a client of gRPC understands it: HTTP 200, no body, and grpc-status and grpc-message in the one
// head that there is. What is for browsers and caches stays, and for a page of another origin it is readable.
[[nodiscard]] Answer as_grpc_answer(const Answer& made, GrpcKind kind, std::string_view decision);

// Behind a head that is out: how the call ends. Valid while this is.
class GrpcTrailers {
 public:
  GrpcTrailers(int http_status, std::string_view decision);
  [[nodiscard]] Fields fields() const;

 private:
  std::string code_;
  std::string message_;
};

}  // namespace lp
