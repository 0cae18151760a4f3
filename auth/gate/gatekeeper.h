#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/realm/realm.h"
#include "auth/visit/route_finder.h"
#include "auth/visit/verdict.h"
#include "base/event.h"

// Who is this, and may they? The one entrance from proxy/ into auth/, one for each worker and realm.
namespace lp {

// Virtual where a test of proxy/ scripts the verdicts.
class Gatekeeper : public Responder {
 public:
  // `loop` is the worker's; realm and `routes` outlive it. Without `routes` no page offers links to apps.
  Gatekeeper(Realm& realm, EventLoop& loop, const RouteFinder* routes = nullptr);
  ~Gatekeeper() override;

  // For everything but own endpoints: by the rules of `facts.route`, without one 404. Warm sessions cost one hash
  // look-up: no decryption, no JSON.
  [[nodiscard]] Verdict judge(const RequestFacts& facts, LaterVerdict later,
                              std::unique_ptr<PendingVerdict>& wait) override;
  // For paths at or below the auth prefix (auth/rules/own_paths.h): an answer, never a pass. Lives as long as this.
  [[nodiscard]] virtual Responder& own_endpoints();

  // What goes on for a session, a WebSocket or a download, ends unless this says goes_on: asked about twice a second
  // for each on the worker's loop, so at most a hash look-up or two.
  [[nodiscard]] virtual SessionStand stand_of(const OpenedSession& session, std::int64_t now_s) const;
  // A verdict's cookies leave only with the answer, which may come much later. Asked right before that: takes out those
  // that would bring back what has ended meanwhile, or put something older over something newer. `session` is the
  // verdict's, maybe null; the cookies are those of a pass verdict only, an answer is sent in the turn it was made in.
  virtual void drop_stale_cookies(const OpenedSession* session, std::vector<std::string>& set_cookies) const;

  // Our page, or JSON for non-navigations, for errors that the proxy finds by itself (404, 421, 502, 504, 413 ...). Of
  // `facts` all but the request id may be missing: even the head where there was none.
  [[nodiscard]] Answer error_answer(int status, const RequestFacts& facts) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lp
