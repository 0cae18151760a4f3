#include "auth/session/revocations.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "auth/session/proof.h"

namespace {

using lp::Revocation;
using lp::RevocationKey;
using lp::RevocationKind;
using lp::Revocations;

constexpr std::int64_t kNow = 1'700'000'000;
constexpr std::int64_t kNowMs = kNow * 1000;
constexpr std::int64_t kLater = kNow + 3600;

class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "lp-revocations-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] std::string file() const { return path_ + "/journal"; }

 private:
  std::string path_;
};

RevocationKey key_of(int number) { return lp::revocation_key(RevocationKind::sub, "default", std::to_string(number)); }

Revocation revocation(int number, std::int64_t before_ms = kNowMs, std::int64_t forget_at_s = kLater) {
  return {key_of(number), before_ms, forget_at_s};
}

// A session of the person `number`.
Revocations::Keys keys_of(int number) {
  return lp::revocation_keys("default", "session " + std::to_string(number), "", std::to_string(number));
}

std::unique_ptr<Revocations> opened(const TempFolder& folder, std::size_t max_entries = 1000,
                                    Revocations::Opened* report = nullptr) {
  auto revocations = std::make_unique<Revocations>(max_entries);
  const auto result = revocations->open_journal(folder.file(), kNow);
  REQUIRE(result.ok());
  if (report != nullptr) *report = *result;
  return revocations;
}

}  // namespace

TEST_CASE("a key tells kinds, realms and values apart and is the same everywhere") {
  using lp::revocation_key;
  const RevocationKey key = revocation_key(RevocationKind::sid, "default", "abc");
  CHECK(key == revocation_key(RevocationKind::sid, "default", "abc"));
  CHECK(key != revocation_key(RevocationKind::sub, "default", "abc"));
  CHECK(key != revocation_key(RevocationKind::session, "default", "abc"));
  CHECK(key != revocation_key(RevocationKind::sid, "other", "abc"));
  CHECK(key != revocation_key(RevocationKind::sid, "default", "abd"));
  CHECK(revocation_key(RevocationKind::sid, "ab", "c") != revocation_key(RevocationKind::sid, "a", "bc"));
  // Other replicas and earlier journals know this very value.
  const RevocationKey fixed = {0x2c, 0xde, 0x3a, 0x21, 0x51, 0x04, 0x95, 0xe5,
                               0x2c, 0x65, 0xdb, 0x41, 0x35, 0x9e, 0x6f, 0x83};
  CHECK(key == fixed);
}

TEST_CASE("records survive their encoding, and nothing else decodes") {
  const lp::RevocationRecord records[] = {Revocation{key_of(1), 123, 456}, Revocation{key_of(2), -1, INT64_MAX},
                                          lp::RevocationFloor{kNowMs}};
  for (const auto& record : records) {
    const std::string bytes = lp::encode_revocation_record(record);
    CHECK(lp::decode_revocation_record(bytes) == record);
    CHECK_FALSE(lp::decode_revocation_record(bytes.substr(1)).has_value());
    CHECK_FALSE(lp::decode_revocation_record(bytes + "x").has_value());
    CHECK_FALSE(lp::decode_revocation_record("x" + bytes.substr(1)).has_value());
  }
  CHECK_FALSE(lp::decode_revocation_record("").has_value());
}

TEST_CASE("a session is over if it was signed in before its id, sid or sub was revoked") {
  const Revocations::Keys keys = lp::revocation_keys("default", "id", "sid", "sub");
  const Revocations::Keys without_sid = lp::revocation_keys("default", "id", "", "sub");
  const struct {
    RevocationKey key;
    Revocations::Keys session;
    std::int64_t signed_in_at_ms;
    bool is_revoked;
  } cases[] = {
      {keys.session, keys, kNowMs - 1, true},    {keys.session, keys, kNowMs, false},
      {keys.session, keys, kNowMs + 1, false},   {keys.sid, keys, kNowMs - 1, true},
      {keys.sid, keys, kNowMs, false},           {keys.sub, keys, kNowMs - 1, true},
      {keys.sub, keys, kNowMs, false},           {keys.sid, without_sid, kNowMs - 1, false},
      {RevocationKey{}, without_sid, 0, false},  {key_of(1), keys, 0, false},
      {keys.sub, without_sid, kNowMs - 1, true},
  };
  for (const auto& c : cases) {
    Revocations revocations(10);
    CHECK_FALSE(revocations.is_revoked(c.session, 0));
    CHECK(revocations.add({c.key, kNowMs, kLater}, kNow));
    CHECK(revocations.is_revoked(c.session, c.signed_in_at_ms) == c.is_revoked);
  }
}

