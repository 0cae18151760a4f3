#include "cli/access_word.h"

namespace lp {

std::string_view access_word(Access access) {
  switch (access) {
    case Access::public_:
      return "public";
    case Access::optional:
      return "optional";
    case Access::signed_in:
      return "signed_in";
    case Access::deny:
      return "deny";
  }
  return "";
}

}  // namespace lp
