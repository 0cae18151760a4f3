#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace lp {

// A client's connection as whoever accepted it sees it, whatever is spoken on it. It reports its end once, through a
// callback of its own, and is then deleted with defer_delete.
class ClientConnection {
 public:
  virtual ~ClientConnection() = default;

  // Closes it where nothing is lost: it waits for a request and no byte of one is here, nor in the kernel. What is left
  // of its last answer still goes out.
  virtual bool close_if_idle() = 0;
  // For how long it has waited for a request that way; nullopt: it does something.
  [[nodiscard]] virtual std::optional<std::int64_t> idle_ms() const = 0;
  [[nodiscard]] virtual bool is_unused() const = 0;  // no byte of a request has ever come
  // Something of it would be lost by closing now: a request under way or half here, bytes of an answer. Tunnels are not
  // meant.
  [[nodiscard]] virtual bool is_busy() const = 0;
  // Tells the client to send its next requests elsewhere, where that can be said before an answer. Called again and
  // again.
  virtual void drain() {}
  [[nodiscard]] virtual const std::string& peer_address() const = 0;
};

}  // namespace lp
