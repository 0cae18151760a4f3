#pragma once
#include <string>
#include <string_view>

#include "base/result.h"

// How the hook that uacme runs, which is this program again, tells the process that started uacme. Pure.
namespace lp {

// Its environment says by this that the program is run as a hook; the value is the descriptor to speak by.
inline constexpr const char* kAcmeHookVariable = "LOGTO_PROXY_ACME_HOOK";
inline constexpr int kAcmeHookDescriptor = 3;
inline constexpr int kAcmeProgramDescriptor = 4;  // this program itself, whatever its file has become since
inline constexpr std::size_t kMostOfHookMessage = 1024;
inline constexpr std::string_view kHookAccepted = "accepted";

struct HookMessage {
  enum class Kind { begin, end };
  Kind kind = Kind::begin;
  std::string host, token, key_authorization;
};

// The five arguments of a hook, a line each: METHOD TYPE IDENT TOKEN AUTH. An error for another type than http-01,
// which uacme takes as a reason to offer the next one, and for what is no challenge.
[[nodiscard]] Result<HookMessage> parse_hook_message(std::string_view text);

}  // namespace lp
