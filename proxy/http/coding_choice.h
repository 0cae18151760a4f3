#pragma once
#include <string>
#include <string_view>

#include "base/body_coder.h"
#include "base/http_message.h"
#include "config/settings.h"
#include "proxy/http/messages.h"

// Whether an answer is compressed on its way to the client, and how its head then reads. Pure.
namespace lp {

// Of Accept-Encoding what we speak and the client likes best (RFC 9110 12.5.3); identity where it says nothing.
[[nodiscard]] Coding preferred_coding(const Fields& request);

struct CodingQuestion {
  const CompressionSettings& settings;  // not off
  const RequestHead& request;
  // False for what says the same to everybody and nothing of the request: files, and fixed answers.
  bool may_hold_secrets = true;
  // Somebody is signed in, or the answer gives a cookie of ours.
  bool is_personal = false;
};

struct CodingChoice {
  Coding coding = Coding::identity;
  bool varies = false;  // the answer depends on Accept-Encoding, and says so
};

// `body`: as it is framed without us. An answer without one is that to HEAD, 304 and the like.
[[nodiscard]] CodingChoice choose_coding(const CodingQuestion& question, const ResponseHead& head, BodyFraming body);

// `head` as the client gets it. A strong ETag is made weak, for it is no longer byte for byte what the app has named
// (RFC 9110 8.8.3.3); in a 304, where the client named it so. Views into `head` and into `etag`.
[[nodiscard]] ResponseHead coded_head(const ResponseHead& head, const CodingChoice& choice, const RequestHead& request,
                                      std::string& etag);

}  // namespace lp
