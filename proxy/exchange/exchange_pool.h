#pragma once
#include <optional>

#include "proxy/exchange/exchange.h"
#include "proxy/http/events_source.h"
#include "proxy/net/free_list.h"

namespace lp {

// Exchanges of one door on one worker, each made in the memory of one that has ended. The context outlives it.
class ExchangePool final : public EventsSource {
 public:
  ExchangePool(WorkerContext& context, Door door) : context_(context), door_(door) {}
  ~ExchangePool() override { drop_retired(); }
  // What apps have signed in for this client's connection is nobody else's.
  void forget(const ClientStream& stream) override { context_.upstreams.close_held_by(&stream); }
  void drop_free() override {
    drop_retired();
    free_.drop();
  }

 private:
  struct Place : ExchangeMemory {
    std::optional<Exchange> exchange;
    void start_over() {
      exchange.reset();
      ExchangeMemory::start_over();
    }
  };

  [[nodiscard]] RequestEvents* make(ClientStream& client) override {
    Place* const place = free_.take().release();
    return &place->exchange.emplace(context_, client, door_, *place);
  }
  void destroy(RequestEvents* events) override {
    ExchangeMemory& kept = static_cast<Exchange*>(events)->kept();
    free_.give(std::unique_ptr<Place>(static_cast<Place*>(&kept)));
  }

  WorkerContext& context_;
  const Door door_;
  FreeList<Place> free_;
};

}  // namespace lp
