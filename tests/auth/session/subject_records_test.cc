#include "auth/session/subject_records.h"

#include <doctest/doctest.h>

#include <string>

using namespace lp;

namespace {
RevocationKey key_of(const std::string& sub) { return revocation_key(RevocationKind::sub, "default", sub); }
}  // namespace

TEST_CASE("a person has a share of the records, whatever others have") {
  SubjectRecords records(1000, 3600);
  for (std::size_t i = 0; i < records.share(); ++i) CHECK(records.take(key_of("mallory"), 10'000));
  CHECK_FALSE(records.take(key_of("mallory"), 10'000));
  CHECK(records.take(key_of("alice"), 10'000));
}

TEST_CASE("the share is a small part of the table, and never none") {
  for (const std::size_t max : {1'000, 10'000, 1'000'000, 100'000'000}) {
    const SubjectRecords records(max, 3600);
    CHECK(records.share() >= 8);
    CHECK(records.share() <= max / 64 + 8);
    CHECK(records.share() <= 64);
  }
}

TEST_CASE("when the records are forgotten so is who had them") {
  SubjectRecords records(1000, 3600);
  while (records.take(key_of("mallory"), 10'000)) {
  }
  CHECK_FALSE(records.take(key_of("mallory"), 13'599));
  CHECK(records.take(key_of("mallory"), 13'600));
}
