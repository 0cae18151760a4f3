#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity/app_headers.h"
#include "auth/oidc/app_token.h"
#include "auth/rules/decision.h"
#include "auth/session/opened_session.h"
#include "auth/visit/forwarded_request.h"
#include "base/http_message.h"
#include "base/url.h"
#include "config/settings.h"

// What is asked of auth/ about one request, and what it answers: values that the proxy and all of auth/ share.
namespace lp {

inline constexpr std::string_view kStepUp = "step_up";  // as `decision`: the sign-in is too long ago

// What the gatekeeper knows of a request's body. `unread` until it asks; `too_large`: more than it wanted, and none of
// it is shown. `whole` holds for a request without a body too.
enum class BodyFacts { unread, whole, too_large };

// One request as the gatekeeper sees it. All views must stay valid until the verdict is there, also a later one.
struct RequestFacts {
  const RequestHead* head = nullptr;
  const Origin* external = nullptr;  // the external URL that the Host names
  std::string_view path;             // normalised: what rules are about
  std::string_view path_as_sent;     // what a browser must be sent to; empty: it is `path`
  std::string_view query;            // as sent, without '?'
  bool has_query = false;
  const RouteSettings* route = nullptr;  // null for own endpoints and where no route matched
  bool wants_upgrade = false;
  bool method_is_told =
      true;  // false: another proxy asks without saying it, and the method of `head` is the check's own
  bool method_is_certain = true;  // false: the app may read another one out of the query or a field
  UpgradeOrigin upgrade_origin = UpgradeOrigin::allowed;
  std::string_view request_id;
  std::string_view client;       // address, as far as trusted hops tell; empty: a unix socket's peer
  bool client_is_proxy = false;  // of trusted_proxies, which does not say who is behind it: many may be
  // That the connection has shown and that is accepted now; null: none, and where another proxy asks.
  const ClientCertificate* client_certificate = nullptr;
  // The Host is where Logto reaches us and no external URL (logto.backchannel_url): `external` is that origin, and only
  // the two endpoints for Logto's own calls are asked for.
  bool only_backchannel = false;
  BodyFacts body_state = BodyFacts::unread;
  std::string_view body;  // without its transfer coding; may hold a logout token or a form
  // Not none: another proxy asks whether it may let this request through. All of the above describes the request that
  // it asks about; the verdict is always an answer for that proxy, a pass being 200 with the identity headers.
  ForwardedForm forwarded = ForwardedForm::none;
  // For checks that oauth2-proxy's users ask; `route` is null there where whoever is signed in passes.
  std::string_view check_query;               // of the check itself, without '?'
  const RouteSettings* also_asked = nullptr;  // its rules must hold too, whatever route the request has
  bool asker_is_known = false;                // by a listener or a secret: may be told what is not the client's own
  // For our own answer to what was refused: the key of a route that would let it pass, as it is written; may be empty.
  std::string_view allowed_by;

  // Whose limits a request without a session is under; empty: nobody's, for it cannot be told.
  [[nodiscard]] std::string_view counted_client() const { return client_is_proxy ? std::string_view() : client; }

  [[nodiscard]] std::string target_as_sent() const {
    std::string target(path_as_sent.empty() ? path : path_as_sent);
    return has_query ? target.append("?").append(query) : target;
  }
};

// What the app gets in place of the client's body.
struct ReplacedBody {
  std::string content_type;
  std::string body;
};

struct Verdict {
  // need_body: the same request is to be judged again once its body is there, with RequestFacts::body_state set. Never
  // said twice for one request.
  enum class Kind { pass, answer, wait, need_body };
  Kind kind = Kind::answer;
  std::string_view decision;                     // static text for the access log: "pass", "public", "sign_in", ...
  std::shared_ptr<const OpenedSession> session;  // who it is, as far as known; with pass the app is told
  RouteTokens tokens;                            // kind pass: what the route needs of them
  std::vector<std::string> set_cookies;          // to be added to whatever answer the client gets, pages included
  Answer answer;                                 // kind answer
  std::size_t body_limit_bytes = 0;              // kind need_body
  // Kind pass: instead of what the client sent. Without it a body that was collected goes on as it came; after
  // BodyFacts::too_large a pass is answered 413, for a part of the body is gone.
  std::optional<ReplacedBody> replaced_body;
  std::shared_ptr<const AppHeaders> app_headers;  // kind pass; null: the app is told nothing
  // On routes with `shadow`: what the rule would have done, for the access log; static text, empty where the request
  // would have passed as well. And for which requirements, as operators read them.
  std::string_view shadow;
  std::string shadow_missing;
};

// A question under way. Dropping it cancels; it may be dropped inside the callback.
class PendingVerdict {
 public:
  virtual ~PendingVerdict() = default;
};
using LaterVerdict = std::function<void(Verdict)>;  // runs on the worker's loop, never inside the call that asked

// Whoever may answer a request in the process: an endpoint of ours, the rules of a route.
class Responder {
 public:
  virtual ~Responder() = default;
  // The verdict; or kind wait, then `wait` is set and `later` gets the verdict (never wait again, but maybe need_body).
  [[nodiscard]] virtual Verdict judge(const RequestFacts& facts, LaterVerdict later,
                                      std::unique_ptr<PendingVerdict>& wait) = 0;
};

}  // namespace lp
