#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "config/settings.h"
#include "proxy/judge/judge.h"

namespace lp {

// Judges of all realms of a configuration, each with the settings of its own, as the server has them.
class RealmJudges {
 public:
  explicit RealmJudges(const Settings& whole);
  // Of the realm whose external URLs the request's host is of; the first where there is none. Lives as long as this.
  [[nodiscard]] const RequestJudge& of(const AskedRequest& asked, std::int64_t now_s) const;

 private:
  std::vector<std::shared_ptr<const Settings>> settings_;
  std::deque<RequestJudge> judges_;
};

}  // namespace lp
