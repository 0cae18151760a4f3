#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "base/secret.h"

namespace lp {

// The client secrets of one realm, in the operator's order, and which of them Logto is known to accept. While a secret
// is rotated two are listed, the new and the old: either may be the one that works now. Pure; owned by ClientFetch.
class ClientSecrets {
 public:
  // At least one.
  explicit ClientSecrets(std::vector<Secret> secrets);

  // An operator has listed others: begins with their first. The same list again changes nothing.
  void replace(std::vector<Secret> secrets);

  // What to try next: the current one, then the others in their order. Null when all have been tried. Valid until the
  // next replace().
  [[nodiscard]] const Secret* untried(const std::vector<Secret>& tried) const;

  struct FallOver {
    std::size_t from = 0;  // numbers in the list, from 1
    std::size_t to = 0;
  };
  // Logto took `accepted` after it had refused all of `refused`. It is current from now on if the current one was
  // refused, and that is worth telling: a late answer to an older call moves nothing.
  std::optional<FallOver> accept(const Secret& accepted, const std::vector<Secret>& refused);

 private:
  std::vector<Secret> secrets_;
  std::size_t current_ = 0;
};

}  // namespace lp
