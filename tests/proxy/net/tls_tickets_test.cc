#include "proxy/net/tls_tickets.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;

namespace {

constexpr std::int64_t kBegin = 40'000 * TicketKeys::kLifetimeS;

std::string_view name_of(const TicketKey& key) {
  return {reinterpret_cast<const char*>(key.name.data()), key.name.size()};
}
Secret secret(char filled_with) { return Secret(std::string(32, filled_with)); }

}  // namespace

TEST_CASE("a ticket key seals for twelve hours, and opens for twelve more") {
  struct Row {
    const char* what;
    std::int64_t later_s;
    bool opens, is_old;
  };
  constexpr std::int64_t kHour = 3600;
  const Row rows[] = {
      {"at once", 0, true, false},
      {"in the last second", 12 * kHour - 1, true, false},
      {"after it", 12 * kHour, true, true},
      {"a day later, less a second", 24 * kHour - 1, true, true},
      {"a day later", 24 * kHour, false, true},
      {"to a replica whose clock is behind", -1, true, true},
      {"to one that is half a day behind", -12 * kHour - 1, false, true},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    TicketKeys sealer({secret('a')}, "group");
    TicketKeys opener({secret('a')}, "group");
    const TicketKey sealing = sealer.sealing(kBegin);
    bool is_old = false;
    const TicketKey* const found = opener.opening(name_of(sealing), kBegin + row.later_s, is_old);
    CHECK((found != nullptr) == row.opens);
    CHECK(is_old == row.is_old);
    if (found == nullptr) continue;
    CHECK(found->cipher.equals(sealing.cipher.reveal()));
    CHECK(found->mac.equals(sealing.mac.reveal()));
  }
}

TEST_CASE("another group, another secret: another key; an older secret opens still") {
  TicketKeys sealer({secret('a')}, "group");
  const TicketKey sealing = sealer.sealing(kBegin);
  bool is_old = false;
  CHECK(TicketKeys({secret('a')}, "other").opening(name_of(sealing), kBegin, is_old) == nullptr);
  CHECK(TicketKeys({secret('b')}, "group").opening(name_of(sealing), kBegin, is_old) == nullptr);
  CHECK(TicketKeys({secret('b'), secret('a')}, "group").opening(name_of(sealing), kBegin, is_old) != nullptr);
  CHECK(is_old);
  CHECK_FALSE(sealing.cipher.equals(sealing.mac.reveal()));
}
