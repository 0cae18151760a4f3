// What is made of a Redis server's answers: whatever it says, a judgement within its bounds, and no password in it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth/refresh/lock.h"
#include "auth/replicas/revocation_stream.h"
#include "auth/replicas/session_record.h"
#include "auth/session/session_handle.h"
#include "base/redis_greeting.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

lp::RedisAddress address() {
  lp::RedisAddress address;
  address.username = "app";
  address.password = lp::Secret("PASSWORD");
  address.database = 1;
  return address;
}

void judge_greeting(const lp::RedisReply& reply) {
  static const lp::RedisAddress to = address();
  for (const auto step : lp::redis_greeting(to)) {
    const auto sentence = lp::judge_redis_greeting(step, to, reply);
    if (!sentence) continue;
    must(sentence->size() < 500 &&
         std::all_of(sentence->begin(), sentence->end(), [](char c) { return c >= ' ' && c <= '~'; }));
    must(step != lp::RedisGreetingStep::auth || sentence->find("PASSWORD") == sentence->npos);
  }
}

void judge_stream(const lp::RedisReply& reply) {
  const auto found = lp::parse_revocations(reply);
  if (!found) return;
  must(found->entries == found->revocations.size() + found->unreadable);
  must(found->last.is_start() == (found->entries == 0));
  must(lp::parse_redis_stream_id(found->last.text()) == found->last);
  for (const auto& revocation : found->revocations) must(revocation.before_ms >= 0 && revocation.forget_at_s >= 0);
}

void judge_session(const lp::RedisReply& reply) {
  const auto loaded = lp::judge_loaded_session(reply);
  if (loaded && loaded->kind != lp::StoredSession::Kind::found) must(loaded->bytes.empty());
  (void)lp::judge_saved_session(reply);
  (void)lp::judge_removed_session(reply);
  (void)lp::judge_acquisition(reply);
  (void)lp::judge_release(reply);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto handle = lp::decode_session_handle(bytes)) must(lp::encode_session_handle(*handle).reveal() == bytes);
  lp::RedisReplyReader reader(1 << 20);
  reader.feed(bytes);
  for (;;) {
    const auto reply = reader.next();
    if (!reply || !*reply) return 0;
    judge_greeting(**reply);
    judge_stream(**reply);
    judge_session(**reply);
  }
}
