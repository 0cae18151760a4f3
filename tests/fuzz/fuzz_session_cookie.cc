// Cookie headers of any bytes: joining, opening and decoding never do more than say "signed out". The input is used as
// a Cookie field and, sealed by us, as the plaintext of a session and of a pending sign-in: whoever learnt a secret
// still finds strict decoders.
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/cookies/cookie_pieces.h"
#include "auth/cookies/pending_cookie.h"
#include "auth/cookies/sealed_cookie.h"
#include "auth/cookies/sign_in_state.h"
#include "auth/oidc/pending_sign_in.h"
#include "auth/session/session.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<lp::Secret> ring{lp::Secret(std::string(32, 's'))};
  static const lp::CookieSealer sessions(ring, lp::CookiePurpose::session, "default");
  static const lp::CookieSealer attempts(ring, lp::CookiePurpose::pending_sign_in, "default");
  static const lp::CookieSealer states(ring, lp::CookiePurpose::state, "default");
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  lp::Fields fields;
  fields.add("Cookie", input);
  const lp::JoinedCookie joined = lp::join_cookie_pieces("s", fields);
  LP_CHECK(joined.pieces <= lp::kMaxCookiePieces, "more pieces than there are names");
  LP_CHECK(!sessions.open("s", joined.value()), "opened what nobody sealed");
  LP_CHECK(!lp::read_state(input, states), "read a state that nobody made");
  (void)lp::evict_pending(fields, "p_", attempts, 1'795'317'047);

  if (const auto session = lp::decode_session(input)) {
    const auto again = lp::decode_session(lp::encode_session(*session));
    LP_CHECK(again && again->sub == session->sub && again->claims == session->claims, "a session that changes");
  }
  if (const auto pending = lp::decode_pending(input)) {
    const auto again = lp::decode_pending(lp::encode_pending(*pending));
    LP_CHECK(again && again->return_to == pending->return_to, "a pending sign-in that changes");
  }
  return 0;
}
