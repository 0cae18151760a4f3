#include "auth/endpoints/account.h"

#include <utility>

#include "auth/endpoints/account_page.h"
#include "auth/endpoints/sign_in.h"
#include "auth/endpoints/sign_out.h"
#include "auth/rules/own_returns.h"
#include "auth/session/session_times.h"
#include "config/apps.h"
#include "config/claims.h"

namespace lp {
namespace {

AccountTimes times_of(const Visit& visit, const Session& session) {
  const SessionSettings& settings = visit.settings().session;
  return {session.signed_in_at_ms / 1000, session_ends_at_s(session, settings), settings.idle_timeout_ms / 1000,
          visit.now_s};
}

}  // namespace

Verdict handle_account(const Visit& visit, Waiting waiting) {
  const Session* session = visit.signed_in();
  if (session == nullptr)
    return sign_in_for_own_page(visit, account_path(visit.settings().auth_prefix), std::move(waiting));
  PageFacts facts = page_facts(visit);
  facts.form_origin = sign_out_form_origins(visit.settings());
  facts.has_apps = has_apps(visit.settings());
  facts.has_organizations = has_organizations(visit.settings());
  Verdict verdict =
      answer_verdict(visit, "own", make_account_page(std::move(facts), *session, times_of(visit, *session)));
  append_cookies(verdict, cookies_to_renew(visit));
  return verdict;
}

Verdict redirect_to_account(const Visit& visit, Waiting) {
  return redirect_verdict(visit, "own", account_path(visit.settings().auth_prefix));
}

}  // namespace lp
