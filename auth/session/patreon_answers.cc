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
  people_.put(sub, {std::move(standing), 0, 0});
  ++next_answer_;
}

void PatreonAnswers::note_trouble(const std::string& sub, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const Person* known = people_.find(sub);
  Person person = known == nullptr ? Person() : *known;
  person.troubled_until_ms = now_ms + kTroubleMs;
  people_.put(sub, std::move(person));
}

bool PatreonAnswers::fails_alone(const std::string& sub) {
  const std::lock_guard lock(mutex_);
  const Person* known = people_.find(sub);
  Person person = known == nullptr ? Person() : *known;
  if (person.failed_before != 0) return person.failed_before < next_answer_;
  person.failed_before = next_answer_;
  people_.put(sub, std::move(person));
  return false;
}

bool PatreonAnswers::is_troubled(std::string_view sub, std::int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  const Person* person = people_.find(sub);
  return person != nullptr && now_ms < person->troubled_until_ms;
}

}  // namespace lp
