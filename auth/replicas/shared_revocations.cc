#include "auth/replicas/shared_revocations.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace lp {
namespace {

constexpr std::size_t kAddedAtATime = 200;
constexpr std::int64_t kRetryMs = 500;
// Entries are named by the clock of Redis and trimmed by ours.
constexpr std::int64_t kClockSlackMs = 86'400'000;

}  // namespace

SharedRevocations::SharedRevocations(const World& world, Options options, Store store)
    : world_(world),
      options_(std::move(options)),
      store_(std::move(store)),
      key_(revocation_stream_key(options_.prefix, options_.realm)),
      read_again_(world.loop, [this] { read(0); }),
      add_again_(world.loop, [this] { add_some(); }),
      late_(world.loop, [this] { note_trouble(); }),
      give_up_(world.loop, [this] { give_up_waiters(false); }),
      reading_(world.log, "sessions that end on other replicas are not heard of", "ended sessions are heard of again"),
      telling_(world.log, "sessions that end here are not told to the other replicas",
               "ended sessions are told again") {
  reader_ = std::make_unique<RedisClient>(world.loop, options_.redis, [this](const RedisState& s) { on_state(s); });
}

SharedRevocations::~SharedRevocations() = default;

void SharedRevocations::note_trouble() {
  if (store_.in_trouble) store_.in_trouble();
}

void SharedRevocations::wait_for_answer(std::int64_t block_ms) { late_.start_ms(block_ms + kLateMs); }

void SharedRevocations::on_state(const RedisState& state) {
  if (!state.connected) note_trouble();
  if (!state.connected) return reading_.is(state.reason);
  if (!find_ && !read_) read(0);
}

// Whether the entry read last is still there is asked before each read: a Redis that lost its data, or that somebody
// flushed, says so in no other way.
void SharedRevocations::read(std::int64_t block_ms) {
  read_again_.stop();
  read_.reset();
  find_.reset();
  if (last_.is_start()) return read_news(block_ms);
  wait_for_answer(0);
  find_ =
      reader_->command(find_revocation_command(key_, last_),
                       [this, asked = last_, block_ms](const Outcome& outcome) { on_found(outcome, asked, block_ms); });
}

void SharedRevocations::on_found(const Outcome& outcome, RedisStreamId asked, std::int64_t block_ms) {
  if (!outcome) return on_read_failure(outcome.error());
  late_.stop();
  const bool is_there = outcome->size() == 1 && (*outcome)[0][0].string() == asked.text();
  if (is_there) return read_news(block_ms);
  begin_again();
}

void SharedRevocations::read_news(std::int64_t block_ms) {
  const std::int64_t timeout_ms = block_ms + options_.redis.command_timeout_ms;
  wait_for_answer(block_ms);
  read_ = reader_->command(
      read_revocations_command(key_, last_, block_ms), [this](const Outcome& outcome) { on_read(outcome); },
      timeout_ms);
}

void SharedRevocations::begin_again() {
  last_ = {};
  must_compare_ = true;
  has_overflowed_ = false;
  seen_.clear();
  read(0);
}

void SharedRevocations::on_read(const Outcome& outcome) {
  if (!outcome) return on_read_failure(outcome.error());
  late_.stop();
  const auto found = parse_revocations(*outcome);
  if (!found) return on_read_failure({RedisError::Kind::protocol, "the stream " + key_ + " holds something else"});
  take(*found);
  if (found->entries >= kRevocationsPerRead) return read(0);
  if (must_compare_) compare();
  if (has_overflowed_ && unpublished() == 0) return begin_again();
  in_touch_at_ms_.store(world_.clock.monotonic_ms(), std::memory_order_relaxed);
  if (store_.in_touch) store_.in_touch(in_touch_at_ms());
  reading_.ended();
  read(kReadMs);
}

void SharedRevocations::take(const RevocationEntries& found) {
  if (!found.last.is_start()) last_ = found.last;
  for (const SharedRevocation& revocation : found.revocations) {
    if (must_compare_) seen_[revocation.key] = std::max(seen_[revocation.key], revocation.before_ms);
  }
  learn(found);
}

void SharedRevocations::learn(const RevocationEntries& found) {
  const std::int64_t now_s = world_.clock.unix_s();
  for (const SharedRevocation& revocation : found.revocations) {
    if (revocation.forget_at_s > now_s) store_.learn(revocation);
  }
  if (found.unreadable > 0) {
    world_.log.warning("the stream of revocations holds entries that this version cannot read",
                       {{"entries", static_cast<std::int64_t>(found.unreadable)}});
  }
}

// Replicas that compare at the same time add the same twice, which does no harm.
void SharedRevocations::compare() {
  must_compare_ = false;
  const auto seen = std::exchange(seen_, {});
  for (const SharedRevocation& known : store_.known()) {
    const auto found = seen.find(known.key);
    if (found == seen.end() || found->second < known.before_ms) queue(known);
  }
  add_some();
}

