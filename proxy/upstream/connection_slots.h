#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace lp {

// How many connections all workers together may have to one upstream (max_connections), and who waits for one: first
// come, first served, whatever worker. And whose idle connections may be in whose way. Any thread.
class ConnectionSlots {
 public:
  using Ticket = std::uint64_t;

  // One worker's share in them. All calls come from any thread, under the lock: they post to the worker's loop.
  class Member {
   public:
    virtual void slot_is_given(Ticket ticket) = 0;
    virtual void idle_is_wanted() = 0;  // somebody waits for the slot of an idle connection
    virtual void idle_is_in_the_way() = 0;
    virtual void others_wait() = 0;  // somebody does, and nobody did before
    // Of connections that wait for a request, each of which holds a slot. Kept by the member, which looks after each
    // change whether somebody waits.
    std::atomic<int> idle_connections{0};

   protected:
    ~Member() = default;
  };

  ConnectionSlots(std::int64_t most, std::int64_t queue) : most_(most), queue_(queue) {}
  // A member is added before and removed after all that it asks for.
  void add(Member& member);
  void remove(Member& member);

  [[nodiscard]] bool take();
  void give_back();  // to whoever waits for longest
  // Behind all others, after take() has said no: slot_is_given() comes once, unless leave() comes first. nullopt: too
  // many wait already.
  [[nodiscard]] std::optional<Ticket> wait(Member& member);
  // False: the slot has been given, and the ticket's owner has it.
  [[nodiscard]] bool leave(Ticket ticket);
  void tell_of_idle_in_the_way();  // all members
  [[nodiscard]] bool somebody_waits() const { return waiting_count_ > 0; }

 private:
  struct Waiting {
    Ticket ticket;
    Member* member;
  };
  void count_waiting() { waiting_count_ = waiting_.size(); }

  const std::int64_t most_;
  const std::int64_t queue_;
  std::mutex mutex_;  // guards all below
  std::int64_t taken_ = 0;
  Ticket next_ticket_ = 1;
  std::deque<Waiting> waiting_;
  std::vector<Member*> members_;
  std::atomic<std::size_t> waiting_count_{0};
};

}  // namespace lp
