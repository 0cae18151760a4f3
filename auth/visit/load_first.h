#pragma once
#include <functional>

#include "auth/visit/visit.h"

// Sessions in a store: from the handle in the cookie to the session, before anything is judged.
namespace lp {

using JudgeVisit = std::function<Verdict(const Visit&, Waiting)>;

enum class WithoutStore { refuse, signed_out };
// Asks the store for the session of visit.session.to_load, then judges with it; signed out where there is none. While
// the store is away, a session that this process has had before is taken as it was; for another `judge` is not called:
// nothing says that its person is signed out, so the answer is 503, or where `without_store` allows, as if signed out.
[[nodiscard]] Verdict load_session_first(const Visit& visit, WithoutStore without_store, JudgeVisit judge,
                                         Waiting waiting);

// 503 with Retry-After: nobody can say now whether this person is still signed in. The cookie stays.
[[nodiscard]] Verdict unproven_verdict(const Visit& visit);

}  // namespace lp
