#pragma once
#include <cstdint>
#include <string_view>

#include "auth/rules/authorize.h"
#include "base/http_message.h"
#include "config/settings.h"

// What becomes of a request that has a route, from the route, the request and who sends it: the one judgement of the
// server, of checks for other proxies, of `explain` and of `tests:`. Pure.
namespace lp {

// Who asks, as far as it is known.
struct Asker {
  enum class Kind { nobody, session, token };
  Kind kind = Kind::nobody;
  Principal principal;  // of nobody its certificate alone
  [[nodiscard]] static Asker nobody_with(const ClientCertificate* certificate) {
    Asker asker;
    asker.principal.certificate = certificate;
    return asker;
  }
  [[nodiscard]] const Principal* who() const { return kind == Kind::nobody ? nullptr : &principal; }
};

// Whether the route looks at somebody of this kind at all. A session counts for nothing where only tokens are accepted,
// and the other way round; where it makes no difference nobody is asked.
[[nodiscard]] bool counts_on_route(const RouteSettings& route, Asker::Kind kind);

// Whose a connection is that becomes a WebSocket, by its Origin. Browsers always send one (RFC 6455 4.1), and no page
// can keep them from it: who sends none is a program, which has a cookie only from whom it belongs to.
enum class UpgradeOrigin : std::uint8_t {
  allowed,  // or none is asked for
  program,
  foreign,  // that of a page whose Origin is neither ours nor allowed
};

// What of a request matters besides its route. Views: valid during the call.
struct AskedOnRoute {
  const RequestHead& head;
  std::string_view host{};  // of the external URL
  std::string_view path{};  // in normal form
  bool wants_upgrade = false;
  UpgradeOrigin upgrade_origin = UpgradeOrigin::allowed;
  // Another proxy asks: it gets no page that does what a redirect would do.
  bool by_other_proxy = false;
};

struct Decision {
  enum class Kind {
    preflight,        // passes, and the app is told of nobody
    pass,             // on to the app
    sign_in,          // to Logto, and back
    unauthenticated,  // 401
    token_missing,    // 401 where only access tokens are accepted
    step_up,          // to Logto once more: the sign-in is too long ago
    step_up_needed,   // 401 for the same reason, where nobody can be sent there
    choose_account,   // known and refused: to Logto for another account. Once: who has just been there gets `forbidden`
    forbidden,        // 403: known, and some requirement does not hold
    no_organization,  // 404: the route is for an organization in the address, or its token is, and there is none in it
    foreign_origin,   // 403: whoever it is may pass, but not a WebSocket of another site's page, or of nobody's
    denied,           // 403 for everybody
  };
  Kind kind = Kind::denied;
  // What the rules say, whatever came of it; not of a preflight.
  Authorization authorization;
  // On a route in shadow, which lets everybody pass, what would have happened; static text, empty: the same.
  std::string_view shadow;
  // sign_in, step_up: redirects lose what only the browser knows, the #fragment. A page with a small script takes it
  // along.
  bool carries_fragment = false;
  // What the client gets; 0: the app's answer.
  [[nodiscard]] int status() const;
};

// `asker` is one that counts on the route. `defaults` are those of logto.sign_in.
[[nodiscard]] Decision decide(const RouteSettings& route, const AskedOnRoute& asked, const Asker& asker,
                              const SignInSettings& defaults, std::int64_t now_s);

}  // namespace lp
