#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/messages.h"
#include "proxy/http1/body_reader.h"
#include "proxy/http1/scan.h"
#include "proxy/net/buffer.h"

namespace lp {

// What a client's connection needs from the first byte of a request until it waits for the next one: thousands that
// wait hold none.
struct RequestUnderWay {
  explicit RequestUnderWay(BufferPool& buffers) : body_in(buffers) {}

  HeadScanner scanner;
  ParsedRequest request;
  BodyReader body;
  Buffer body_in;  // later reads of a body or a tunnel; may end with bytes of the next request
  std::size_t read_bytes = BufferPool::kSmallBytes;
  std::size_t head_bytes = 0;     // pinned in the first buffer while the exchange looks at it
  std::size_t leftover_used = 0;  // of the bytes behind the head
  std::string_view unfed;         // while bytes of a body are handed on: those behind them that are here
  std::uint64_t discarded_bytes = 0;
  bool head_is_gone = false;         // see ClientStream::let_go_of_head()
  bool takes_trailers = false;       // said by that head
  std::string method_and_authority;  // of that head

  // The same connection's next request begins.
  void next() {
    scanner.reset();
    head_bytes = leftover_used = 0;
    head_is_gone = false;
  }
  void keep_line_only() {
    method_and_authority.assign(request.head.method).append(request.authority);
    const std::string_view kept(method_and_authority);
    const std::size_t method_bytes = request.head.method.size();
    request.head.method = kept.substr(0, method_bytes);
    request.authority = kept.substr(method_bytes);
    request.head.target = request.path_and_query = request.upgrade = {};
    request.head.fields = {};
    head_is_gone = true;
  }
  // All else begins anew with each head that is read (parse_request_head(), Http1Client::start_exchange()).
  void start_over() {
    next();
    body_in.release();
  }
};

}  // namespace lp
