#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/body_coder.h"
#include "base/event.h"
#include "base/http_message.h"
#include "proxy/http/coding_choice.h"
#include "proxy/http/stream.h"
#include "proxy/net/memory_budget.h"

// `compression` of a route: its answers, compressed on their way to the client. Worker.
namespace lp {

// One answer's. Made when it begins on such a route, gone when it has ended.
class AnswerCoding {
 public:
  // All of them outlive it; `client` is whose memory it takes.
  AnswerCoding(EventLoop& loop, MemoryBudget& memory, std::string_view client)
      : loop_(loop), budget_(memory), client_(client), memory_(memory) {}

  // Sends the head, compressed or not: `out` says how it would be framed without us. What a stream takes is of
  // limits.buffered; where little of that is left, none is compressed.
  void send_head(ClientStream& client, const CodingQuestion& question, const ResponseHead& head, OutgoingResponse& out);
  // Whether the body goes through here.
  [[nodiscard]] bool is_on() const { return coder_ != nullptr; }
  void send(ClientStream& client, std::string_view bytes);
  void flush(ClientStream& client);   // the app pauses: the client gets all that is here
  void finish(ClientStream& client);  // no more comes
  // Calls `then`, always the same, in the next turn: a body that is here already must not hold the worker.
  void go_on_later(const std::function<void()>& then);
  // The answer has ended, after so many bytes: nothing is called any more. It goes at the end of the loop's turn, for
  // `then` may be running.
  std::uint64_t stop();

 private:
  void pass_on(ClientStream& client, std::string_view coded);

  EventLoop& loop_;
  MemoryBudget& budget_;
  std::string_view client_;
  ReservedMemory memory_;
  std::unique_ptr<BodyCoder> coder_;
  std::string etag_;
  std::uint64_t sent_bytes_ = 0;
  std::optional<Timer> later_;
};

// The whole of a fixed answer.
void code_answer(const CompressionSettings& settings, const RequestHead& request, Answer& answer);

}  // namespace lp
