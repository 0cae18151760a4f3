#pragma once
#include "auth/visit/load_first.h"
#include "auth/visit/visit.h"

// What Patreon says of a person, on a worker's side: what the session or this process knows is found by one look-up,
// what is not known, or known for too long, is asked while the request waits.
namespace lp {

// Judges with Session::patreon as it is now; else with Visit::cannot_ask_patreon. 503 where nothing is known and nobody
// can be asked. Who is not signed in, and whom the rules let pass without a membership, is judged at once. Only where
// the route, or RequestFacts::also_asked, asks for memberships.
[[nodiscard]] Verdict patreon_first(const Visit& visit, JudgeVisit judge, Waiting waiting);

}  // namespace lp
