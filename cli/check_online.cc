#include "cli/check_online.h"

#include <cstdio>
#include <ctime>
#include <memory>
#include <string>

#include "auth/service/online_check.h"
#include "cli/ask_app.h"
#include "cli/exit_status.h"
#include "config/realms.h"

namespace lp {
namespace {

const char* word_of(OnlineFinding::Kind kind) {
  switch (kind) {
    case OnlineFinding::Kind::ok:
      return "ok      ";
    case OnlineFinding::Kind::warning:
      return "warning ";
    default:
      return "failure ";
  }
}

// True: nothing fails.
bool tell(const OnlineFinding& finding, const std::string& realm) {
  const std::string of = realm.empty() ? "" : "realm " + realm + ": ";
  std::printf("%s %s%s\n", word_of(finding.kind), of.c_str(), finding.text.c_str());
  std::fflush(stdout);
  return finding.kind != OnlineFinding::Kind::failure;
}

}  // namespace

int check_online(const Settings& settings) {
  bool good = true;
  for (const auto& own : settings_of_realms(std::make_shared<const Settings>(settings))) {
    const std::string realm = settings.realms.empty() ? "" : own->realm;
    for (const OnlineFinding& finding : ask_logto(*own, std::time(nullptr))) good = tell(finding, realm) && good;
  }
  for (const auto& [name, upstream] : settings.upstreams) good = tell(ask_app(upstream), "") && good;
  return good ? kExitOk : kExitFailed;
}

}  // namespace lp
