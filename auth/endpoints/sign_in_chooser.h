#pragma once
#include <string>

#include "auth/visit/visit.h"

namespace lp {

// What a sign-in was asked with, to be carried on by the buttons.
struct ChooserRequest {
  std::string return_to;  // vetted
  int route = 0;          // RouteSettings::index; 0: none
  bool other_account = false;
  std::string parameters;  // for Logto, judged, in the form of a query; may be empty
};

// A page of ours with one button for each social connector that Logto offers, and one for its first screen where that
// has fields (docs/decisions/0057-social-identity-and-chooser.md). Each leads to {auth_prefix}/sign-in with its way, so
// that no attempt begins before somebody has chosen. Waits where Logto's sign-in experience is not known yet; where it
// is not to be had, the page has one button, "Sign in".
[[nodiscard]] Verdict show_sign_in_chooser(const Visit& visit, ChooserRequest request, Waiting waiting);

}  // namespace lp
