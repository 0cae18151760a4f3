#pragma once
#include "config/page_texts.h"

// What our pages are: status, texts and what they offer to do, one row each. Pure.
namespace lp {

enum class PageKind {
  sign_in_failed,
  sign_in_unavailable,
  sign_in_expired,
  cookies_needed,
  unauthenticated,
  forbidden,
  certificate_needed,
  closed,
  not_found,
  method_not_allowed,
  misdirected,
  bad_request,
  payload_too_large,
  timeout,
  bad_gateway,
  unavailable,
  gateway_timeout,
  signed_out,
  confirm_sign_out,
  confirm_sign_out_everywhere,
  carry_fragment,
  account,
  loop_stopped,
  confirm_resume,
  request_not_sent,
  held_request_gone,
  session_unverified,
  patreon_away,
  step_up_needed,
  step_up_failed,
  sign_out_unfinished,
  sign_out_everywhere_unfinished,
  proof_missing,
  sign_in_denied,
  sign_in_broken,
  token_refused,
  session_too_large,
  apps,
  no_apps,
  organizations,
  no_organizations,
  choose_sign_in,
  sign_in_page,
};

// What a page offers to do.
enum class PageAction {
  none,
  sign_in,
  try_again,
  other_account,
  reload,
  home,  // back to where the link was that led here, where that is known
  sign_out,
  sign_out_everywhere,
  resume,
  discard,
  sign_in_again,  // asks for the password, though Logto's session lives
};

struct PageForm {
  PageKind kind;
  int status;
  PageAction primary;
  PageAction secondary;
  TextKey title;
  TextKey lead;
};
[[nodiscard]] const PageForm& page_form(PageKind kind);
[[nodiscard]] TextKey action_label(PageAction action);  // not of none

}  // namespace lp
