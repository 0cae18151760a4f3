#pragma once
#include <string>

namespace lp {

// Why an access token is not accepted.
struct AccessTokenFailure {
  enum class Kind { rejected, unavailable };  // unavailable: nobody knows now whether it is good
  Kind kind = Kind::rejected;
  std::string rule;     // one word for logs
  std::string message;  // for the client's developer and the log; nothing of the token is in it
};

}  // namespace lp
