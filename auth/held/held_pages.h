#pragma once
#include "auth/held/hold_rules.h"
#include "auth/pages/pages.h"
#include "auth/session/held_requests.h"

// The pages around held requests. Pure.
namespace lp {

// What is held, for whom (facts.user), and one form that sends it. Nothing of the body is shown.
[[nodiscard]] Answer make_resume_page(PageFacts facts, const HeldRequest& held, const HeldTicket& ticket);
// Nothing was sent, and why. `kind` is request_not_sent, with a link to sign in that leads to facts.return_to, or
// held_request_gone for somebody who is signed in.
[[nodiscard]] Answer make_not_sent_page(PageKind kind, PageFacts facts, NotHeld why);
// One word for logs.
[[nodiscard]] std::string_view not_held_word(NotHeld why);

}  // namespace lp
