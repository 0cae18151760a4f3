#include "auth/session/patreon_answers.h"

#include <utility>

namespace lp {

std::shared_ptr<const PatreonStanding> PatreonAnswers::find(std::string_view sub) {
  const std::lock_guard lock(mutex_);
  const Person* person = people_.find(sub);
  return person == nullptr ? nullptr : person->standing;
}

void PatreonAnswers::put(const std::string& sub, std::shared_ptr<const PatreonStanding> standing) {
  const std::lock_guard lock(mutex_);
  people_.put(sub, {std::move(standing), 0});
}

void PatreonAnswers::note_trouble(const std::string& sub, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const Person* person = people_.find(sub);
  people_.put(sub, {person == nullptr ? nullptr : person->standing, now_ms + kTroubleMs});
}

bool PatreonAnswers::is_troubled(std::string_view sub, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const Person* person = people_.find(sub);
  return person != nullptr && now_ms < person->troubled_until_ms;
}

}  // namespace lp
