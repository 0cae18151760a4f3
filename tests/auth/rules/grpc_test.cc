#include "auth/rules/grpc.h"

#include <doctest/doctest.h>

#include "auth/rules/navigation.h"
#include "auth/rules/route_modes.h"

using namespace lp;

TEST_CASE("who speaks gRPC") {
  for (const char* type :
       {"application/grpc", "application/grpc+proto", "Application/gRPC; charset=x", "application/grpc "})
    CHECK(grpc_kind(type) == GrpcKind::grpc);
  for (const char* type : {"application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text",
                           "application/grpc-web-text+proto"})
    CHECK(grpc_kind(type) == GrpcKind::web);
  for (const char* type : {"", "application/json", "application/grpcx", "application/grpc-web-x", "text/plain",
                           "xapplication/grpc", "application/grp"})
    CHECK(grpc_kind(type) == GrpcKind::none);
}

TEST_CASE("what our refusals are in gRPC") {
  const struct {
    int status;
    const char* decision;
    GrpcCode code;
  } cases[] = {
      {303, "sign_in", GrpcCode::unauthenticated},
      {401, "unauthenticated", GrpcCode::unauthenticated},
      {401, "session_over", GrpcCode::unauthenticated},
      {403, "forbidden", GrpcCode::permission_denied},
      {404, "no_route", GrpcCode::unimplemented},
      {405, "own", GrpcCode::unimplemented},
      {413, "too_large", GrpcCode::resource_exhausted},
      {421, "unknown_host", GrpcCode::unimplemented},
      {429, "", GrpcCode::resource_exhausted},
      {502, "pass", GrpcCode::unavailable},
      {503, "no_memory", GrpcCode::resource_exhausted},
      {503, "unproven", GrpcCode::unavailable},
      {504, "pass", GrpcCode::unavailable},
      {504, "deadline", GrpcCode::deadline_exceeded},
      {400, "bad_request", GrpcCode::internal},
      {500, "", GrpcCode::internal},
      {302, "", GrpcCode::unauthenticated},
  };
  for (const auto& row : cases) {
    CAPTURE(row.status);
    const GrpcStatus status = grpc_status_of(row.status, row.decision);
    CHECK(status.code == row.code);
    CHECK_FALSE(status.words.empty());
    for (const char c : status.words) CHECK((c >= ' ' && c <= '~' && c != '%'));  // nothing to encode
  }
}

TEST_CASE("nobody who speaks gRPC is sent to a sign-in") {
  Fields fields;
  fields.add("Content-Type", "application/grpc");
  fields.add("Accept", "text/html");
  CHECK_FALSE(is_navigation("GET", fields));
  CHECK_FALSE(is_form_post({"POST", "/", 1, fields}, false));
  RouteSettings route;
  route.unauthenticated = Unauthenticated::redirect;
  RequestHead head{"GET", "/", 1, fields};
  CHECK_FALSE(redirects_when_signed_out(route, head, false));
  head.fields.clear();
  CHECK(redirects_when_signed_out(route, head, false));
}
