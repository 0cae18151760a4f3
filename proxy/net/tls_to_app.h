#pragma once
#include <memory>

#include "base/result.h"
#include "config/settings.h"
#include "proxy/net/tls_session.h"

struct ssl_ctx_st;

namespace lp {

// The client's end of TLS: how one upstream is asked over https. Whom to trust, which name its certificate must have,
// and what we show it are one upstream's and of nobody else. Immutable, any thread; outlives its sessions.
class TlsToApp {
 public:
  // Reads the files that `upstream`, which has tls, names. The error names the file.
  [[nodiscard]] static Result<std::unique_ptr<const TlsToApp>> make(const UpstreamSettings& upstream,
                                                                    std::int64_t now_s);
  ~TlsToApp();
  TlsToApp(const TlsToApp&) = delete;
  TlsToApp& operator=(const TlsToApp&) = delete;

  [[nodiscard]] std::unique_ptr<TlsSession> new_session(BufferPool& pool) const;

 private:
  TlsToApp(ssl_ctx_st* owned, const UpstreamSettings& upstream);

  ssl_ctx_st* context_;
  std::string name_;
  bool verifies_;
  bool speaks_http2_;
};

}  // namespace lp
