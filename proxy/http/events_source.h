#pragma once
#include <functional>
#include <memory>
#include <utility>

#include "proxy/http/stream.h"

namespace lp {

// Where streams find somebody to answer a request, and bring back who has. One worker.
class EventsSource {
 public:
  // At once: not while a call of it may be on the stack.
  struct Destroy {
    Destroy() noexcept : source(nullptr) {}
    explicit Destroy(EventsSource& of) noexcept : source(&of) {}
    EventsSource* source;
    void operator()(RequestEvents* events) const { source->destroy(events); }
  };
  using Handle = std::unique_ptr<RequestEvents, Destroy>;

  EventsSource() = default;
  virtual ~EventsSource() = default;
  EventsSource(const EventsSource&) = delete;
  EventsSource& operator=(const EventsSource&) = delete;

  // For one request of `stream`, which outlives it. From the loop: never from inside a call of any of them, for this is
  // where the one that has retired goes.
  [[nodiscard]] Handle take(ClientStream& stream) {
    retired_.reset();
    return Handle(make(stream), Destroy(*this));
  }
  // Its answer has ended and nobody speaks to it any more, but that call of it may be on the stack: it goes with the
  // next call of this or of take(), for none ends inside a call of another. It looks at its stream no more.
  void retire(Handle events) { retired_ = std::move(events); }
  // No request will come by it any more.
  virtual void forget(const ClientStream& /*stream*/) {}
  // Memory that is kept for those to come.
  virtual void drop_free() {}

 protected:
  void drop_retired() { retired_.reset(); }  // to be called by destructors

 private:
  [[nodiscard]] virtual RequestEvents* make(ClientStream& stream) = 0;
  virtual void destroy(RequestEvents* events) = 0;

  Handle retired_;
};

// A new one each time.
class FreshEvents final : public EventsSource {
 public:
  using Make = std::function<std::unique_ptr<RequestEvents>(ClientStream&)>;
  explicit FreshEvents(Make make) : make_(std::move(make)) {}
  ~FreshEvents() override { drop_retired(); }

 private:
  [[nodiscard]] RequestEvents* make(ClientStream& stream) override { return make_(stream).release(); }
  void destroy(RequestEvents* events) override { const std::unique_ptr<RequestEvents> gone(events); }

  Make make_;
};

}  // namespace lp
