#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/identity/app_headers.h"
#include "auth/identity/client_headers.h"
#include "auth/rules/decision.h"
#include "auth/rules/grpc.h"
#include "auth/session/session.h"
#include "base/result.h"
#include "config/settings.h"
#include "proxy/http/forwarding.h"
#include "proxy/http/grpc.h"
#include "proxy/http/messages.h"
#include "proxy/route/resolve.h"
#include "proxy/route/router.h"

// What becomes of a request, without a wire, a cookie or Logto: through proxy/route/resolve.h and
// auth/rules/decision.h, as at the server. For `explain` and the configuration's `tests:`. Pure.
namespace lp {

// Who asks, instead of a cookie or a token that was verified.
struct Person {
  Session session;                                 // with the claims that a session would keep
  std::optional<std::vector<std::string>> scopes;  // of an access token
  [[nodiscard]] Principal principal() const;
  // With scopes they bring an access token, but for routes that get tokens of their own for a session: there it is the
  // scopes of such a one. Without, a session.
  [[nodiscard]] Asker asker_on(const RouteSettings& route) const;
};
// From an ID token's claims as JSON: `sub`, whatever Logto or userinfo tells, `identities` also as a list of targets.
// Three members are not claims: `scopes`, a list, as an access token has them; `patreon`, where rules ask for it, see
// person_patreon.h; and `authenticated_ago`, "5m", instead of an auth_time. Without either of these two Logto did not
// say when the person proved who they are.
[[nodiscard]] Result<Person> person_from_claims(std::string_view json, const Settings& settings, std::int64_t now_s);

struct AskedRequest {
  // What is filled in where `headers` has no field of that name: what browsers send when a person follows a link, or
  // when a script fetches.
  enum class Manner { navigation, script };
  std::string method = "GET";
  std::string url;  // http or https; host, path and query are sent as they stand, a fragment is not
  std::vector<std::pair<std::string, std::string>> headers;
  std::string client = "127.0.0.1";  // the connection's other end, an address
  Manner manner = Manner::navigation;
  std::optional<ClientCertificate> client_certificate{};  // that the connection has shown; taken as it is
  // Another proxy asks about it ({prefix}/check). Else that is asked only where the server would answer 404 because the
  // route's app is behind another proxy.
  bool by_other_proxy = false;
};

struct Judgement {
  enum class Outcome {
    allow,            // on to the app
    sign_in,          // to Logto
    unauthenticated,  // 401
    deny,             // 403
    not_found,
    bad_request,  // 400 and whatever else the request itself is refused with
    misdirected,  // 421
    own_endpoint  // below auth_prefix: never an app's
  };
  Outcome outcome = Outcome::bad_request;
  int status = 0;         // what the client gets; 0: the app's answer, or the endpoint's
  std::string reason;     // a sentence
  ParsedRequest request;  // views into `bytes`
  std::shared_ptr<const std::string> bytes;
  std::shared_ptr<const ClientCertificate> client_certificate;  // null: none, and where another proxy asks
  ClientFacts client;
  std::shared_ptr<const Resolution> resolved;   // null where the head was refused; points into the settings
  std::optional<Decision> decision;             // where a route was asked
  Asker::Kind counts_as = Asker::Kind::nobody;  // who asks, as the route sees them: the app is told who that is
  std::string head;                // allow: the whole head that the app gets; "X-Request-Id: new" stands for any
  GrpcKind grpc = GrpcKind::none;  // that the request is a call of
  std::string identity;            // allow: the lines of it that tell who it is

  [[nodiscard]] const Origin* external() const { return resolved ? resolved->external : nullptr; }
  [[nodiscard]] const Target* target() const { return resolved && resolved->has_target ? &resolved->target : nullptr; }
  // The one that matches, also where it does not take the request.
  [[nodiscard]] const RouteSettings* route() const { return resolved ? resolved->route : nullptr; }
  // That the address names on this route; empty: none.
  [[nodiscard]] std::string_view organization() const;
  // Why the route that matches does not take the request; empty: it does.
  [[nodiscard]] std::string_view ambiguity() const;
  [[nodiscard]] RequestLine request_line() const;
  // What a client of gRPC gets in place of `status`; nullopt: it is none, or it gets an answer of somebody else.
  [[nodiscard]] std::optional<GrpcStatus> grpc_status() const;
};

class RequestJudge {
 public:
  // `settings` must outlive it and its judgements.
  explicit RequestJudge(const Settings& settings);
  // `who` is null when signed out.
  [[nodiscard]] Judgement judge(const AskedRequest& asked, const Person* who, std::int64_t now_s) const;

  [[nodiscard]] const Settings& settings() const { return settings_; }

 private:
  void find_route(Judgement& judgement, const AskedRequest& asked) const;
  [[nodiscard]] GrpcKind grpc_of(const Judgement& judgement) const;
  [[nodiscard]] bool judge_bearer(Judgement& judgement, const Person* person) const;
  void judge_route(Judgement& judgement, const Person* who, std::int64_t now_s) const;
  [[nodiscard]] AppHeaders headers_for(const Judgement& judgement, const Person* who) const;
  void pass(Judgement& judgement, const Person* who) const;

  const Settings& settings_;
  Router router_;
  ClientHeaderRules rules_;
  HeaderSets sets_;
  FieldsOfRoutes fields_;
};

// The authorization request that a sign-in for this judgement's route begins with, and where it comes back to. What is
// made anew for each, or secret, is "(random)".
struct SignInRequest {
  std::string endpoint;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string return_to;
  bool asks_how = false;  // after our own page with the ways in, and this is its button without a connector
};
[[nodiscard]] SignInRequest sign_in_request_of(const Judgement& judgement, const Settings& settings);

[[nodiscard]] std::string_view outcome_word(Judgement::Outcome outcome);  // as `expect:` in `tests:` writes it

}  // namespace lp
