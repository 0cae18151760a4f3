#pragma once
#include <string_view>

#include "auth/pages/language.h"

// What our pages say, in each language: one table, so that a text is changed in one place. Pure.
namespace lp {

enum class PageKind {
  sign_in_failed,
  sign_in_unavailable,
  sign_in_expired,
  cookies_needed,
  unauthenticated,
  forbidden,
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
  step_up_needed,
  step_up_failed,
  sign_out_unfinished,
  sign_out_everywhere_unfinished,
  proof_missing,
  sign_in_denied,
  sign_in_broken,
  token_refused,
  session_too_large,
};

// What a page offers to do. Each has one label a language.
enum class PageAction {
  none,
  sign_in,
  try_again,
  other_account,
  reload,
  home,
  sign_out,
  sign_out_everywhere,
  resume,
  discard,
  sign_in_again,  // asks for the password, though Logto's session lives
};

struct PageText {
  // With '|' where a narrow screen may break the line: not every browser knows the words of Japanese.
  std::string_view title;
  std::string_view lead;
};
struct PageForm {
  PageKind kind;
  int status;
  PageAction primary;
  PageAction secondary;
  PageText text[kLanguages];
};
[[nodiscard]] const PageForm& page_form(PageKind kind);

// Words around facts.
struct PageWords {
  std::string_view html_lang;
  std::string_view request_id;    // label of the id in the footer
  std::string_view reason;        // before the short reason
  std::string_view signed_in_as;  // before the user
  std::string_view missing;       // heading of the list
  std::string_view evidence;      // heading of what was seen
  std::string_view served_at;     // before the address of this site
  std::string_view allowed_by;    // before the key of a route
};
[[nodiscard]] const PageWords& page_words(Language language);
[[nodiscard]] std::string_view action_label(PageAction action, Language language);

}  // namespace lp