TEST_CASE("the last end is found by whatever ended it, and what a record has on top for clocks is not part of it") {
  const Revocations::Keys keys = lp::revocation_keys("default", "id", "sid", "sub", "record");
  const struct {
    RevocationKey key;
    std::int64_t ended_at_ms;
  } cases[] = {{keys.session, kNowMs},
               {keys.record, kNowMs},
               {keys.sub, kNowMs - lp::kClockAllowanceMs},
               {keys.sid, kNowMs - lp::kClockAllowanceMs},
               {key_of(1), 0}};
  for (const auto& c : cases) {
    Revocations revocations(10);
    CHECK(revocations.ended_at_ms(keys) == 0);
    CHECK(revocations.add({c.key, kNowMs, kLater}, kNow));
    CHECK(revocations.ended_at_ms(keys) == c.ended_at_ms);
    revocations.raise_floor(kNowMs);
    CHECK(revocations.ended_at_ms(keys) == kNowMs);
  }
}

TEST_CASE("only what says more is news, and the later times are kept") {
  Revocations revocations(10);
  const struct {
    std::int64_t before_ms;
    std::int64_t forget_at_s;
    bool is_news;
    std::int64_t over_before_ms;
  } steps[] = {
      {500, kLater, true, 500},     {500, kLater, false, 500},    {400, kLater - 1, false, 500},
      {600, kLater - 1, true, 600}, {300, kLater + 1, true, 600}, {600, kLater + 1, false, 600},
      {900, kNow, false, 600},      {900, kNow - 1, false, 600},  {900, -1, false, 600},
      {900, 0, false, 600},         {900, kNow + 1, true, 900},
  };
  for (const auto& step : steps) {
    const std::uint64_t version = revocations.version();
    CHECK(revocations.add(revocation(1, step.before_ms, step.forget_at_s), kNow) == step.is_news);
    CHECK((revocations.version() > version) == step.is_news);
    CHECK(revocations.is_revoked(keys_of(1), step.over_before_ms - 1));
    CHECK_FALSE(revocations.is_revoked(keys_of(1), step.over_before_ms));
    CHECK(revocations.size() == 1);
  }
}

TEST_CASE("the listener hears what is news here, not what the others told") {
  Revocations revocations(10);
  std::vector<Revocation> heard;
  revocations.set_listener([&](const Revocation& r) { heard.push_back(r); });
  CHECK(revocations.add(revocation(1), kNow));
  CHECK_FALSE(revocations.add(revocation(1), kNow));
  CHECK(revocations.add(revocation(2), kNow, Revocations::From::shared));
  CHECK(heard == std::vector<Revocation>{revocation(1)});
}

