#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/http_message.h"
#include "proxy/http/messages.h"
#include "proxy/http1/head_limits.h"

// The field section that requests and responses share (RFC 9112 5), and what its fields say about framing and the
// connection. Internal to the codec. Pure.
namespace lp {

// How often each field came that the codec itself acts upon, and its meaning; a caller judges the whole.
struct FieldSummary {
  int hosts = 0;
  std::string_view host;
  int content_lengths = 0;
  std::uint64_t content_length = 0;
  int transfer_encodings = 0;
  bool says_chunked = false;
  int upgrades = 0;
  std::string_view upgrade;
  int expects = 0;
  bool unknown_expectation = false;
  bool says_close = false;  // Connection options (RFC 9110 7.6.1)
  bool says_keep_alive = false;
  bool says_upgrade = false;
  bool names_fields = false;
  int connection_options = 0;
  std::optional<std::int64_t> idle_s;  // Keep-Alive: timeout=
  Repairs repairs;                     // of a client's fields never any
};

// A client may want to be read in two ways; an app has nobody to deceive. What is repaired of it, messages.h says. Of a
// probe (HeadLimits::is_for_probes) a bare LF ends a line, and no more.
enum class Sender : std::uint8_t { client, probe, app };

// How long the line end at `at` is, as an app may write it; 0: there is none.
[[nodiscard]] std::size_t line_end_of_app(std::string_view bytes, std::size_t at, Repairs& repairs);

// Reads field lines from `at` up to and with the empty line, behind which `at` is set.
[[nodiscard]] std::optional<ParseError> parse_fields(std::string_view bytes, std::size_t& at, const HeadLimits& limits,
                                                     Sender sender, Fields& fields, FieldSummary& summary);
// Where a head must end with `bytes`.
[[nodiscard]] std::optional<ParseError> check_end(std::string_view bytes, std::size_t end);

}  // namespace lp
