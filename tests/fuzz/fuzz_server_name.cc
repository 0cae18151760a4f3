#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "proxy/net/tls_acceptor.h"

// A name is a part of what came.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view name = lp::server_name_in(bytes);
  if (!name.empty() && (name.data() < bytes.data() || name.data() + name.size() > bytes.data() + size)) std::abort();
  return 0;
}