TEST_CASE("the table answers as a plain map does, whatever is added and dropped") {
  lp::RevocationTable table(200);
  std::map<RevocationKey, Revocation> model;
  std::uint32_t random = 1;
  const auto next = [&random](std::uint32_t below) {
    return ((random = random * 1664525u + 1013904223u) >> 8) % below;
  };
  for (int step = 0; step < 20000; ++step) {
    const Revocation r = revocation(static_cast<int>(next(1024)), 1 + next(4096), 1 + next(4096));
    if (!table.is_full() || table.find(r.key) != nullptr) {
      auto& known = model.try_emplace(r.key, r).first->second;
      known.before_ms = std::max(known.before_ms, r.before_ms);
      known.forget_at_s = std::max(known.forget_at_s, r.forget_at_s);
      table.learn(r);
    } else if (next(2) == 0) {
      const std::int64_t now = next(4096);
      const std::size_t dropped = std::erase_if(model, [&](const auto& e) { return e.second.forget_at_s <= now; });
      REQUIRE(table.drop_expired(0, table.slots(), now) == dropped);
    } else {
      const std::int64_t oldest = table.oldest(1 + next(64));
      const std::size_t dropped = std::erase_if(model, [&](const auto& e) { return e.second.before_ms <= oldest; });
      REQUIRE(table.drop_through(oldest) == dropped);
    }
    REQUIRE(table.size() == model.size());
    const Revocation* const found = table.find(r.key);
    REQUIRE((found != nullptr) == model.contains(r.key));
  }
  for (const auto& [key, r] : model) CHECK(*table.find(key) == r);
}

TEST_CASE("a full table makes room from what expired before it touches what is alive") {
  Revocations revocations(8);
  for (int i = 0; i < 4; ++i) revocations.add(revocation(i, kNowMs, kNow + 10), kNow);
  for (int i = 4; i < 8; ++i) revocations.add(revocation(i), kNow);
  CHECK(revocations.add(revocation(8), kNow + 10));
  CHECK(revocations.size() == 5);
  CHECK(revocations.floor_ms() == 0);
  CHECK(revocations.upkeep(kNow + 10).dropped == 0);
  for (int i = 4; i < 9; ++i) CHECK(revocations.is_revoked(keys_of(i), kNowMs - 1));
}

TEST_CASE("a table full of live records ends every session as old as those that it drops, and says so") {
  Revocations revocations(80);
  for (int i = 0; i < 80; ++i) revocations.add(revocation(i, kNowMs + i), kNow);
  CHECK(revocations.add(revocation(100, kNowMs + 200), kNow));
  CHECK(revocations.size() == 71);
  CHECK(revocations.floor_ms() == kNowMs + 9);
  for (int i = 0; i < 80; ++i) CHECK(revocations.is_revoked(keys_of(i), kNowMs + i - 1));
  CHECK(revocations.is_revoked(keys_of(555), kNowMs + 8));
  CHECK_FALSE(revocations.is_revoked(keys_of(555), kNowMs + 9));
  CHECK_FALSE(revocations.add(revocation(7, kNowMs + 7), kNow));  // the floor says it already
  const Revocations::Upkeep upkeep = revocations.upkeep(kNow);
  CHECK(upkeep.dropped == 10);
  CHECK(upkeep.floor_ms == kNowMs + 9);
  CHECK(revocations.upkeep(kNow).dropped == 0);
}

TEST_CASE("a full table that is asked to keep something older than all lets the floor say it") {
  for (const std::int64_t before_ms : {kNowMs - 5, kNowMs}) {
    Revocations revocations(4);
    for (int i = 0; i < 4; ++i) revocations.add(revocation(i), kNow);
    CHECK(revocations.add(revocation(9, before_ms), kNow));
    CHECK(revocations.floor_ms() == kNowMs);
    CHECK(revocations.size() == 0);
    CHECK(revocations.is_revoked(keys_of(9), before_ms - 1));
    CHECK_FALSE(revocations.is_revoked(keys_of(1), kNowMs));
  }
}

TEST_CASE("a restart forgets nothing that matters") {
  const TempFolder folder;
  {
    const auto revocations = opened(folder);
    for (int i = 0; i < 500; ++i) CHECK(revocations->add(revocation(i, kNowMs + i), kNow));
    CHECK(revocations->add(revocation(7, kNowMs + 5000), kNow));
    CHECK(revocations->add(revocation(900, kNowMs, kNow + 1), kNow - 10));
    revocations->raise_floor(kNowMs - 1000);
  }
  Revocations again(1000);
  const auto report = again.open_journal(folder.file(), kNow + 1);
  REQUIRE(report.ok());
  CHECK(report->file.records == 503);
  CHECK(report->expired == 1);
  CHECK_FALSE(report->may_have_lost());
  CHECK(again.size() == 500);
  CHECK(again.floor_ms() == kNowMs - 1000);
  for (int i = 0; i < 500; ++i) {
    const std::int64_t before_ms = i == 7 ? kNowMs + 5000 : kNowMs + i;
    CHECK(again.is_revoked(keys_of(i), before_ms - 1));
    CHECK_FALSE(again.is_revoked(keys_of(i), before_ms));
  }
}

