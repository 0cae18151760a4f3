#include "auth/endpoints/webhook_endpoint.h"

#include <vector>

#include "auth/endpoints/call_by_logto.h"
#include "auth/oidc/webhook.h"
#include "auth/realm/end_sessions.h"
#include "base/encoding.h"

namespace lp {
namespace {

std::vector<std::string_view> signatures_of(const Fields& fields) {
  std::vector<std::string_view> values;
  for (const Field& field : fields.all()) {
    if (iequals(field.name, kWebhookSignatureHeader)) values.push_back(field.value);
  }
  return values;
}

Result<WebhookEvent, RuleError> event_of(const Visit& visit, const Secret& key) {
  if (visit.facts.body_state == BodyFacts::too_large) return broken_rule("size", "event is too long");
  auto event = judge_webhook(visit.facts.body, signatures_of(visit.fields()), key, visit.now_s);
  if (!event) return event;
  if (!visit.realm.is_first_delivery(event->delivery_id, visit.now_s, event->remember_until_s)) {
    return broken_rule("replay", "event came before");
  }
  return event;
}

}  // namespace

Verdict handle_webhook(const Visit& visit, Waiting) {
  const Secret key = visit.realm.webhook_secret();
  if (key.empty()) return status_verdict(visit, "own", 404);
  if (visit.facts.body_state == BodyFacts::unread) {
    const auto form = judge_signature_form(signatures_of(visit.fields()));
    return form ? need_body_of_call(kMaxWebhookBytes) : call_refused_and_logged(visit, "webhook refused", form.error());
  }
  const auto event = event_of(visit, key);
  if (!event) return call_refused_and_logged(visit, "webhook refused", event.error());
  if (event->user_id.empty()) return call_accepted(visit);
  end_sessions(visit.realm, RevocationKind::sub, event->user_id, event->created_at_ms);
  visit.realm.log.info("Logto ended sessions",
                       {{"id", visit.facts.request_id}, {"by", "webhook"}, {"event", event->name}});
  return call_accepted(visit);
}

}  // namespace lp
