#include "auth/pages/page_forms.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace lp {
namespace {

constexpr std::array kForms = {
    PageForm{PageKind::sign_in_failed, 400, PageAction::try_again, PageAction::other_account, "sign_in_failed.title",
             "sign_in_failed.lead"},
    PageForm{PageKind::sign_in_unavailable, 503, PageAction::try_again, PageAction::home, "sign_in_unavailable.title",
             "sign_in_unavailable.lead"},
    PageForm{PageKind::sign_in_expired, 400, PageAction::sign_in, PageAction::home, "sign_in_expired.title",
             "sign_in_expired.lead"},
    PageForm{PageKind::cookies_needed, 400, PageAction::try_again, PageAction::home, "cookies_needed.title",
             "cookies_needed.lead"},
    PageForm{PageKind::unauthenticated, 401, PageAction::sign_in, PageAction::home, "unauthenticated.title",
             "unauthenticated.lead"},
    PageForm{PageKind::forbidden, 403, PageAction::other_account, PageAction::home, "forbidden.title",
             "forbidden.lead"},
    PageForm{PageKind::certificate_needed, 403, PageAction::home, PageAction::none, "certificate_needed.title",
             "certificate_needed.lead"},
    PageForm{PageKind::closed, 403, PageAction::home, PageAction::none, "closed.title", "closed.lead"},
    PageForm{PageKind::not_found, 404, PageAction::home, PageAction::none, "not_found.title", "not_found.lead"},
    PageForm{PageKind::method_not_allowed, 405, PageAction::home, PageAction::none, "method_not_allowed.title",
             "method_not_allowed.lead"},
    PageForm{PageKind::misdirected, 421, PageAction::none, PageAction::none, "misdirected.title", "misdirected.lead"},
    PageForm{PageKind::bad_request, 400, PageAction::home, PageAction::none, "bad_request.title", "bad_request.lead"},
    PageForm{PageKind::payload_too_large, 413, PageAction::home, PageAction::none, "payload_too_large.title",
             "payload_too_large.lead"},
    PageForm{PageKind::timeout, 408, PageAction::home, PageAction::none, "timeout.title", "timeout.lead"},
    PageForm{PageKind::bad_gateway, 502, PageAction::reload, PageAction::home, "bad_gateway.title", "bad_gateway.lead"},
    PageForm{PageKind::unavailable, 503, PageAction::reload, PageAction::home, "unavailable.title", "unavailable.lead"},
    PageForm{PageKind::gateway_timeout, 504, PageAction::reload, PageAction::home, "gateway_timeout.title",
             "gateway_timeout.lead"},
    PageForm{PageKind::signed_out, 200, PageAction::sign_in, PageAction::home, "signed_out.title", "signed_out.lead"},
    PageForm{PageKind::confirm_sign_out, 200, PageAction::sign_out, PageAction::home, "confirm_sign_out.title",
             "confirm_sign_out.lead"},
    PageForm{PageKind::confirm_sign_out_everywhere, 200, PageAction::sign_out_everywhere, PageAction::home,
             "confirm_sign_out_everywhere.title", "confirm_sign_out_everywhere.lead"},
    PageForm{PageKind::carry_fragment, 200, PageAction::sign_in, PageAction::none, "carry_fragment.title",
             "carry_fragment.lead"},
    PageForm{PageKind::account, 200, PageAction::sign_out, PageAction::sign_out_everywhere, "account.title",
             "account.lead"},
    // 400 and not 508: HAProxy's "observe layer7" and Envoy's outlier detection count 5xx against the server, and one
    // browser that refuses cookies must not take the proxy out of rotation.
    PageForm{PageKind::loop_stopped, 400, PageAction::try_again, PageAction::home, "loop_stopped.title",
             "loop_stopped.lead"},
    PageForm{PageKind::confirm_resume, 200, PageAction::resume, PageAction::discard, "confirm_resume.title",
             "confirm_resume.lead"},
    PageForm{PageKind::request_not_sent, 401, PageAction::sign_in, PageAction::home, "request_not_sent.title",
             "request_not_sent.lead"},
    PageForm{PageKind::held_request_gone, 410, PageAction::home, PageAction::none, "held_request_gone.title",
             "held_request_gone.lead"},
    PageForm{PageKind::session_unverified, 503, PageAction::reload, PageAction::home, "session_unverified.title",
             "session_unverified.lead"},
    PageForm{PageKind::patreon_away, 503, PageAction::reload, PageAction::home, "patreon_away.title",
             "patreon_away.lead"},
    PageForm{PageKind::sign_out_unfinished, 503, PageAction::sign_out, PageAction::none, "sign_out_unfinished.title",
             "sign_out_unfinished.lead"},
    PageForm{PageKind::sign_out_everywhere_unfinished, 503, PageAction::sign_out_everywhere, PageAction::none,
             "sign_out_everywhere_unfinished.title", "sign_out_everywhere_unfinished.lead"},
    PageForm{PageKind::step_up_needed, 401, PageAction::sign_in, PageAction::home, "step_up_needed.title",
             "step_up_needed.lead"},
    PageForm{PageKind::step_up_failed, 400, PageAction::sign_in_again, PageAction::home, "step_up_failed.title",
             "step_up_failed.lead"},
    PageForm{PageKind::proof_missing, 400, PageAction::sign_in_again, PageAction::home, "proof_missing.title",
             "proof_missing.lead"},
    PageForm{PageKind::sign_in_denied, 403, PageAction::other_account, PageAction::home, "sign_in_denied.title",
             "sign_in_denied.lead"},
    PageForm{PageKind::sign_in_broken, 502, PageAction::none, PageAction::home, "sign_in_broken.title",
             "sign_in_broken.lead"},
    PageForm{PageKind::token_refused, 403, PageAction::sign_in_again, PageAction::home, "token_refused.title",
             "token_refused.lead"},
    PageForm{PageKind::session_too_large, 500, PageAction::other_account, PageAction::none, "session_too_large.title",
             "session_too_large.lead"},
    PageForm{PageKind::apps, 200, PageAction::none, PageAction::none, "apps.title", "apps.lead"},
    PageForm{PageKind::organizations, 200, PageAction::none, PageAction::none, "organizations.title",
             "organizations.lead"},
    PageForm{PageKind::no_organizations, 200, PageAction::other_account, PageAction::home, "no_organizations.title",
             "no_organizations.lead"},
    PageForm{PageKind::choose_sign_in, 200, PageAction::none, PageAction::none, "choose_sign_in.title",
             "choose_sign_in.lead"},
    PageForm{PageKind::sign_in_page, 200, PageAction::none, PageAction::none, "sign_in_page.title",
             "sign_in_page.lead"},
    PageForm{PageKind::no_apps, 200, PageAction::other_account, PageAction::home, "no_apps.title", "no_apps.lead"},
};

struct ActionLabel {
  PageAction action;
  TextKey label;
};
constexpr std::array kActions = {
    ActionLabel{PageAction::sign_in, "action.sign_in"},
    ActionLabel{PageAction::try_again, "action.try_again"},
    ActionLabel{PageAction::other_account, "action.other_account"},
    ActionLabel{PageAction::reload, "action.try_again"},
    ActionLabel{PageAction::home, "action.home"},
    ActionLabel{PageAction::sign_out, "action.sign_out"},
    ActionLabel{PageAction::sign_out_everywhere, "action.sign_out_everywhere"},
    ActionLabel{PageAction::resume, "action.resume"},
    ActionLabel{PageAction::discard, "action.discard"},
    ActionLabel{PageAction::sign_in_again, "action.sign_in_again"},
};

}  // namespace

const PageForm& page_form(PageKind kind) {
  const auto found = std::find_if(kForms.begin(), kForms.end(), [&](const PageForm& f) { return f.kind == kind; });
  LP_CHECK(found != kForms.end(), "a page without texts");
  return *found;
}

TextKey action_label(PageAction action) {
  const auto found =
      std::find_if(kActions.begin(), kActions.end(), [&](const ActionLabel& a) { return a.action == action; });
  LP_CHECK(found != kActions.end(), "an action without a label");
  return found->label;
}

}  // namespace lp
