#include "auth/endpoints/jwks_endpoint.h"

#include "auth/pages/answer_security.h"

namespace lp {
namespace {

constexpr std::string_view kCaching = "public, max-age=300";

}  // namespace

Verdict handle_jwks(const Visit& visit, Waiting) {
  Answer answer;
  answer.status = 200;
  answer.add("Content-Type", "application/json");
  add_security_headers(answer);
  for (auto& [name, value] : answer.headers) {
    if (name == "Cache-Control") value = kCaching;
  }
  answer.body = visit.realm.keyring()->assertions.jwks(visit.now_s);
  return answer_verdict(visit, "own", std::move(answer));
}

}  // namespace lp