TEST_CASE("a floor that rose because the table was full is there after a restart") {
  const TempFolder folder;
  {
    const auto revocations = opened(folder, 8);
    for (int i = 0; i < 20; ++i) revocations->add(revocation(i, kNowMs + i), kNow);
  }
  const auto again = opened(folder, 8);
  for (int i = 0; i < 20; ++i) CHECK(again->is_revoked(keys_of(i), kNowMs + i - 1));
  CHECK_FALSE(again->is_revoked(keys_of(100), kNowMs + 19));
}

TEST_CASE("a journal that holds more than there is room for now ends the oldest sessions, and says so") {
  const TempFolder folder;
  {
    const auto revocations = opened(folder, 100);
    for (int i = 0; i < 100; ++i) revocations->add(revocation(i, kNowMs + i), kNow);
  }
  {
    const auto smaller = opened(folder, 10);
    for (int i = 0; i < 100; ++i) CHECK(smaller->is_revoked(keys_of(i), kNowMs + i - 1));
    const Revocations::Upkeep upkeep = smaller->upkeep(kNow);
    CHECK(upkeep.dropped > 0);
    CHECK(upkeep.compacted);
  }
  const auto again = opened(folder, 10);
  for (int i = 0; i < 100; ++i) CHECK(again->is_revoked(keys_of(i), kNowMs + i - 1));
}

TEST_CASE("upkeep rewrites a journal that is mostly outdated, and only then") {
  const TempFolder folder;
  {
    const auto revocations = opened(folder);
    for (int i = 0; i < 10; ++i) revocations->add(revocation(i, kNowMs), kNow);
    CHECK_FALSE(revocations->upkeep(kNow).compacted);
    for (int i = 0; i < 2000; ++i) revocations->add(revocation(3, kNowMs + i), kNow);
    const auto large = std::filesystem::file_size(folder.file());
    const Revocations::Upkeep upkeep = revocations->upkeep(kNow);
    CHECK(upkeep.compacted);
    CHECK_FALSE(upkeep.journal_error.has_value());
    CHECK(std::filesystem::file_size(folder.file()) < large / 100);
    CHECK_FALSE(revocations->upkeep(kNow).compacted);
    revocations->add(revocation(11), kNow);
  }
  const auto again = opened(folder);
  CHECK(again->size() == 11);
  CHECK(again->is_revoked(keys_of(3), kNowMs + 1998));
  CHECK(again->is_revoked(keys_of(11), kNowMs - 1));
}