// A lost connection tells its end by on_state(), and its next beginning too.
void SharedRevocations::on_read_failure(const RedisError& error) {
  find_.reset();
  read_.reset();
  late_.stop();
  note_trouble();
  reading_.is(error.message);
  if (reader_->state().connected) read_again_.start_ms(kRetryMs);
}

void SharedRevocations::publish(const SharedRevocation& revocation) {
  if (queue_.size() >= options_.max_queue) {
    has_overflowed_ = true;  // the store knows it, so the comparison will find it
    return;
  }
  queue(revocation);
  add_some();
}

void SharedRevocations::queue(const SharedRevocation& revocation) {
  queue_.push_back({++queued_, revocation});
  untold_.insert(queued_);
}

// On the other connection: the one that reads waits for news. What comes by both is learnt twice, without harm. It
// leaves last_ alone: an answer that comes after the reader began again would skip what that has yet to read.
void SharedRevocations::when_heard(std::function<void()> heard) {
  if (!world_.commands.state().connected) return heard();
  const std::uint64_t number = ++heard_;
  hearing_[number] = {last_, world_.clock.monotonic_ms() + kHearMs, std::move(heard), nullptr};
  hear_on(number);
}

void SharedRevocations::hear_on(std::uint64_t number) {
  Hearing& hearing = hearing_.at(number);
  const std::int64_t left_ms = std::max<std::int64_t>(1, hearing.end_ms - world_.clock.monotonic_ms());
  hearing.handle = world_.commands.command(
      read_revocations_command(key_, hearing.last, 0),
      [this, number](const Outcome& outcome) { on_heard(number, outcome); }, left_ms);
}

void SharedRevocations::on_heard(std::uint64_t number, const Outcome& outcome) {
  const auto found = outcome ? parse_revocations(*outcome) : std::nullopt;
  if (found) learn(*found);
  Hearing& hearing = hearing_.at(number);
  const bool goes_on = found && found->entries >= kRevocationsPerRead;
  if (goes_on && world_.clock.monotonic_ms() < hearing.end_ms) {
    hearing.last = found->last;
    return hear_on(number);
  }
  const auto node = hearing_.extract(number);
  node.mapped().heard();
}

void SharedRevocations::when_told(std::function<void(bool)> told) {
  if (has_overflowed_ || (!untold_.empty() && !world_.commands.state().connected)) return told(false);
  waiters_.push_back({queued_, world_.clock.monotonic_ms() + kTellMs, std::move(told)});
  if (waiters_.size() == 1) give_up_.start_ms(kTellMs);
  answer_waiters();
}

void SharedRevocations::answer_waiters() {
  while (!waiters_.empty() && (untold_.empty() || *untold_.begin() > waiters_.front().until)) {
    const auto told = std::move(waiters_.front().told);
    waiters_.pop_front();
    told(true);
  }
}

void SharedRevocations::give_up_waiters(bool all) {
  const std::int64_t now_ms = world_.clock.monotonic_ms();
  while (!waiters_.empty() && (all || waiters_.front().end_ms <= now_ms)) {
    const auto told = std::move(waiters_.front().told);
    waiters_.pop_front();
    told(false);
  }
  if (!waiters_.empty()) give_up_.start_ms(std::max<std::int64_t>(1, waiters_.front().end_ms - now_ms));
}

void SharedRevocations::add_some() {
  add_again_.stop();
  const std::int64_t keep_from_ms = world_.clock.unix_ms() - options_.keep_ms - kClockSlackMs;
  while (!queue_.empty() && adding_.size() < kAddedAtATime) {
    const std::uint64_t number = ++added_;
    Adding& adding = adding_[number];
    adding.queued = queue_.front();
    queue_.pop_front();
    adding.handle = world_.commands.command(add_revocation_command(key_, adding.queued.revocation, keep_from_ms),
                                            [this, number](const Outcome& o) { on_added(number, o); });
  }
}

// What failed is sent again, even if it may have arrived.
void SharedRevocations::on_added(std::uint64_t number, const Outcome& outcome) {
  const auto node = adding_.extract(number);
  if (outcome) {
    telling_.ended();
    untold_.erase(node.mapped().queued.number);
    answer_waiters();
    if (!queue_.empty() && adding_.size() < kAddedAtATime / 2) add_some();
    return;
  }
  queue_.push_front(node.mapped().queued);
  telling_.is(outcome.error().message);
  give_up_waiters(true);
  add_again_.start_ms(kRetryMs);
}

std::size_t SharedRevocations::KeyHash::operator()(const Key& key) const {
  std::size_t hash = 0;
  std::memcpy(&hash, key.data(), sizeof hash);
  return hash;
}

void SharedRevocations::Trouble::is(const std::string& reason) {
  if (std::exchange(reason_, reason) == reason) return;
  log_.warning(begun_, {{"reason", reason}});
}

void SharedRevocations::Trouble::ended() {
  if (!std::exchange(reason_, {}).empty()) log_.info(over_);
}

}  // namespace lp
