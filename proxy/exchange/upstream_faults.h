#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "config/settings.h"
#include "proxy/http/messages.h"
#include "proxy/http/stream.h"

// What is told, and to whom, of an app that fails or that breaks HTTP/1.1. Pure.
namespace lp {

struct UpstreamFault {
  int status;              // for the client
  std::string_view words;  // for the log
};
[[nodiscard]] UpstreamFault fault_of(UpstreamError error);

// Where it was tried, as the configuration says it.
[[nodiscard]] std::string address_of(const UpstreamSettings& upstream);

// The words, and for how long was waited where it came to that.
[[nodiscard]] std::string fault_reason(const UpstreamSettings& upstream, UpstreamError error, std::string_view words);

// What was repaired, as a list; `bits` are those of Repairs.
[[nodiscard]] std::string repairs_text(std::uint8_t bits);

}  // namespace lp
