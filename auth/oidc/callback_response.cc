#include "auth/oidc/callback_response.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/url.h"

namespace lp {
namespace {

constexpr std::size_t kMaxQueryBytes = 16 * 1024;
constexpr std::size_t kMaxParameters = 32;
constexpr std::size_t kMaxStateBytes = 512;
constexpr std::size_t kMaxCodeBytes = 4096;
constexpr std::size_t kMaxErrorBytes = 64;
constexpr std::size_t kMaxDescriptionBytes = 1024;
constexpr std::size_t kMaxIssBytes = 2048;

// RFC 6749 appendix A: VSCHAR, and for error codes NQSCHAR without the space.
bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c <= 0x7e; });
}
bool is_error_code(std::string_view text) {
  return is_visible(text) && text.find_first_of(" \"\\") == std::string_view::npos;
}

// A parameter that arrived. An empty one counts as arrived and is refused by the rules below.
const std::string* find(const FormPairs& pairs, std::string_view name) {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& pair) { return pair.first == name; });
  return found == pairs.end() ? nullptr : &found->second;
}

// RFC 6749 3.1: parameters come once. Two readers of a repeated one would believe two different values.
Result<FormPairs> read_parameters(std::string_view query) {
  if (query.size() > kMaxQueryBytes) return fail("response is too long");
  auto pairs = parse_form(query);
  if (!pairs) return fail("response is not well-formed");
  if (pairs->size() > kMaxParameters) return fail("response has too many parameters");
  std::set<std::string_view> seen;
  for (const auto& pair : *pairs) {
    if (!seen.insert(pair.first).second) return fail("a parameter is repeated");
  }
  return pairs;
}

Result<void> read_state(const FormPairs& pairs, CallbackResponse& response) {
  const std::string* state = find(pairs, "state");
  if (state == nullptr || state->empty()) return fail("state is missing");
  if (state->size() > kMaxStateBytes || !is_visible(*state)) return fail("state has the wrong form");
  response.state = *state;
  return {};
}

Result<void> read_iss(const FormPairs& pairs, CallbackResponse& response) {
  const std::string* iss = find(pairs, "iss");
  if (iss == nullptr) return {};
  if (iss->empty() || iss->size() > kMaxIssBytes) return fail("iss has the wrong form");
  response.iss = *iss;
  return {};
}

Result<void> read_error(const std::string& error, const FormPairs& pairs, CallbackResponse& response) {
  if (error.empty() || !is_error_code(error)) return fail("error has the wrong form");
  response.error = error.substr(0, kMaxErrorBytes);
  const std::string* description = find(pairs, "error_description");
  if (description != nullptr) response.error_description = description->substr(0, kMaxDescriptionBytes);
  return {};
}

Result<void> read_outcome(const FormPairs& pairs, CallbackResponse& response) {
  const std::string* code = find(pairs, "code");
  const std::string* error = find(pairs, "error");
  if ((code == nullptr) == (error == nullptr)) return fail("response must have either code or error");
  if (error != nullptr) return read_error(*error, pairs, response);
  if (code->empty() || code->size() > kMaxCodeBytes || !is_visible(*code)) return fail("code has the wrong form");
  response.code = *code;
  return {};
}

}  // namespace

Result<CallbackResponse> parse_callback(std::string_view query) {
  auto pairs = read_parameters(query);
  if (!pairs) return pairs.error();
  CallbackResponse response;
  for (auto* read : {read_state, read_iss, read_outcome}) {
    if (auto done = read(*pairs, response); !done) return done.error();
  }
  return response;
}

Result<void> judge_callback_issuer(const CallbackResponse& response, std::string_view issuer,
                                   bool iss_parameter_supported) {
  if (response.iss.empty()) {
    return iss_parameter_supported ? fail("iss is missing though the provider sends it") : Result<void>{};
  }
  return response.iss == issuer ? Result<void>{} : fail("iss is not our provider");
}

}  // namespace lp
