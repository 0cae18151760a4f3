#include "proxy/http/events_source.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <memory>

namespace lp {
namespace {

struct Counted final : AnswersFromHead {
  explicit Counted(int& alive_in) : alive(alive_in) { ++alive; }
  ~Counted() override { --alive; }
  void on_request(const ParsedRequest&, std::size_t) override {}
  void on_bad_request(const ParseError&) override {}
  int& alive;
};

// Nobody speaks to it here.
ClientStream& some_stream() {
  alignas(std::max_align_t) static char nothing = 0;
  return *reinterpret_cast<ClientStream*>(&nothing);
}

}  // namespace

TEST_CASE("who has retired goes with the next call, for its own may be on the stack") {
  int alive = 0;
  FreshEvents source([&](ClientStream&) { return std::make_unique<Counted>(alive); });
  EventsSource::Handle one = source.take(some_stream());
  source.retire(std::move(one));
  CHECK(alive == 1);
  const EventsSource::Handle two = source.take(some_stream());
  CHECK(alive == 1);
}

TEST_CASE("what is dropped goes at once") {
  int alive = 0;
  FreshEvents source([&](ClientStream&) { return std::make_unique<Counted>(alive); });
  source.take(some_stream()).reset();
  CHECK(alive == 0);
}

}  // namespace lp
