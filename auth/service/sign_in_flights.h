#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "auth/service/finish_sign_in.h"
#include "base/event.h"
#include "base/log.h"

namespace lp {

// One flight per state in the process: a repeated callback joins the first one's flight, and for 60 s gets the result
// that has landed, failures too, but for one that never reached Logto. A code sent a second time would make Logto
// revoke the whole grant. Auth thread.
class SignInFlights {
 public:
  static constexpr std::int64_t kKeptMs = 60'000;
  static constexpr std::size_t kMaxFlights = 10'000;

  // `loop`, `log` and what `world` names must outlive it.
  SignInFlights(EventLoop& loop, const FinishSignIn::World& world, Log& log);

  // May be called inside join() (a result that has landed) or later; must not call back into this object.
  using Answer = std::function<void(const FinishSignIn::Outcome&)>;
  void join(const OnBehalfOf& whom, CallbackResponse response, PendingSignIn pending, Answer answer);

  [[nodiscard]] std::size_t size() const { return flights_.size(); }

 private:
  struct Flight {
    std::string request_id;  // of the first callback
    bool silent = false;
    std::unique_ptr<FinishSignIn> flow;  // null once landed
    std::optional<FinishSignIn::Outcome> outcome;
    std::vector<Answer> askers;
  };
  struct Landed {
    std::string key;
    std::int64_t at_ms;
  };

  bool make_room();
  void land(const std::string& key, FinishSignIn::Outcome outcome);
  void forget_old();
  void tell_if_no_refresh_token(const Session& session);
  void log_failure(const Flight& flight, const SignInFailure& failure);

  EventLoop& loop_;
  FinishSignIn::World world_;
  Log& log_;
  std::unordered_map<std::string, Flight> flights_;  // by SHA-256 of the state, which is a secret
  std::deque<Landed> landed_;                        // oldest first
  Timer forget_timer_;
  bool told_of_no_refresh_token_ = false;
};

}  // namespace lp
