#include "cli/version.h"

#include <event2/event.h>
#include <openssl/crypto.h>

#include <string_view>

namespace lp {

std::string version_text() {
  std::string text = std::string("logto-proxy ") + LP_VERSION + "\n";
  constexpr std::string_view kCommit = LP_COMMIT;
  if (!kCommit.empty()) text += "commit    " + std::string(kCommit) + "\n";
#if defined(__clang__)
  text += "compiler  clang " __clang_version__;
#else
  text += "compiler  g++ " __VERSION__;
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  text += ", with sanitizers";
#endif
  return text + "\nOpenSSL   " + OpenSSL_version(OPENSSL_VERSION_STRING) + "\nlibevent  " + event_get_version();
}

}  // namespace lp
