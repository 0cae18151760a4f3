#pragma once
#include <vector>

#include "config/options/option.h"

namespace lp {

// Rows of TLS at either end: listen[].tls, .redirect_to_https, .proxy_protocol, .http2 and .h2c, and upstreams.*.tls.
void add_listen_tls_options(std::vector<Option>& table);
void add_upstream_tls_options(std::vector<Option>& table);

}  // namespace lp
