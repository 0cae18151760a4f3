#include "auth/refresh/record.h"

#include <utility>

#include "base/encoding.h"

namespace lp {
namespace {

constexpr char kRefreshed = 'R';
constexpr char kEnded = 'E';
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kHeadBytes = kRefreshKeyBytes + kNumberBytes;

std::string plaintext_of(const RefreshOutcome& outcome) {
  if (outcome) return kRefreshed + encode_refreshed(**outcome);
  return kEnded + outcome.error().rule + '\n' + outcome.error().message;
}

std::optional<RefreshOutcome> read_refreshed(std::string_view bytes) {
  auto refreshed = decode_refreshed(bytes);
  if (!refreshed) return std::nullopt;
  return RefreshOutcome(std::make_shared<const Refreshed>(std::move(*refreshed)));
}

std::optional<RefreshOutcome> read_ended(std::string_view text) {
  const std::size_t line = text.find('\n');
  if (line == text.npos) return std::nullopt;
  return RefreshOutcome(RefreshFailure{
      RefreshFailure::Kind::ended, std::string(text.substr(0, line)), std::string(text.substr(line + 1)), {}});
}

}  // namespace

std::string seal_refresh(const CookieSealer& sealer, std::string_view key, const RefreshOutcome& outcome,
                         std::string_view nonce) {
  return sealer.seal(hex_encode(key), plaintext_of(outcome), nonce);
}

std::optional<RefreshOutcome> open_refresh(const CookieSealer& sealer, std::string_view key, std::string_view sealed) {
  const auto plaintext = sealer.open(hex_encode(key), sealed);
  if (!plaintext || plaintext->empty()) return std::nullopt;
  const std::string_view rest = std::string_view(*plaintext).substr(1);
  if (plaintext->front() == kRefreshed) return read_refreshed(rest);
  if (plaintext->front() == kEnded) return read_ended(rest);
  return std::nullopt;
}

std::string encode_refresh_record(const RefreshRecord& record) {
  LP_CHECK(record.key.size() == kRefreshKeyBytes, "a refresh is known by the SHA-256 of its token");
  std::string out = record.key;
  out.reserve(kHeadBytes + record.sealed.size());
  const auto bits = static_cast<std::uint64_t>(record.keep_until_s);
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>((bits >> shift) & 0xff);
  return out + record.sealed;
}

std::optional<RefreshRecord> decode_refresh_record(std::string_view bytes) {
  if (bytes.size() <= kHeadBytes) return std::nullopt;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < kNumberBytes; ++i) {
    bits |= std::uint64_t{static_cast<std::uint8_t>(bytes[kRefreshKeyBytes + i])} << (8 * i);
  }
  return RefreshRecord{std::string(bytes.substr(0, kRefreshKeyBytes)), static_cast<std::int64_t>(bits),
                       std::string(bytes.substr(kHeadBytes))};
}

}  // namespace lp
