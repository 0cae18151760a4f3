#include "auth/client_auth.h"

#include <string>

#include "base/encoding.h"

namespace lp {

Secret client_secret_basic(std::string_view client_id, const Secret& client_secret) {
  const Secret encoded_secret(percent_encode(client_secret.reveal()));
  std::string credentials = percent_encode(client_id);
  credentials.reserve(credentials.size() + 1 + encoded_secret.reveal().size());
  credentials += ':';
  credentials += encoded_secret.reveal();
  const Secret pair(std::move(credentials));
  return Secret("Basic " + base64_encode(pair.reveal()));
}

}  // namespace lp
