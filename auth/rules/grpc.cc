#include "auth/rules/grpc.h"

#include <algorithm>
#include <iterator>

#include "base/encoding.h"

namespace lp {
namespace {

constexpr std::string_view kGrpc = "application/grpc";
constexpr std::string_view kWeb = "-web";
constexpr std::string_view kText = "-text";

bool takes_off(std::string_view& text, std::string_view prefix) {
  if (!iequals(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// By status; a row with a decision comes before the one without. What a client may do again with the hope of another
// outcome is unavailable, and nothing else is.
struct Row {
  int status;
  std::string_view decision;
  GrpcStatus means;
};
constexpr Row kRows[] = {
    {303, "", {GrpcCode::unauthenticated, "no session and no access token"}},
    {401, "session_over", {GrpcCode::unauthenticated, "the session has ended"}},
    {401, "", {GrpcCode::unauthenticated, "no session and no access token that this route accepts"}},
    {403, "", {GrpcCode::permission_denied, "not permitted"}},
    {404, "", {GrpcCode::unimplemented, "no route"}},
    {405, "", {GrpcCode::unimplemented, "no such method here"}},
    {408, "", {GrpcCode::unavailable, "the request came too slowly"}},
    {413, "", {GrpcCode::resource_exhausted, "the request is larger than is allowed"}},
    {421, "", {GrpcCode::unimplemented, "no such host here"}},
    {429, "", {GrpcCode::resource_exhausted, "too many requests"}},
    {431, "", {GrpcCode::resource_exhausted, "more metadata than is allowed"}},
    {501, "", {GrpcCode::unimplemented, "not implemented"}},
    {502, "", {GrpcCode::unavailable, "the app cannot be reached, or does not answer as it should"}},
    {503, "no_memory", {GrpcCode::resource_exhausted, "no memory for this request"}},
    {503, "", {GrpcCode::unavailable, "not available at the moment"}},
    {504, "deadline", {GrpcCode::deadline_exceeded, "the deadline is over"}},
    {504, "", {GrpcCode::unavailable, "the app did not answer in time"}},
};

}  // namespace

GrpcKind grpc_kind(std::string_view content_type) {
  if (!takes_off(content_type, kGrpc)) return GrpcKind::none;
  const bool is_web = takes_off(content_type, kWeb);
  if (is_web) (void)takes_off(content_type, kText);
  const bool ends = content_type.empty() || content_type.front() == '+' || content_type.front() == ';' ||
                    content_type.front() == ' ' || content_type.front() == '\t';
  if (!ends) return GrpcKind::none;
  return is_web ? GrpcKind::web : GrpcKind::grpc;
}

GrpcStatus grpc_status_of(int http_status, std::string_view decision) {
  const auto* const found = std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& row) {
    return row.status == http_status && (row.decision.empty() || row.decision == decision);
  });
  if (found != std::end(kRows)) return found->means;
  if (http_status >= 300 && http_status < 400) return {GrpcCode::unauthenticated, "no session and no access token"};
  return {http_status >= 400 ? GrpcCode::internal : GrpcCode::unknown, "an answer that gRPC does not know"};
}

}  // namespace lp
