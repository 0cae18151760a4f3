#include "proxy/acme/hook_message.h"

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "proxy/acme/token.h"

namespace lp {
namespace {

constexpr std::size_t kArguments = 5;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

Result<HookMessage> parse_hook_message(std::string_view text) {
  if (text.size() > kMostOfHookMessage) return fail("too long");
  const auto lines = lines_of(text);
  if (lines.size() != kArguments) return fail("expected five arguments");
  const bool begins = lines[0] == "begin";
  if (!begins && lines[0] != "done" && lines[0] != "failed") return fail("expected begin, done or failed");
  if (lines[1] != "http-01") return fail("only http-01 is done here");
  if (!is_key_authorization(lines[4], lines[3])) return fail("expected a token and its key authorization");
  return HookMessage{begins ? HookMessage::Kind::begin : HookMessage::Kind::end, ascii_lower(lines[2]),
                     std::string(lines[3]), std::string(lines[4])};
}

}  // namespace lp
