#include "auth/session/session_handle.h"

#include <doctest/doctest.h>

#include <string>

#include "base/crypto.h"

using namespace lp;

namespace {
SessionHandle handle(char id = 'i', char key = 'k') {
  return make_session_handle(std::string(16, id) + std::string(32, key));
}
const std::string kNonce(kXaesNonceBytes, 'n');
}  // namespace

TEST_CASE("a handle as text and back") {
  const SessionHandle made = make_session_handle(random_bytes(48));
  const Secret text = encode_session_handle(made);
  CHECK(text.reveal().size() == 64);
  const auto back = decode_session_handle(text.reveal());
  REQUIRE(back);
  CHECK(back->id == made.id);
  CHECK(back->key.equals(made.key.reveal()));
}

TEST_CASE("what is no handle") {
  const std::string good(encode_session_handle(handle()).reveal());
  for (const std::string& text : {std::string(), good.substr(1), good + "AAAA", "!" + good.substr(1), good + "=",
                                  " " + good.substr(1), std::string(2000, 'A')}) {
    CAPTURE(text);
    CHECK_FALSE(decode_session_handle(text));
  }
}

TEST_CASE("the record's name tells neither id nor key") {
  const std::string name = session_handle_hash(handle());
  CHECK(name.size() == 64);
  CHECK(name == session_handle_hash(handle('i', 'x')));
  CHECK(name != session_handle_hash(handle('j', 'k')));
}

TEST_CASE("a record opens for its own handle and realm, and whole") {
  const std::string sealed = seal_session_record(handle(), "default", "a session", kNonce);
  CHECK(open_session_record(handle(), "default", sealed) == "a session");
  CHECK_FALSE(open_session_record(handle(), "other", sealed));
  CHECK_FALSE(open_session_record(handle('j', 'k'), "default", sealed));  // given to another record's name
  CHECK_FALSE(open_session_record(handle('i', 'l'), "default", sealed));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string broken = sealed;
    broken[i] = static_cast<char>(broken[i] ^ 1);
    CHECK_FALSE(open_session_record(handle(), "default", broken));
    CHECK_FALSE(open_session_record(handle(), "default", sealed.substr(0, i)));
  }
}
