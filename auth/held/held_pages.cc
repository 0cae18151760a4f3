#include "auth/held/held_pages.h"

#include <algorithm>
#include <array>
#include <optional>

#include "auth/pages/person_words.h"
#include "base/check.h"

namespace lp {
namespace {

struct Reason {
  NotHeld why;
  std::string_view word;
  std::optional<TextKey> text;  // none: nobody is told, for what was sent was no form
};
constexpr std::array kReasons = {
    Reason{NotHeld::none, "none", std::nullopt},
    Reason{NotHeld::off, "off", TextKey("not_sent.off")},
    Reason{NotHeld::not_a_form, "not_a_form", std::nullopt},
    Reason{NotHeld::other_site, "other_site", TextKey("not_sent.other_site")},
    Reason{NotHeld::content_type, "content_type", TextKey("not_sent.content_type")},
    Reason{NotHeld::too_large, "too_large", TextKey("not_sent.too_large")},
    Reason{NotHeld::session, "session", TextKey("not_sent.session")},
    Reason{NotHeld::target, "target", TextKey("not_sent.target")},
    Reason{NotHeld::no_room, "no_room", TextKey("not_sent.no_room")},
    Reason{NotHeld::gone, "gone", TextKey("not_sent.gone")},
    Reason{NotHeld::other_person, "other_person", TextKey("not_sent.other_person")},
};

const Reason& reason_of(NotHeld why) {
  const auto found = std::find_if(kReasons.begin(), kReasons.end(), [&](const Reason& r) { return r.why == why; });
  LP_CHECK(found != kReasons.end(), "a reason without a text");
  return *found;
}

}  // namespace

Answer make_resume_page(PageFacts facts, const HeldRequest& held, const HeldTicket& ticket) {
  const Language language = facts.language();
  facts.rows = {{std::string(language.say("resume.to")), held.method + " " + held.origin + held.target},
                {std::string(language.say("resume.size")), size_text(held.body.size(), language)}};
  facts.resume_target = held.target;
  facts.resume_token = resume_token(ticket);
  return make_page(PageKind::confirm_resume, facts);
}

Answer make_not_sent_page(PageKind kind, PageFacts facts, NotHeld why) {
  const Language language = facts.language();
  if (const auto& reason = reason_of(why).text) facts.paragraphs.emplace_back(language.say(*reason));
  if (kind == PageKind::request_not_sent) facts.paragraphs.emplace_back(language.say("not_sent.advice"));
  return make_page(kind, facts);
}

std::string_view not_held_word(NotHeld why) { return reason_of(why).word; }

}  // namespace lp
