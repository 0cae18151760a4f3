#include "proxy/http/grpc.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

using namespace lp;

namespace {
std::string value_of(const Answer& answer, std::string_view name) {
  const auto found =
      std::find_if(answer.headers.begin(), answer.headers.end(), [&](const auto& one) { return one.first == name; });
  return found == answer.headers.end() ? "(none)" : found->second;
}
}  // namespace

TEST_CASE("for how long a client of gRPC waits") {
  CHECK(grpc_timeout_ms("2S") == 2000);
  CHECK(grpc_timeout_ms("100m") == 100);
  CHECK(grpc_timeout_ms("1H") == 3'600'000);
  CHECK(grpc_timeout_ms("3M") == 180'000);
  CHECK(grpc_timeout_ms("1u") == 1);
  CHECK(grpc_timeout_ms("99999999n") == 100);
  CHECK(grpc_timeout_ms("0m") == 0);
  for (const char* none : {"", "S", "1", "1 S", "-1S", "+1S", "1s", "123456789S", "99999999H", "1.5S"})
    CHECK(grpc_timeout_ms(none) == std::nullopt);
}

TEST_CASE("what makes a request a call of gRPC is not the client's word alone") {
  UpstreamSettings http1;
  UpstreamSettings http2;
  http2.http2 = true;
  struct Row {
    const char* name;
    const char* method;
    const char* type;
    const UpstreamSettings* app;
    GrpcKind kind;
  };
  const Row rows[] = {
      {"a call", "POST", "application/grpc", &http2, GrpcKind::grpc},
      {"of another coding", "POST", "application/grpc+json", &http2, GrpcKind::grpc},
      {"for no app, which is refused", "POST", "application/grpc", nullptr, GrpcKind::grpc},
      {"for an app that cannot be called", "POST", "application/grpc", &http1, GrpcKind::none},
      {"a page", "GET", "application/grpc", &http2, GrpcKind::none},
      {"a browser's call, for any app", "POST", "application/grpc-web+proto", &http1, GrpcKind::web},
      {"a browser's, by another method", "GET", "application/grpc-web", &http1, GrpcKind::none},
      {"something else", "POST", "application/grpcx", &http2, GrpcKind::none},
      {"nothing", "POST", nullptr, &http2, GrpcKind::none},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    RequestHead head;
    head.method = row.method;
    if (row.type != nullptr) head.fields.add("Content-Type", row.type);
    CHECK(grpc_call(head, row.app) == row.kind);
  }
}

TEST_CASE("a refusal as gRPC has it") {
  Answer made;
  made.status = 401;
  made.add("Content-Type", "application/json");
  made.add("Cache-Control", "no-store");
  made.add("WWW-Authenticate", "Bearer");
  made.body = "{}";
  const Answer answer = as_grpc_answer(made, GrpcKind::grpc, "unauthenticated");
  CHECK(answer.status == 200);
  CHECK(answer.body.empty());
  CHECK(value_of(answer, "Content-Type") == "application/grpc");
  CHECK(value_of(answer, "Grpc-Status") == "16");
  CHECK(value_of(answer, "Cache-Control") == "no-store");
  CHECK(value_of(answer, "WWW-Authenticate") == "Bearer");
  CHECK(value_of(answer, "Access-Control-Expose-Headers") == "(none)");
}

TEST_CASE("a page of another origin may read why") {
  Answer made;
  made.status = 303;
  made.add("Location", "https://x.logto.app/");
  made.add("Access-Control-Allow-Origin", "https://page.test");
  const Answer answer = as_grpc_answer(made, GrpcKind::web, "sign_in");
  CHECK(value_of(answer, "Content-Type") == "application/grpc-web+proto");
  CHECK(value_of(answer, "Location") == "(none)");
  CHECK(value_of(answer, "Access-Control-Expose-Headers") == "grpc-status, grpc-message");
}

TEST_CASE("how a call ends behind its head") {
  const GrpcTrailers trailers(401, "session_over");
  CHECK(trailers.fields().get("grpc-status") == "16");
  CHECK(trailers.fields().get("grpc-message") == "the session has ended");
}
