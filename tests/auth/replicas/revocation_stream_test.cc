#include "auth/replicas/revocation_stream.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace lp;
using Kind = RedisReply::Kind;

namespace {

RedisReply text(std::string bytes) { return RedisReply::of_text(Kind::string, std::move(bytes)); }
RedisReply list(std::vector<RedisReply> elements) { return RedisReply::of_array(std::move(elements)); }
RedisReply entry(std::string id, std::vector<RedisReply> fields) {
  return list({text(std::move(id)), list(std::move(fields))});
}
RedisReply stream(std::vector<RedisReply> entries) { return list({list({text("key"), list(std::move(entries))})}); }

SharedRevocation revocation(std::uint8_t first, std::int64_t before_ms) {
  SharedRevocation made;
  made.key.fill(0);
  made.key[0] = first;
  made.before_ms = before_ms;
  made.forget_at_s = 1'800'000'000;
  return made;
}
std::string encoded(const SharedRevocation& r) { return add_revocation_command("key", r, 0).back(); }

}  // namespace

TEST_CASE("ids of entries") {
  const struct {
    std::string text;
    bool is_id;
  } cases[] = {{"0-0", true},
               {"1700000000000-5", true},
               {"18446744073709551615-18446744073709551615", true},
               {"", false},
               {"5", false},
               {"-", false},
               {"5-", false},
               {"-5", false},
               {"5-6-7", false},
               {"+5-6", false},
               {" 5-6", false},
               {"18446744073709551616-0", false}};
  for (const auto& c : cases) {
    CAPTURE(c.text);
    const auto id = parse_redis_stream_id(c.text);
    CHECK(id.has_value() == c.is_id);
    if (id) CHECK(id->text() == c.text);
  }
  CHECK(RedisStreamId{5, 9} < RedisStreamId{6, 0});
  CHECK(RedisStreamId{5, 9} < RedisStreamId{5, 10});
}

TEST_CASE("commands") {
  using Words = std::vector<std::string>;
  CHECK(revocation_stream_key("lp", "default") == "lp:default:revocations");
  const Words add = add_revocation_command("key", revocation('k', 12), 34);
  CHECK(Words(add.begin(), add.end() - 1) == Words{"XADD", "key", "MINID", "~", "34", "*", "r1"});
  CHECK(add_revocation_command("key", revocation('k', 12), -34)[4] == "0");
  CHECK(read_revocations_command("key", {}, 0) == Words{"XREAD", "COUNT", "1000", "STREAMS", "key", "0-0"});
  CHECK(read_revocations_command("key", {7, 1}, 50) ==
        Words{"XREAD", "COUNT", "1000", "BLOCK", "50", "STREAMS", "key", "7-1"});
  CHECK(find_revocation_command("key", {7, 1}) == Words{"XRANGE", "key", "7-1", "7-1"});
}

TEST_CASE("what was added is read") {
  const SharedRevocation one = revocation(0, 0), two = revocation(0xff, 1'700'000'000'123);
  const auto found = parse_revocations(
      stream({entry("1-0", {text("r1"), text(encoded(one))}), entry("2-7", {text("r1"), text(encoded(two))})}));
  REQUIRE(found);
  CHECK(found->revocations == std::vector{one, two});
  CHECK(found->entries == 2);
  CHECK(found->last == RedisStreamId{2, 7});
}

TEST_CASE("no news is an answer") {
  const auto found = parse_revocations(RedisReply());
  REQUIRE(found);
  CHECK(found->entries == 0);
  CHECK(found->last.is_start());
}

TEST_CASE("an entry of another version or of somebody else is passed over") {
  const std::string good = encoded(revocation(1, 2));
  const std::string key(16, 'k');
  const struct {
    std::string says;
    std::vector<RedisReply> fields;
  } cases[] = {
      {"no fields", {}},
      {"another field", {text("r2"), text(good)}},
      {"two fields", {text("r1"), text(good), text("x"), text("y")}},
      {"no value", {text("r1")}},
      {"a number as value", {text("r1"), RedisReply::of_integer(1)}},
      {"too short", {text("r1"), text("abc")}},
      {"no times", {text("r1"), text(key)}},
      {"one time", {text("r1"), text(key + "5")}},
      {"a time that is none", {text("r1"), text(key + "5 x")}},
      {"a negative time", {text("r1"), text(key + "-5 6")}},
      {"a time beyond all times", {text("r1"), text(key + "5 99999999999999999999")}},
      {"three times", {text("r1"), text(key + "5 6 7")}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.says);
    const auto found = parse_revocations(stream({entry("3-0", c.fields), entry("4-0", {text("r1"), text(good)})}));
    REQUIRE(found);
    CHECK(found->unreadable == 1);
    CHECK(found->entries == 2);
    CHECK(found->revocations == std::vector{revocation(1, 2)});
    CHECK(found->last == RedisStreamId{4, 0});
  }
}

TEST_CASE("what is no reply of XREAD, or would not come to an end") {
  const std::string good = encoded(revocation(1, 2));
  const auto sound = [&](const char* id) { return entry(id, {text("r1"), text(good)}); };
  const RedisReply replies[] = {
      RedisReply::of_integer(1),
      text("x"),
      list({}),
      list({text("key")}),
      list({list({text("key")})}),
      list({list({text("key"), list({})}), list({text("other"), list({})})}),
      stream({text("5-0")}),
      stream({sound("no id")}),
      stream({sound("0-0")}),
      stream({sound("5-0"), sound("5-0")}),
      stream({sound("5-1"), sound("5-0")}),
  };
  for (const RedisReply& reply : replies) CHECK_FALSE(parse_revocations(reply));
}
