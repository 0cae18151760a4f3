#pragma once
#include <cstdint>

#include "auth/pages/pages.h"
#include "auth/session/session.h"

// The page that shows somebody what is known of them. Pure.
namespace lp {

// When the session began and ends, as its owner sees it.
struct AccountTimes {
  std::int64_t signed_in_at_s = 0;
  std::int64_t ends_at_s = 0;       // whatever they do
  std::int64_t idle_timeout_s = 0;  // earlier, if they do nothing
  std::int64_t now_s = 0;
};
// `facts` as for any page, with form_origin. Shows no token, and of the claims only those with a label here.
[[nodiscard]] Answer make_account_page(PageFacts facts, const Session& session, const AccountTimes& times);

}  // namespace lp
