#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "proxy/acme/challenges.h"
#include "proxy/acme/failure.h"
#include "proxy/acme/hook_message.h"
#include "proxy/acme/schedule.h"
#include "proxy/acme/token.h"

namespace {

void ask_path(std::string_view text) {
  const std::string_view token = lp::acme_token_in(text);
  LP_CHECK(token.empty() || lp::is_acme_token(token), "only a token is asked for");
  LP_CHECK(token.find_first_of("./%\\ \n") == token.npos, "nothing that leads elsewhere");
}

void hear_hook(std::string_view text) {
  const auto message = lp::parse_hook_message(text);
  if (!message) return;
  lp::AcmeChallenges challenges;
  LP_CHECK(challenges.put(message->token, message->key_authorization), "what is heard can be answered");
  LP_CHECK(challenges.find(message->token) == message->key_authorization, "and is");
}

void read_tries(std::string_view text) {
  constexpr std::int64_t kNow = 1'800'000'000;
  const lp::FailedTries tries = lp::FailedTries::parse(text);
  const std::string kept = tries.text();
  LP_CHECK(lp::FailedTries::parse(kept).text() == kept, "what is kept is read as it was");
  LP_CHECK(tries.may_try_at_s("app.test", kNow) <= kNow + 3600, "nobody waits for more than an hour");
}

}  // namespace

// What an authority, uacme and a damaged file could say.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ask_path(text);
  hear_hook(text);
  read_tries(text);
  LP_CHECK(!lp::acme_failure({false, 2, std::string(text)}).words.empty(), "there is always a reason");
  for (const char c : lp::last_words_of(text))
    LP_CHECK(static_cast<unsigned char>(c) >= ' ' && c != '\x7f', "no control characters");
  return 0;
}