TEST_CASE("upkeep forgets what expired") {
  Revocations revocations(100'000);
  for (int i = 0; i < 2000; ++i) revocations.add(revocation(i, kNowMs, i % 2 == 0 ? kNow + 5 : kLater), kNow);
  for (int round = 0; round < 64; ++round) revocations.upkeep(kNow + 5);
  CHECK(revocations.size() == 1000);
  for (int i = 0; i < 2000; ++i) CHECK(revocations.is_revoked(keys_of(i), 0) == (i % 2 == 1));
}

TEST_CASE("damage in the journal is reported, the rest is loaded, and upkeep writes a sound file") {
  const TempFolder folder;
  {
    const auto revocations = opened(folder);
    for (int i = 0; i < 3; ++i) revocations->add(revocation(i), kNow);
  }
  const std::size_t record_bytes = lp::encode_revocation_record(revocation(0)).size() + lp::kJournalRecordOverheadBytes;
  std::fstream file(folder.file(), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(lp::kJournalStartBytes + record_bytes + 20)).put('!');
  file.close();
  Revocations::Opened report;
  {
    const auto damaged = opened(folder, 1000, &report);
    CHECK(report.may_have_lost());
    CHECK(report.file.skipped_bytes == record_bytes);
    CHECK(damaged->is_revoked(keys_of(0), 0));
    CHECK_FALSE(damaged->is_revoked(keys_of(1), 0));
    CHECK(damaged->is_revoked(keys_of(2), 0));
    damaged->raise_floor(kNowMs);
    CHECK(damaged->is_revoked(keys_of(1), 0));
    CHECK(damaged->upkeep(kNow).compacted);
  }
  const auto mended = opened(folder, 1000, &report);
  CHECK_FALSE(report.may_have_lost());
  CHECK(mended->is_revoked(keys_of(1), 0));
}

TEST_CASE("a file cut at any byte of the last records, or between them, loses only these, and says so") {
  const TempFolder folder;
  {
    const auto revocations = opened(folder);
    for (int i = 0; i < 6; ++i) revocations->add(revocation(i), kNow);
  }
  const std::size_t record_bytes = lp::encode_revocation_record(revocation(0)).size() + lp::kJournalRecordOverheadBytes;
  for (std::size_t size = std::filesystem::file_size(folder.file());
       size-- > lp::kJournalStartBytes + 3 * record_bytes;) {
    std::filesystem::resize_file(folder.file(), size);
    Revocations::Opened report;
    const auto revocations = opened(folder, 1000, &report);
    const std::size_t whole = (size - lp::kJournalStartBytes) / record_bytes;
    CHECK(report.may_have_lost());
    CHECK(revocations->size() == whole);
    for (int i = 0; i < 6; ++i) CHECK(revocations->is_revoked(keys_of(i), 0) == (static_cast<std::size_t>(i) < whole));
    if (report.file.cut_bytes > 0) size -= report.file.cut_bytes - 1;  // it was cut to a whole record
  }
}

TEST_CASE("a journal of the version that sealed none is read, and is sealed with the first upkeep") {
  const TempFolder folder;
  opened(folder)->add(revocation(1), kNow);
  std::ifstream in(folder.file(), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  bytes.erase(lp::kJournalHeaderBytes, lp::kJournalSealBytes);
  std::ofstream(folder.file(), std::ios::binary | std::ios::trunc) << bytes;
  Revocations::Opened report;
  CHECK(opened(folder, 1000, &report)->upkeep(kNow).compacted);
  CHECK_FALSE(report.may_have_lost());
  CHECK_FALSE(report.file.is_sealed);
  CHECK(opened(folder, 1000, &report)->is_revoked(keys_of(1), 0));
  CHECK(report.file.is_sealed);
}

TEST_CASE("a journal that was emptied or lost part of its header may have lost everything") {
  for (const std::size_t size : {std::size_t{0}, std::size_t{9}, std::size_t{16}, std::size_t{32}}) {
    const TempFolder folder;
    opened(folder)->add(revocation(1), kNow);
    std::filesystem::resize_file(folder.file(), size);
    Revocations::Opened report;
    opened(folder, 1000, &report)->raise_floor(kNowMs);
    CHECK(report.may_have_lost());
    const auto again = opened(folder, 1000, &report);
    CHECK_FALSE(report.may_have_lost());
    CHECK(again->is_revoked(keys_of(1), kNowMs - 1));
  }
}

TEST_CASE("a message is new once, also after a restart, and where another replica had it") {
  const TempFolder folder;
  {
    const auto revocations = opened(folder);
    CHECK(revocations->add_once(revocation(1), kNow));
    CHECK_FALSE(revocations->add_once(revocation(1, kNowMs + 9), kNow));
    CHECK(revocations->add(revocation(2), kNow, Revocations::From::shared));
    CHECK_FALSE(revocations->add_once(revocation(2), kNow));
  }
  const auto again = opened(folder);
  CHECK_FALSE(again->add_once(revocation(1, kNowMs + 9), kNow));
  CHECK(again->add_once(revocation(3), kNow));
}

TEST_CASE("when the disk is full memory goes on, it is said, and the journal is made whole later") {
  const TempFolder folder;
  {
    const auto revocations = opened(folder);
    revocations->add(revocation(1), kNow);
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    const auto on_too_large = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{std::filesystem::file_size(folder.file()) + 5, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    CHECK(revocations->add(revocation(2), kNow));
    CHECK(revocations->add(revocation(3), kNow));
    const Revocations::Upkeep failed = revocations->upkeep(kNow);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, on_too_large);
    REQUIRE(failed.journal_error.has_value());
    CHECK_FALSE(failed.compacted);
    CHECK(revocations->is_revoked(keys_of(2), 0));
    CHECK_FALSE(revocations->upkeep(kNow + 1).compacted);  // not at each round
    const Revocations::Upkeep mended = revocations->upkeep(kNow + 60);
    CHECK(mended.compacted);
    CHECK_FALSE(mended.journal_error.has_value());
  }
  const auto again = opened(folder);
  for (int i = 1; i < 4; ++i) CHECK(again->is_revoked(keys_of(i), 0));
}

TEST_CASE("a journal of something else is refused") {
  const TempFolder folder;
  std::ofstream(folder.file()) << "something else that is long enough";
  Revocations revocations(10);
  const auto result = revocations.open_journal(folder.file(), kNow);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().message.find(folder.file()) != std::string::npos);
}

TEST_CASE("threads add and ask while the journal is kept, and nothing is lost") {
  const TempFolder folder;
  constexpr int kThreads = 3;
  constexpr int kEach = 1500;
  {
    const auto revocations = opened(folder, 10'000);
    std::atomic<int> running = kThreads;
    std::atomic<int> wrong = 0;
    std::atomic<int> compactions = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          while (i == kEach - 1 && compactions == 0) std::this_thread::yield();  // however they are scheduled
          const int number = t * kEach + i;
          const std::uint64_t version = revocations->version();
          if (!revocations->add(revocation(number), kNow)) ++wrong;
          for (int k = 0; k < 4; ++k) revocations->add(revocation(-1, kNowMs + 4 * number + k), kNow);  // outdates
          if (!revocations->is_revoked(keys_of(number), 0) || revocations->version() == version) ++wrong;
        }
        --running;
      });
    }
    std::thread asks([&] {
      while (running > 0) {
        if (revocations->is_revoked(keys_of(99'999), 0)) ++wrong;
      }
    });
    while (running > 0) {
      const Revocations::Upkeep upkeep = revocations->upkeep(kNow);
      compactions += upkeep.compacted ? 1 : 0;
      if (upkeep.journal_error) ++wrong;
    }
    for (auto& thread : threads) thread.join();
    asks.join();
    CHECK(wrong == 0);
    CHECK(compactions > 0);
  }
  const auto again = opened(folder, 10'000);
  for (int i = 0; i < kThreads * kEach; ++i) REQUIRE(again->is_revoked(keys_of(i), 0));
}

TEST_CASE("threads overfill a small table and no revoked session lives") {
  const TempFolder folder;
  constexpr int kEach = 2000;
  {
    const auto revocations = opened(folder, 64);
    std::atomic<int> running = 2;
    std::atomic<int> wrong = 0;
    const auto fill = [&](int first) {
      for (int i = first; i < first + kEach; ++i) {
        revocations->add(revocation(i, kNowMs + i), kNow);
        if (!revocations->is_revoked(keys_of(i), kNowMs + i - 1)) ++wrong;
      }
      --running;
    };
    std::thread one([&] { fill(0); });
    std::thread other([&] { fill(kEach); });
    for (std::int64_t now = kNow; running > 0; now += 31) revocations->upkeep(std::min(now, kLater - 1));
    one.join();
    other.join();
    CHECK(wrong == 0);
  }
  const auto again = opened(folder, 64);
  for (int i = 0; i < 2 * kEach; ++i) REQUIRE(again->is_revoked(keys_of(i), kNowMs + i - 1));
}
