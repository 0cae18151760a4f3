#include "base/crypto.h"

#include <doctest/doctest.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "base/encoding.h"

using lp::hex_encode;
using lp::Secret;

namespace {

constexpr std::string_view kNonce = "ABCDEFGHIJKLMNOPQRSTUVWX";

lp::Xaes256Gcm cipher_of(char filled_with) { return lp::Xaes256Gcm(Secret(std::string(32, filled_with))); }

std::string counting(int from, int to) {
  std::string out;
  for (int i = from; i < to; ++i) out += static_cast<char>(i);
  return out;
}

struct Shake128 {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Shake128() { EVP_DigestInit_ex(context, EVP_shake128(), nullptr); }
  ~Shake128() { EVP_MD_CTX_free(context); }
  Shake128(const Shake128&) = delete;
  Shake128& operator=(const Shake128&) = delete;
  void add(std::string_view data) { EVP_DigestUpdate(context, data.data(), data.size()); }
  std::string squeeze(std::size_t size) {
    std::string out(size, '\0');
    EVP_DigestFinalXOF(context, reinterpret_cast<unsigned char*>(out.data()), size);
    return out;
  }
};

}  // namespace

TEST_CASE("SHA-2 gives the vectors of FIPS 180") {
  CHECK(hex_encode(lp::sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex_encode(lp::sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(hex_encode(lp::sha384("abc")) ==
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
  CHECK(hex_encode(lp::sha512("abc")) ==
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        "454d4423643ce80e2a9ac94fa54ca49f");
}

TEST_CASE("HMAC-SHA-256 gives the vectors of RFC 4231") {
  struct Case {
    std::string key;
    std::string data;
    const char* mac;
  };
  for (const Case& c : {
           Case{std::string(20, '\x0b'), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
           Case{"Jefe", "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
           Case{std::string(20, '\xaa'), std::string(50, '\xdd'),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
           Case{counting(1, 26), std::string(50, '\xcd'),
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
           Case{std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
       }) {
    CHECK(hex_encode(lp::hmac_sha256(Secret(c.key), c.data)) == c.mac);
  }
  CHECK(hex_encode(lp::hmac_sha256(Secret(), "")) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("HKDF with an empty salt gives test case 3 of RFC 5869") {
  const Secret okm = lp::hkdf_sha256(Secret(std::string(22, '\x0b')), "", 42);
  CHECK(hex_encode(okm.reveal()) ==
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST_CASE("HKDF gives other keys for other purposes, and a longer one begins as the shorter") {
  const Secret material(std::string(32, 'm'));
  const Secret session = lp::hkdf_sha256(material, "session");
  CHECK(session.reveal().size() == 32);
  CHECK_FALSE(session.equals(lp::hkdf_sha256(material, "pending").reveal()));
  CHECK(lp::hkdf_sha256(material, "session", 255 * 32).reveal().substr(0, 32) == session.reveal());
}

TEST_CASE("random bytes do not repeat") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) CHECK(seen.insert(lp::random_bytes(16)).second);
  CHECK(lp::random_bytes(0).empty());
}

TEST_CASE("XAES-256-GCM gives the vectors of C2SP") {
  const std::string nonce(kNonce);
  CHECK(hex_encode(cipher_of('\x01').seal(nonce, "XAES-256-GCM", "")) ==
        hex_encode(nonce) + "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
  CHECK(hex_encode(cipher_of('\x03').seal(nonce, "XAES-256-GCM", "c2sp.org/XAES-256-GCM")) ==
        hex_encode(nonce) + "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

TEST_CASE("XAES-256-GCM gives the accumulated vector of C2SP: ten thousand keys, nonces and lengths") {
  const std::string stream = Shake128().squeeze(6'000'000);
  std::size_t at = 0;
  const auto read = [&](std::size_t size) { return std::string_view(stream).substr((at += size) - size, size); };
  const auto read_counted = [&] { return read(static_cast<unsigned char>(read(1)[0])); };
  Shake128 all;
  for (int i = 0; i < 10'000; ++i) {
    const lp::Xaes256Gcm cipher{Secret(std::string(read(32)))};
    const std::string_view nonce = read(lp::kXaesNonceBytes);
    const std::string_view plaintext = read_counted();
    const std::string_view data = read_counted();
    const std::string sealed = cipher.seal(nonce, plaintext, data);
    all.add(std::string_view(sealed).substr(lp::kXaesNonceBytes));
    REQUIRE(cipher.open(sealed, data) == plaintext);
  }
  CHECK(hex_encode(all.squeeze(32)) == "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
}

TEST_CASE("nothing but what was sealed opens: every flipped bit, every truncation, other keys, other data") {
  const lp::Xaes256Gcm cipher = cipher_of('k');
  const std::string sealed = cipher.seal(kNonce, "the session", "purpose");
  REQUIRE(cipher.open(sealed, "purpose") == "the session");
  for (std::size_t i = 0; i < sealed.size() * 8; ++i) {
    std::string flipped = sealed;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << (i % 8)));
    CHECK_FALSE(cipher.open(flipped, "purpose").has_value());
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    CHECK_FALSE(cipher.open(sealed.substr(0, size), "purpose").has_value());
  }
  CHECK_FALSE(cipher.open(sealed + '\0', "purpose").has_value());
  CHECK_FALSE(cipher.open(sealed, "").has_value());
  CHECK_FALSE(cipher.open(sealed, "purposE").has_value());
  CHECK_FALSE(cipher_of('j').open(sealed, "purpose").has_value());
  CHECK(cipher.open(sealed, "purpose") == "the session");
  CHECK(ERR_peek_error() == 0);
}

TEST_CASE("an empty plaintext is sealed too") {
  const lp::Xaes256Gcm cipher = cipher_of('k');
  const std::string sealed = cipher.seal(kNonce, {}, {});
  CHECK(sealed.size() == lp::kXaesOverheadBytes);
  CHECK(cipher.open(sealed, {}) == "");
  CHECK_FALSE(cipher.open(sealed, "x").has_value());
}

TEST_CASE("one cipher serves several threads, and several ciphers one thread") {
  const lp::Xaes256Gcm one = cipher_of('1');
  lp::Xaes256Gcm moved = cipher_of('2');
  const lp::Xaes256Gcm two = std::move(moved);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const std::string text = std::to_string(t) + ":" + std::to_string(i);
        const std::string a = one.seal(kNonce, text, "a");
        const std::string b = two.seal(kNonce, text, "b");
        if (one.open(a, "a") != text || two.open(b, "b") != text || one.open(b, "b")) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}
