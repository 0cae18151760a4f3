#include "cli/start_check.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "cli/doctor/examine.h"

namespace lp {
namespace {

// Whether the time has passed and nobody has asked to stop.
bool wait_for(std::int64_t ms, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any until;
  std::unique_lock lock(mutex);
  until.wait_for(lock, stop, std::chrono::milliseconds(ms), [] { return false; });
  return !stop.stop_requested();
}

bool is_wrong(const DoctorFinding& finding) {
  return finding.level == DoctorFinding::Level::warning || finding.level == DoctorFinding::Level::failure;
}

void check(const Settings& settings, Log& log, const std::stop_token& stop) {
  const auto tell = [&](const std::string& realm, const DoctorFinding& finding) {
    if (!is_wrong(finding) || stop.stop_requested()) return;
    const std::string text = text_of(finding);
    log.warning(text, {{"check", std::string_view(finding.check)}, {"realm", std::string_view(realm)}});
  };
  examine(settings, tell, {false, stop});
}

}  // namespace

StartCheck::StartCheck(std::shared_ptr<const Settings> settings, Log& log) {
  if (!settings->check_after_ms) return;
  thread_ = std::jthread([settings = std::move(settings), &log](const std::stop_token& stop) {
    if (wait_for(*settings->check_after_ms, stop)) check(*settings, log, stop);
  });
}

}  // namespace lp
