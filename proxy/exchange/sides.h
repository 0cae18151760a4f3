#pragma once
#include <cstdint>

// How far each side of an exchange is, and which steps there are. Pure.
namespace lp {

enum class RequestSide : std::uint8_t { none, open, complete };
// collecting: the gatekeeper wants to see the request's body before it judges again. closing_tunnel: the session has
// ended and both sides were told; what they still say is dropped.
enum class AnswerSide : std::uint8_t { none, judging, collecting, waiting, body, tunnel, closing_tunnel };

[[nodiscard]] constexpr bool is_legal_step(RequestSide from, RequestSide to) {
  return from != RequestSide::complete || to != RequestSide::open;
}

[[nodiscard]] constexpr bool is_legal_step(AnswerSide from, AnswerSide to) {
  // [from][to]: none, judging, collecting, waiting, body, tunnel, closing_tunnel
  constexpr bool kLegal[7][7] = {
      {true, true, false, false, false, false, false},   // none
      {true, true, true, true, false, false, false},     // judging: answered in process, passed, or with a body again
      {true, true, false, false, false, false, false},   // collecting
      {true, false, false, false, true, true, false},    // waiting for the upstream's head
      {true, false, false, false, false, false, false},  // body
      {true, false, false, false, false, false, true},   // tunnel
      {true, false, false, false, false, false, false},  // closing_tunnel
  };
  return kLegal[static_cast<int>(from)][static_cast<int>(to)];
}

}  // namespace lp
