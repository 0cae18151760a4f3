// Marker and ticket cookies of any bytes, and their plaintexts, should somebody learn a secret; bodies that look like a
// resumption; heads of posts.
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/cookies/held_ticket.h"
#include "auth/cookies/loop_marker.h"
#include "auth/held/hold_rules.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<lp::Secret> ring{lp::Secret(std::string(32, 's'))};
  static const lp::CookieSealer sealer(ring, lp::CookiePurpose::pending_sign_in, "default");
  static const lp::Origin own{"https", "app.test", 443};
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  lp::Fields fields;
  fields.add("Cookie", input);
  LP_CHECK(lp::find_loop_marker(fields, "l", sealer).fate != lp::FoundMarker::Fate::readable,
           "opened what nobody sealed");
  LP_CHECK(!lp::find_held_ticket(fields, "h", sealer, 1'795'317'047), "opened what nobody sealed");

  if (const auto notes = lp::decode_loop_notes(input)) {
    LP_CHECK(notes->size() <= lp::kMaxLoopNotes, "more notes than fit");
    const auto again = lp::decode_loop_notes(lp::encode_loop_notes(*notes));
    LP_CHECK(again && again->size() == notes->size(), "a marker that changes");
  }
  if (const auto ticket = lp::decode_held_ticket(input)) {
    const auto again = lp::decode_held_ticket(lp::encode_held_ticket(*ticket));
    LP_CHECK(again && again->id == ticket->id, "a ticket that changes");
  }
  if (lp::is_resume_body(input)) LP_CHECK(size == lp::kResumeBodyBytes, "a resumption of another length");

  lp::RequestHead head;
  head.method = "POST";
  head.fields.add("Sec-Fetch-Site", "same-origin");
  head.fields.add("Accept", input);
  head.fields.add("Content-Type", input);
  head.fields.add("Content-Length", input);
  (void)lp::may_hold(head, false, own);
  (void)lp::may_be_resumption(head, false, own);
  return 0;
}
