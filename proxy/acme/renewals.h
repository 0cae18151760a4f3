#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/child_process.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "base/result.h"
#include "config/settings.h"
#include "proxy/acme/challenges.h"
#include "proxy/acme/failure.h"
#include "proxy/acme/schedule.h"

namespace lp {

// Gets certificates for hosts, one for each, and new ones in time, by Debian's uacme, which runs beside us, one at a
// time; what it has its hook tell us is answered by workers (AcmeChallenges). Where there is none it is asked for
// again, with growing waits, and whatever there is stays. Main thread, which must run `loop` and have the process's
// signals.
class AcmeRenewals {
 public:
  static constexpr std::int64_t kPatienceMs = 5 * 60 * 1000;  // with one run of uacme
  // All must outlive it. `on_certificate`: there is a new one in its file.
  AcmeRenewals(EventLoop& loop, const AcmeSettings& settings, const std::vector<std::string>& hosts,
               AcmeChallenges& challenges, const Clock& clock, Log& log, std::function<void()> on_certificate);
  ~AcmeRenewals();

  // To be called every few seconds: begins with what is due.
  void look();
  // Asked by the operator: forgets how long it meant to wait, but not the bound by the hour.
  void look_anew();
  // Ends what runs, and begins nothing more.
  void stop();

 private:
  struct Host {
    std::string name;
    std::int64_t next_try_s = 0;
    int failures = 0;  // in a row
  };
  enum class Step { account, email, certificate };
  class Hook;
  [[nodiscard]] std::int64_t due_s(const std::string& host) const;
  [[nodiscard]] Host* host_to_try();
  void begin(Host& host);
  [[nodiscard]] Result<void> prepare_folder() const;
  [[nodiscard]] Step next_step() const;
  [[nodiscard]] Result<std::vector<std::string>> arguments_of(Step step) const;
  void run(Step step);
  void ended(Step step, ChildProcess::Outcome outcome);
  void note_account();
  void succeeded();
  void failed(const AcmeFailure& failure, const std::string& said);
  [[nodiscard]] std::string what_is_served(const std::string& host) const;
  void keep_tries() const;
  void tidy(const std::string& host) const;

  EventLoop& loop_;
  const AcmeSettings settings_;
  const std::string folder_;
  std::vector<Host> hosts_;
  AcmeChallenges& challenges_;
  const Clock& clock_;
  Log& log_;
  std::function<void()> on_certificate_;
  FailedTries tries_;
  int program_ = -1;         // this very binary, to be run as the hook
  Host* current_ = nullptr;  // that uacme runs for
  int orders_ = 0;           // in this try
  std::unique_ptr<Hook> hook_;
  std::unique_ptr<ChildProcess> child_;
  bool is_stopped_ = false;
};

}  // namespace lp
