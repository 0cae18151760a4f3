#include "base/errno_words.h"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace lp {

std::string errno_words(int error) {
  const std::string words = std::generic_category().message(error);
  if (error != EACCES && error != EPERM && error != EROFS) return words;
  return words + " (to uid " + std::to_string(geteuid()) + ", gid " + std::to_string(getegid()) + ")";
}

}  // namespace lp
