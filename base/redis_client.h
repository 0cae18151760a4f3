#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event.h"
#include "base/redis_greeting.h"
#include "base/redis_reply.h"
#include "base/result.h"

namespace lp {

// Why a command has no answer. After unreachable, timed_out and protocol nobody knows whether the server carried it
// out: send again only what may happen twice.
struct RedisError {
  enum class Kind {
    unreachable,   // not connected, or the connection was lost
    timed_out,     // no answer within the command's time
    server_error,  // the server's own words; the connection is sound unless they say otherwise
    protocol,      // what came is no answer of Redis
  };
  Kind kind = Kind::unreachable;
  std::string message;  // may quote keys and arguments of the command, never the password
  // Of a server_error: "NOSCRIPT", "WRONGTYPE", ...
  [[nodiscard]] std::string_view code() const {
    return kind == Kind::server_error ? redis_error_code(message) : std::string_view();
  }
};

// Whether commands have a chance. `reason` is a sentence for the operator: why not, or, while connected, what the
// server refuses all the same (a permission, writes without memory); it never holds the password.
struct RedisState {
  bool connected = false;
  std::string reason;
  bool operator==(const RedisState&) const = default;
};

struct RedisOptions {
  RedisAddress address;
  std::int64_t connect_timeout_ms = 2'000;  // an attempt: look-up, TCP, TLS, AUTH, SELECT and INFO together
  std::int64_t command_timeout_ms = 2'000;
  std::size_t max_commands = 10'000;        // unanswered at a time; what comes beyond fails at once as unreachable
  std::size_t max_unsent_bytes = 16 << 20;  // the same for bytes that the kernel doesn't take
  std::function<double()> jitter;           // 0 to 1, asked before each retry; empty: none
};

// One connection to one Redis or Valkey server (RESP2, no cluster, no Sentinel), kept up by itself: it connects when
// the loop first turns, and again after a loss, with back-off. Commands are pipelined and answered in order. One
// thread, that of `loop`, which must outlive it. Destroy it outside its callbacks (EventLoop::defer_delete).
class RedisClient {
 public:
  // `on_state` runs on the loop at each change of the state, and before the answers that the change brings. The first
  // state, not connected without a reason, is not told.
  using OnState = std::function<void(const RedisState&)>;
  RedisClient(EventLoop& loop, RedisOptions options, OnState on_state);
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  // Dropping it cancels the callback, and the command if nothing of it was written. It may outlive the client.
  class Handle {
   public:
    virtual ~Handle() = default;
  };
  using Done = std::function<void(Result<RedisReply, RedisError>)>;
  // `done` runs once, later on the loop, unless the handle or the client goes first. An error reply of the server is a
  // server_error; one inside an array stays there. Not connected: fails on the next turn, except during the first
  // attempt to connect and the first after a sound connection was lost, whose end it waits for. A command that is not
  // answered within `timeout_ms` (0: as the options say) takes the connection down with it, because what is answered
  // next could not be told from its late reply: all commands in flight fail as timed_out.
  [[nodiscard]] std::unique_ptr<Handle> command(std::vector<std::string> argv, Done done, std::int64_t timeout_ms = 0);
  [[nodiscard]] const RedisState& state() const;
  // For connections from now on; the one that stands was let in with what it had.
  void replace_password(Secret password);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lp
