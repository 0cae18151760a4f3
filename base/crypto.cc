#include "base/crypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <cstring>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/check.h"

namespace lp {
namespace {

constexpr std::size_t kBlockBytes = 16;
constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kGcmNonceBytes = 12;
constexpr std::size_t kSha256Bytes = 32;
constexpr std::size_t kMaxMessageBytes = 1 << 30;  // OpenSSL counts in int

using Block = std::array<std::uint8_t, kBlockBytes>;
using Key = std::array<std::uint8_t, kKeyBytes>;

const std::uint8_t* bytes(std::string_view s) { return reinterpret_cast<const std::uint8_t*>(s.data()); }
std::uint8_t* bytes(std::string& s) { return reinterpret_cast<std::uint8_t*>(s.data()); }

int length(std::size_t size) {
  LP_CHECK(size <= kMaxMessageBytes, "a message too long for OpenSSL");
  return static_cast<int>(size);
}

void must(int openssl_result) { LP_CHECK(openssl_result == 1, "OpenSSL failed"); }

template <class T>
T* must(T* pointer) {
  LP_CHECK(pointer != nullptr, "OpenSSL failed");
  return pointer;
}

// Algorithms are fetched once: a fetch by name takes longer than the work on a cookie.
const EVP_MD* sha256_md() {
  static const EVP_MD* const md = must(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  return md;
}

std::string digest(std::string_view data, const EVP_MD* md) {
  struct Context {
    EVP_MD_CTX* raw = must(EVP_MD_CTX_new());
    ~Context() { EVP_MD_CTX_free(raw); }
  };
  thread_local const Context context;
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  must(EVP_DigestInit_ex(context.raw, md, nullptr));
  must(EVP_DigestUpdate(context.raw, data.data(), data.size()));
  must(EVP_DigestFinal_ex(context.raw, bytes(out), &size));
  out.resize(size);
  return out;
}

// A cipher context with its algorithm set, one per thread: then a call costs no allocation and shares nothing.
class CipherContext {
 public:
  explicit CipherContext(const EVP_CIPHER* cipher) {
    must(EVP_CipherInit_ex(raw_, cipher, nullptr, nullptr, nullptr, 1));
    must(EVP_CIPHER_CTX_set_padding(raw_, 0));
  }
  ~CipherContext() { EVP_CIPHER_CTX_free(raw_); }
  CipherContext(const CipherContext&) = delete;
  CipherContext& operator=(const CipherContext&) = delete;

  EVP_CIPHER_CTX* start(const std::uint8_t* key, const std::uint8_t* nonce, bool encrypt) {
    must(EVP_CipherInit_ex(raw_, nullptr, nullptr, key, nonce, encrypt ? 1 : 0));
    return raw_;
  }

 private:
  EVP_CIPHER_CTX* raw_ = must(EVP_CIPHER_CTX_new());
};

CipherContext& aes_context() {
  static const EVP_CIPHER* const cipher = must(EVP_CIPHER_fetch(nullptr, "AES-256-ECB", nullptr));
  thread_local CipherContext context(cipher);
  return context;
}

CipherContext& gcm_context() {
  static const EVP_CIPHER* const cipher = must(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  thread_local CipherContext context(cipher);
  return context;
}

// `size` is a multiple of the block.
void aes_encrypt_blocks(const std::uint8_t* key, const std::uint8_t* in, std::size_t size, std::uint8_t* out) {
  int written = 0;
  must(EVP_CipherUpdate(aes_context().start(key, nullptr, true), out, &written, in, length(size)));
}

void authenticate(EVP_CIPHER_CTX* context, std::string_view associated_data) {
  int written = 0;
  must(EVP_CipherUpdate(context, nullptr, &written, bytes(associated_data), length(associated_data.size())));
}

}  // namespace

double random_fraction() {
  std::uint32_t bits = 0;
  std::memcpy(&bits, random_bytes(sizeof bits).data(), sizeof bits);
  return bits / 4294967296.0;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  must(RAND_bytes(bytes(out), length(count)));
  return out;
}

std::string sha256(std::string_view data) { return digest(data, sha256_md()); }

std::string sha384(std::string_view data) {
  static const EVP_MD* const md = must(EVP_MD_fetch(nullptr, "SHA384", nullptr));
  return digest(data, md);
}

std::string sha512(std::string_view data) {
  static const EVP_MD* const md = must(EVP_MD_fetch(nullptr, "SHA512", nullptr));
  return digest(data, md);
}

std::string hmac_sha256(const Secret& key, std::string_view data) {
  std::string out(kSha256Bytes, '\0');
  const std::string_view key_bytes = key.reveal();
  must(HMAC(sha256_md(), key_bytes.data(), length(key_bytes.size()), bytes(data), data.size(), bytes(out), nullptr));
  return out;
}

Secret hkdf_sha256(const Secret& key_material, std::string_view info, std::size_t length_bytes) {
  LP_CHECK(length_bytes > 0 && length_bytes <= 255 * kSha256Bytes, "a length that HKDF cannot give");
  const Secret no_salt(std::string(kSha256Bytes, '\0'));
  const Secret pseudorandom_key(hmac_sha256(no_salt, key_material.reveal()));
  std::string out;
  std::string previous;
  out.reserve(length_bytes + kSha256Bytes);
  for (char counter = 1; out.size() < length_bytes; ++counter) {
    previous = hmac_sha256(pseudorandom_key, previous.append(info) + counter);
    out += previous;
  }
  OPENSSL_cleanse(previous.data(), previous.size());
  out.resize(length_bytes);
  return Secret(std::move(out));
}

struct Xaes256Gcm::State {
  Key key{};
  Block k1{};  // the CMAC subkey (NIST SP 800-38B 6.1)

  explicit State(std::string_view key_bytes) {
    LP_CHECK(key_bytes.size() == kKeyBytes, "an XAES-256-GCM key has 32 bytes");
    std::copy_n(bytes(key_bytes), kKeyBytes, key.begin());
    Block l{};
    aes_encrypt_blocks(key.data(), l.data(), l.size(), l.data());
    for (std::size_t i = 0; i < kBlockBytes; ++i) {
      const unsigned carry = i + 1 < kBlockBytes ? l[i + 1] >> 7 : (l[0] >> 7) * 0x87u;
      k1[i] = static_cast<std::uint8_t>(static_cast<unsigned>(l[i] << 1) ^ carry);
    }
    OPENSSL_cleanse(l.data(), l.size());
  }
  ~State() {
    OPENSSL_cleanse(key.data(), key.size());
    OPENSSL_cleanse(k1.data(), k1.size());
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Kx of C2SP: AES-256(K, M1 xor K1) || AES-256(K, M2 xor K1), Mi = 0x00 i 'X' 0x00 || nonce[:12].
  [[nodiscard]] EVP_CIPHER_CTX* start(const std::uint8_t* nonce, bool encrypt) const {
    Key derived{};
    for (std::size_t half = 0; half < 2; ++half) {
      std::uint8_t* const block = derived.data() + half * kBlockBytes;
      block[1] = static_cast<std::uint8_t>(half + 1);
      block[2] = 'X';
      std::copy_n(nonce, kGcmNonceBytes, block + 4);
      for (std::size_t i = 0; i < kBlockBytes; ++i) block[i] ^= k1[i];
    }
    aes_encrypt_blocks(key.data(), derived.data(), derived.size(), derived.data());
    EVP_CIPHER_CTX* const context = gcm_context().start(derived.data(), nonce + kGcmNonceBytes, encrypt);
    OPENSSL_cleanse(derived.data(), derived.size());
    return context;
  }
};

Xaes256Gcm::Xaes256Gcm(const Secret& key_32_bytes) : state_(std::make_unique<const State>(key_32_bytes.reveal())) {}
Xaes256Gcm::~Xaes256Gcm() = default;
Xaes256Gcm::Xaes256Gcm(Xaes256Gcm&&) noexcept = default;
Xaes256Gcm& Xaes256Gcm::operator=(Xaes256Gcm&&) noexcept = default;

std::string Xaes256Gcm::seal(std::string_view nonce, std::string_view plaintext,
                             std::string_view associated_data) const {
  LP_CHECK(nonce.size() == kXaesNonceBytes, "an XAES-256-GCM nonce has 24 bytes");
  std::string sealed(kXaesOverheadBytes + plaintext.size(), '\0');
  std::copy(nonce.begin(), nonce.end(), sealed.begin());
  std::uint8_t* const ciphertext = bytes(sealed) + kXaesNonceBytes;
  std::uint8_t* const tag = ciphertext + plaintext.size();
  EVP_CIPHER_CTX* const context = state_->start(bytes(nonce), true);
  int written = 0;
  authenticate(context, associated_data);
  must(EVP_CipherUpdate(context, ciphertext, &written, bytes(plaintext), length(plaintext.size())));
  must(EVP_CipherFinal_ex(context, tag, &written));
  must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag));
  return sealed;
}

std::optional<std::string> Xaes256Gcm::open(std::string_view sealed, std::string_view associated_data) const {
  if (sealed.size() < kXaesOverheadBytes || sealed.size() > kMaxMessageBytes) return std::nullopt;
  const std::string_view ciphertext = sealed.substr(kXaesNonceBytes, sealed.size() - kXaesOverheadBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plaintext(ciphertext.size(), '\0');
  EVP_CIPHER_CTX* const context = state_->start(bytes(sealed), false);
  int written = 0;
  authenticate(context, associated_data);
  must(EVP_CipherUpdate(context, bytes(plaintext), &written, bytes(ciphertext), length(ciphertext.size())));
  must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()));
  if (EVP_CipherFinal_ex(context, bytes(tag), &written) != 1) {
    ERR_clear_error();  // else the next TLS call of this thread finds our failure
    return std::nullopt;
  }
  return plaintext;
}

}  // namespace lp
