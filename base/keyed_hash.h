#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace lp {

// SipHash-2-4 (Aumasson and Bernstein, 2012): whoever does not know the key can not choose texts that fall together.
// For places in tables, some 150 instructions for an address; not for signatures. Pure.
class KeyedHash {
 public:
  // Of 16 random bytes.
  explicit KeyedHash(std::string_view key) {
    if (key.size() >= sizeof key_) std::memcpy(key_.data(), key.data(), sizeof key_);
  }

  [[nodiscard]] std::uint64_t of(std::string_view text) const {
    State state{key_[0] ^ 0x736f6d6570736575ULL, key_[1] ^ 0x646f72616e646f6dULL, key_[0] ^ 0x6c7967656e657261ULL,
                key_[1] ^ 0x7465646279746573ULL};
    const std::uint64_t length = static_cast<std::uint64_t>(text.size()) << 56;
    for (; text.size() >= 8; text.remove_prefix(8)) state.add(word_of(text.substr(0, 8)));
    state.add(length | word_of(text));
    state.c ^= 0xff;
    for (int i = 0; i < 4; ++i) state.round();
    return state.a ^ state.b ^ state.c ^ state.d;
  }

 private:
  struct State {
    std::uint64_t a, b, c, d;
    static std::uint64_t turned(std::uint64_t x, int by) { return x << by | x >> (64 - by); }
    void round() {
      a += b, b = turned(b, 13) ^ a, a = turned(a, 32);
      c += d, d = turned(d, 16) ^ c;
      a += d, d = turned(d, 21) ^ a;
      c += b, b = turned(b, 17) ^ c, c = turned(c, 32);
    }
    void add(std::uint64_t word) {
      d ^= word;
      round();
      round();
      a ^= word;
    }
  };
  // Little-endian, of up to eight bytes.
  static std::uint64_t word_of(std::string_view bytes) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
      word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    return word;
  }

  std::array<std::uint64_t, 2> key_{};
};

}  // namespace lp
