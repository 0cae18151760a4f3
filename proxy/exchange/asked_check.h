#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/visit/forwarded_request.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/client_facts.h"
#include "proxy/http/messages.h"
#include "proxy/route/resolve.h"

// Whether a request is another proxy's question about one that it will send on itself ({prefix}/check, /oauth2/auth),
// and which that is.
namespace lp {

// Where a client has come in: forward_auth.listen is for checks and nothing else.
enum class Door : std::uint8_t { any, checks_only };

// A request that may be such a question. Views.
struct PossibleCheck {
  const WorkerContext& context;
  Door door;
  const ParsedRequest& request;
  const ClientFacts& client;
};

struct AskedCheck {
  std::string hidden;                        // why there is nothing, for the log; empty: it is answered
  ForwardedForm form = ForwardedForm::none;  // none: the fields say it
  std::string_view behind;                   // form none: of behind_check()
};
// Who asks at the wrong place, or without the secret, finds nothing there. Nullopt: it is no question.
[[nodiscard]] std::optional<AskedCheck> asked_check(const PossibleCheck& check);
// Whether a request that has been resolved as one for us is a question at "/". An app of ours goes before: only where
// there is none it can be one.
[[nodiscard]] bool asks_in_place_of_app(const PossibleCheck& check, const Resolution& resolved);

struct CheckedRequest {
  std::optional<Refusal> refusal;  // of the question itself: nothing is resolved then
  ForwardedForm form = ForwardedForm::none;
  bool method_is_told = true;
  std::string_view check_query;  // of the question, without '?'
  bool asker_is_known = false;   // may be told what is not the client's own
};
// Fills in the head of the request that it is about, and how that is resolved.
[[nodiscard]] CheckedRequest resolve_asked(const PossibleCheck& check, const AskedCheck& asked, RequestHead& head,
                                           Resolution& into);

}  // namespace lp
