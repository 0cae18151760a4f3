#include "auth/loops/pass.h"

#include "auth/loops/stop.h"

namespace lp {

Verdict pass_verdict(const Visit& visit) {
  Verdict verdict;
  verdict.kind = Verdict::Kind::pass;
  verdict.decision = visit.session.opened ? "pass" : "public";
  verdict.session = visit.session.opened;
  if (visit.session.opened) verdict.tokens = visit.tokens;
  verdict.set_cookies = cookies_to_renew(visit);
  if (visit.session.opened) append_cookies(verdict, wipe_loop_marker(visit));
  verdict.app_headers = headers_for_app(visit);
  return verdict;
}

}  // namespace lp
