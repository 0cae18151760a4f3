#include "config/secret_rotation.h"

#include <algorithm>
#include <cstddef>

#include "config/load.h"

namespace lp {
namespace {

bool same(const Secret& a, const Secret& b) { return a.equals(b.reveal()); }

std::size_t count_missing(const std::vector<Secret>& wanted, const std::vector<Secret>& in) {
  return static_cast<std::size_t>(std::count_if(wanted.begin(), wanted.end(), [&](const Secret& secret) {
    return std::none_of(in.begin(), in.end(), [&](const Secret& other) { return same(secret, other); });
  }));
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::vector<Secret> none_or_one(const Secret& secret) {
  return secret.empty() ? std::vector<Secret>() : std::vector<Secret>{secret};
}

}  // namespace

Settings with_secrets_of(const Settings& running, const Settings& fresh) {
  Settings result = running;
  result.session.secrets = fresh.session.secrets;
  result.logto.app_secrets = fresh.logto.app_secrets;
  result.logto.webhook_secret = fresh.logto.webhook_secret;
  result.redis.password = fresh.redis.password;
  return result;
}

std::vector<std::string> keys_for_restart(const Settings& running, const Settings& fresh) {
  return differing_keys(with_secrets_of(running, fresh), fresh);
}

std::string describe_replaced(const std::vector<Secret>& before, const std::vector<Secret>& now) {
  const std::string count = std::to_string(now.size());
  if (std::equal(before.begin(), before.end(), now.begin(), now.end(), same)) return count + " (unchanged)";
  std::vector<std::string> notes;
  std::size_t added = count_missing(now, before);
  const std::size_t removed = count_missing(before, now);
  const bool first_changed = !now.empty() && (before.empty() || !same(now.front(), before.front()));
  const bool first_is_new = first_changed && count_missing({now.front()}, before) == 1;
  if (first_changed) notes.emplace_back(first_is_new ? "first is new" : "another is first");
  if (first_is_new) --added;
  if (added > 0) notes.push_back(std::to_string(added) + " added");
  if (removed > 0) notes.push_back(std::to_string(removed) + " removed");
  if (notes.empty()) notes.emplace_back("order changed");
  return count + " (" + joined(notes) + ")";
}

std::string describe_replaced(const Secret& before, const Secret& now) {
  return describe_replaced(none_or_one(before), none_or_one(now));
}

}  // namespace lp
