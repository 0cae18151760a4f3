#include "proxy/http2/field_block.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace lp;

namespace {

constexpr char kData = 0, kHeaders = 1, kPing = 6, kContinuation = 9, kEndHeaders = 4;
const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string frame(char type, char flags, std::size_t length) {
  const std::string head{'\0', static_cast<char>(length >> 8U), static_cast<char>(length), type, flags, 0, 0, 0, 1};
  return head + std::string(length, '\1');
}

}  // namespace

TEST_CASE("a block of fields is open from its first frame's head to the last byte of its last frame") {
  const std::string whole = frame(kHeaders, kEndHeaders, 300);
  const std::string half = frame(kHeaders, 0, 300);
  struct Row {
    const char* what;
    std::string sent;
    bool is_open;
    std::uint64_t number;
    std::size_t bytes;
  };
  const Row rows[] = {
      {"nothing", "", false, 0, 0},
      {"half a preface", kPreface.substr(0, 20), false, 0, 0},
      {"the head of a frame in part", kPreface + whole.substr(0, 8), false, 0, 0},
      {"the head of a frame", kPreface + whole.substr(0, 9), true, 1, 0},
      {"half a frame", kPreface + whole.substr(0, 100), true, 1, 91},
      {"all of it", kPreface + whole, false, 1, 300},
      {"an empty block", kPreface + frame(kHeaders, kEndHeaders, 0), false, 1, 0},
      {"a frame that is not the last", kPreface + half, true, 1, 300},
      {"half a second one", kPreface + half + frame(kContinuation, kEndHeaders, 50).substr(0, 20), true, 1, 311},
      {"a second one that is not the last", kPreface + half + frame(kContinuation, 0, 50), true, 1, 350},
      {"and all of it", kPreface + half + frame(kContinuation, kEndHeaders, 50), false, 1, 350},
      {"an empty last one", kPreface + half + frame(kContinuation, kEndHeaders, 0), false, 1, 300},
      {"another behind a whole one", kPreface + whole + half, true, 2, 300},
      {"other frames before and behind",
       kPreface + frame(kPing, 0, 8) + whole + frame(kData, kEndHeaders, 700) + frame(kPing, 0, 8), false, 1, 300},
      {"what must not stand within a block ends it", kPreface + half + frame(kPing, 0, 8), false, 1, 300},
      {"CONTINUATION of nothing", kPreface + frame(kContinuation, 0, 50), false, 0, 0},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    FieldBlockWatch at_once;
    at_once.saw(row.sent);
    FieldBlockWatch by_bytes;
    for (const char one : row.sent) by_bytes.saw({&one, 1});
    for (const FieldBlockWatch* watch : {&at_once, &by_bytes}) {
      CHECK(watch->is_open() == row.is_open);
      CHECK(watch->number() == row.number);
      CHECK(watch->bytes() == row.bytes);
    }
  }
}

TEST_CASE("a block that is eight heads when decoded is no accident, however small its fields are") {
  DecodedBlock block;
  block.begin();
  for (int i = 0; i < 2; ++i) CHECK(block.add(4000 - 32, 1000));
  CHECK_FALSE(block.add(1, 1000));
  block.begin();
  for (int i = 0; i < 250; ++i) CHECK(block.add(0, 1000));
  CHECK_FALSE(block.add(0, 1000));
}
