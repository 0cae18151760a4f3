#pragma once
#include <cstdint>
#include <functional>
#include <optional>

#include "base/http_message.h"
#include "config/settings.h"
#include "proxy/exchange/static_file.h"
#include "proxy/http/file_response.h"
#include "proxy/http/stream.h"
#include "proxy/route/target.h"

// The answer of a route with `static`. Worker.
namespace lp {

class FileReply {
 public:
  // What becomes of the request. Only after `file` there is something to send.
  enum class Outcome { file, folder, none, not_allowed };
  [[nodiscard]] Outcome open(const RouteSettings& route, const Target& target, const RequestHead& head);

  [[nodiscard]] int status() const { return response_.status; }
  [[nodiscard]] std::uint64_t body_bytes() const { return without_body_ ? 0 : response_.length; }
  // Calls `send` with the head, framed; all else in `out` is the caller's.
  using SendHead = std::function<void(const ResponseHead&, OutgoingResponse&)>;
  void send_head(OutgoingResponse& out, const SendHead& send) const;
  // See StaticFile::send().
  [[nodiscard]] StaticFile::Progress send_more(ClientStream& client, AnswerCoding* coding) {
    return file_.send(client, coding);
  }

  [[nodiscard]] bool is_open() const { return file_.is_open(); }
  void close() { file_.close(); }

 private:
  StaticFile file_;
  FileResponse response_;
  bool without_body_ = false;
};

}  // namespace lp
