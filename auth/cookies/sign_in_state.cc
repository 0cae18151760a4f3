#include "auth/cookies/sign_in_state.h"

#include <charconv>

namespace lp {
namespace {

constexpr std::string_view kName = "state";
constexpr std::size_t kMaxStateChars = 512;

// Takes a number up to the next '.' off the front.
std::optional<std::int64_t> take_number(std::string_view& text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + dot, number);
  if (error != std::errc() || end != text.data() + dot || number < 0) return std::nullopt;
  text.remove_prefix(dot + 1);
  return number;
}

}  // namespace

std::string make_state(const SignInState& state, const CookieSealer& sealer, std::string_view nonce) {
  const bool fits = !state.return_to.empty() && state.return_to.size() <= kMaxReturnToInStateBytes;
  const std::string plain = std::to_string(state.made_at_s) + "." + (state.fresh_start ? "1." : "0.") +
                            std::to_string(state.route) + "." + (fits ? state.return_to : "/");
  return sealer.seal(kName, plain, nonce);
}

std::optional<SignInState> read_state(std::string_view text, const CookieSealer& sealer) {
  if (text.size() > kMaxStateChars) return std::nullopt;
  const std::optional<std::string> plain = sealer.open(kName, text);
  if (!plain) return std::nullopt;
  std::string_view rest = *plain;
  const std::optional<std::int64_t> made_at_s = take_number(rest);
  const std::optional<std::int64_t> fresh_start = take_number(rest);
  const std::optional<std::int64_t> route = take_number(rest);
  if (!made_at_s || !fresh_start || !route || *route > (1 << 30)) return std::nullopt;
  return SignInState{*made_at_s, *fresh_start != 0, static_cast<int>(*route), std::string(rest)};
}

}  // namespace lp
