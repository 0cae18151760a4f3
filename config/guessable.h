#pragma once
#include <string_view>

// Secrets that are no secret. Pure.
namespace lp {

// Certain that somebody would guess it: few different bytes, one that fills half of it, a text repeated, bytes that
// count up or down, words such as "changeme", or one that documents have published. Random bytes, and their hex or
// base64, are none of these; what is only weak (a phrase in some language) is not known here.
[[nodiscard]] bool is_guessable(std::string_view secret);

// What is said of one.
inline constexpr std::string_view kGuessable =
    "can be guessed, or stands in documents as an example (the value is not shown): expected random bytes; "
    "`logto-proxy secret` prints some";

}  // namespace lp
