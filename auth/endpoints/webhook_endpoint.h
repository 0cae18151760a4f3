#pragma once
#include "auth/visit/visit.h"

namespace lp {

// POST {prefix}/webhook: Logto says that a user was suspended or deleted, and all sessions of theirs end. 404 without
// logto.webhook_secret. 200 for every other signed event too; 400 for what is not signed, too old, or came before.
[[nodiscard]] Verdict handle_webhook(const Visit& visit, Waiting waiting);

}  // namespace lp
