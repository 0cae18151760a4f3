#include "auth/held/held_pages.h"

#include <algorithm>
#include <array>

#include "auth/pages/person_words.h"
#include "base/check.h"

namespace lp {
namespace {

struct Reason {
  NotHeld why;
  std::string_view word;
  std::string_view text[kLanguages];
};
// An empty text: nobody is told, for what was sent was no form.
constexpr std::array kReasons = {
    Reason{NotHeld::none, "none", {"", ""}},
    Reason{NotHeld::off,
           "off",
           {"This address does not keep forms while you sign in.",
            "このアドレスでは、サインイン中にフォームの内容を保持しません。"}},
    Reason{NotHeld::not_a_form, "not_a_form", {"", ""}},
    Reason{NotHeld::other_site,
           "other_site",
           {"It was sent from another site, and such forms are not kept.",
            "別のサイトから送信されたフォームは保持されません。"}},
    Reason{NotHeld::content_type,
           "content_type",
           {"It was sent in a form that is not kept.", "この形式のデータは保持されません。"}},
    Reason{NotHeld::too_large,
           "too_large",
           {"It is larger than the 1 MiB that we can keep while you sign in.",
            "サインイン中に保持できるのは 1 MiB までです。"}},
    Reason{
        NotHeld::session,
        "session",
        {"It can only be kept when your session has just run out. Yours had been ended, ran out too long ago, or was "
         "not there.",
         "保持できるのは、有効期限が切れて間もないセッションから送信された場合だけです。"
         "サインアウトなどで終了していた場合や、期限切れから時間が経過している場合は保持されません。"}},
    Reason{NotHeld::target, "target", {"Its address is not one that can be kept.", "このアドレスは保持できません。"}},
    Reason{NotHeld::no_room,
           "no_room",
           {"There is no room to keep it at the moment.", "現在、保持できる容量に空きがありません。"}},
    Reason{NotHeld::gone,
           "gone",
           {"We kept it for ten minutes, for one use. That time is over, it has been sent already, or a newer form has "
            "taken its place.",
            "保持期間（10 分間、1 回限り）が過ぎたか、すでに送信済みか、新しいフォームに置き換えられました。"}},
    Reason{NotHeld::other_person,
           "other_person",
           {"It was written by another user than the one who is signed in now.",
            "現在サインインしているユーザーとは別のユーザーが入力したものです。"}},
};

struct Advice {
  std::string_view text[kLanguages];
};
constexpr Advice kAdvice{
    {"To save what you typed, use your browser's back button first and copy it. Then sign in, and send it again.",
     "入力内容を残すには、ブラウザーの「戻る」で前の画面に戻り、内容をコピーしてください。"
     "その後、サインインしてから送信し直してください。"}};

const Reason& reason_of(NotHeld why) {
  const auto found = std::find_if(kReasons.begin(), kReasons.end(), [&](const Reason& r) { return r.why == why; });
  LP_CHECK(found != kReasons.end(), "a reason without a text");
  return *found;
}

}  // namespace

Answer make_resume_page(PageFacts facts, const HeldRequest& held, const HeldTicket& ticket) {
  const Language language = choose_language(facts.accept_language);
  const bool japanese = language == Language::japanese;
  facts.rows = {{japanese ? "送信先" : "To", held.method + " " + held.origin + held.target},
                {japanese ? "データ量" : "Size", size_text(held.body.size(), language)}};
  facts.resume_target = held.target;
  facts.resume_token = resume_token(ticket);
  return make_page(PageKind::confirm_resume, facts);
}

Answer make_not_sent_page(PageKind kind, PageFacts facts, NotHeld why) {
  const std::size_t language = index_of(choose_language(facts.accept_language));
  const std::string_view reason = reason_of(why).text[language];
  if (!reason.empty()) facts.paragraphs.emplace_back(reason);
  if (kind == PageKind::request_not_sent) facts.paragraphs.emplace_back(kAdvice.text[language]);
  return make_page(kind, facts);
}

std::string_view not_held_word(NotHeld why) { return reason_of(why).word; }

}  // namespace lp
