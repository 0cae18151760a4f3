#pragma once
#include <string>
#include <string_view>

#include "base/child_process.h"
#include "proxy/acme/schedule.h"

// Why there is no certificate, in words, by what uacme has printed: the types of errors (RFC 8555 6.7), and what curl
// says where the directory was not reached. Pure.
namespace lp {

struct AcmeFailure {
  std::string words;  // what, and what to do
  AcmePatience patience = AcmePatience::ordinary;
  bool account_is_unknown = false;  // the next try must make one
  // uacme gives up at a challenge without a token (dns-persist-01) that stands before http-01; authorities shuffle
  // them, so another order may do. Nobody has failed to prove anything.
  bool was_bad_luck = false;
};

[[nodiscard]] AcmeFailure acme_failure(const ChildProcess::Outcome& outcome);

// For the log: the last lines in one, without control characters.
[[nodiscard]] std::string last_words_of(std::string_view output);

}  // namespace lp
