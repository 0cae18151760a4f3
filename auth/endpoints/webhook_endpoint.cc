#include "auth/endpoints/webhook_endpoint.h"

#include <utility>
#include <vector>

#include "auth/endpoints/call_by_logto.h"
#include "auth/oidc/webhook.h"
#include "auth/realm/end_sessions.h"
#include "auth/visit/wait.h"
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
  return judge_webhook(visit.facts.body, signatures_of(visit.fields()), key, visit.now_s);
}

Verdict refuse(const Visit& visit, const RuleError& error) {
  return call_refused_and_logged(visit, "webhook refused", error);
}

// False: it came before.
bool end_once(const Visit& visit, const WebhookEvent& event) {
  if (!is_first_delivery(visit.realm, event.delivery_id, event.user_id, event.remember_until_s)) return false;
  if (event.user_id.empty()) return true;
  end_sessions(visit.realm, RevocationKind::sub, event.user_id, event.created_at_ms);
  visit.realm.log.info(
      "Logto ended sessions",
      {{"id", visit.facts.request_id}, {"by", "webhook"}, {"event", event.name}, {"sub", event.user_id}});
  return true;
}

// Whoever set the webhook up at Logto believes that it works. Anybody may call this.
Verdict refuse_without_secret(const Visit& visit) {
  if (const auto times = visit.realm.webhook_without_secret.happened(visit.realm.clock.monotonic_ms())) {
    visit.realm.log.warning(
        "a webhook came and was answered with 404: set logto.webhook_secret to the signing key of the webhook in Logto",
        {{"id", visit.facts.request_id}, {"client", visit.facts.client}, {"times", *times}});
  }
  return status_verdict(visit, "own", 404);
}

Verdict refuse_repeated(const Visit& visit) { return refuse(visit, broken_rule("replay", "event came before")); }

// Other replicas may have got it before, and hear of what it ends before its sender gets an answer.
Verdict end_among_replicas(const Visit& visit, WebhookEvent event, Waiting waiting) {
  const auto hear = [](const Visit& asking, auto answer) {
    return asking.realm.auth->hear_replicas(asking.loop, [answer = std::move(answer)] { answer(true); });
  };
  auto end = [event = std::move(event)](const Visit& judged, bool, Waiting later) {
    if (!end_once(judged, event)) return refuse_repeated(judged);
    const auto tell = [](const Visit& asking, auto answer) {
      return asking.realm.auth->tell_replicas(asking.loop, std::move(answer));
    };
    const auto accept = [](const Visit& told_visit, bool, Waiting) { return call_accepted(told_visit); };
    return wait_for(judged, std::move(later), tell, accept);
  };
  return wait_for(visit, std::move(waiting), hear, std::move(end));
}

}  // namespace

Verdict handle_webhook(const Visit& visit, Waiting waiting) {
  const Secret key = visit.realm.webhook_secret();
  if (key.empty()) return refuse_without_secret(visit);
  if (visit.facts.body_state == BodyFacts::unread) {
    const auto form = judge_signature_form(signatures_of(visit.fields()));
    return form ? need_body_of_call(kMaxWebhookBytes) : refuse(visit, form.error());
  }
  auto event = event_of(visit, key);
  if (!event) return refuse(visit, event.error());
  const bool has_replicas = visit.realm.auth && visit.realm.auth->has_replicas();
  if (has_replicas) return end_among_replicas(visit, std::move(*event), std::move(waiting));
  return end_once(visit, *event) ? call_accepted(visit) : refuse_repeated(visit);
}

}  // namespace lp
