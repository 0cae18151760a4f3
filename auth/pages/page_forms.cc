#include "auth/pages/page_texts.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/check.h"
#include "base/encoding.h"

namespace lp {
namespace {

constexpr std::array kForms = {
    PageForm{PageKind::sign_in_failed,
             400,
             PageAction::try_again,
             PageAction::other_account,
             {{"Sign-in did not work", "The answer of the sign-in service could not be accepted. Please try again."},
              {"サインイン|できませんでした",
               "サインインサービスからの応答を受け付けられませんでした。お手数ですが、もう一度お試しください。"}}},
    PageForm{PageKind::sign_in_unavailable,
             503,
             PageAction::try_again,
             PageAction::home,
             {{"Signing in is not possible right now",
               "The sign-in service cannot answer at the moment. Please try again in a little while."},
              {"ただいま|サインイン|できません",
               "サインインサービスが一時的に利用できません。しばらくしてから、もう一度お試しください。"}}},
    PageForm{
        PageKind::sign_in_expired,
        400,
        PageAction::sign_in,
        PageAction::none,
        {{"This sign-in is no longer valid",
          "It was started too long ago, or in another browser. Please sign in once more."},
         {"このサインインは|無効に|なりました",
          "開始から時間が経過したか、別のブラウザーで開始されたサインインです。もう一度サインインしてください。"}}},
    PageForm{
        PageKind::cookies_needed,
        400,
        PageAction::try_again,
        PageAction::none,
        {{"This sign-in cannot be finished here",
          "The cookie that belongs to it did not come from this browser. Either it was begun in another browser, for "
          "example by whoever sent you this link, or this browser keeps no cookies for this site."},
         {"このブラウザーでは|サインインを|完了できません",
          "このサインインの Cookie "
          "を確認できませんでした。別のブラウザーで開始されたサインイン（受け取ったリンクなど）か、"
          "このブラウザーでこのサイトの Cookie が保存されていない可能性があります。"}}},
    PageForm{
        PageKind::unauthenticated,
        401,
        PageAction::sign_in,
        PageAction::none,
        {{"Please sign in",
          "You are not signed in, or your session has ended. If you were sending a form, it has not been delivered."},
         {"サインイン|してください",
          "サインインしていないか、セッションの有効期限が切れています。フォームを送信した場合、その内容は届いていません"
          "。"}}},
    PageForm{PageKind::forbidden,
             403,
             PageAction::other_account,
             PageAction::home,
             {{"You do not have access to this page", "Your account is not allowed to open it."},
              {"このページを|表示する|権限がありません", "お使いのアカウントでは、このページを表示できません。"}}},
    PageForm{PageKind::not_found,
             404,
             PageAction::home,
             PageAction::none,
             {{"Page not found", "There is nothing at this address."},
              {"ページが|見つかりません", "お探しのページはありません。アドレスをご確認ください。"}}},
    PageForm{PageKind::method_not_allowed,
             405,
             PageAction::home,
             PageAction::none,
             {{"This cannot be done here", "The address exists, but not for this kind of request."},
              {"この操作は|できません", "このアドレスでは、この種類のリクエストを受け付けていません。"}}},
    PageForm{PageKind::misdirected,
             421,
             PageAction::none,
             PageAction::none,
             {{"This address is not served here", "The request names a host that is not configured on this server."},
              {"このアドレスは|提供されていません",
               "リクエストのホスト名は、このサーバーに設定されていません。アドレスをご確認ください。"}}},
    PageForm{PageKind::bad_request,
             400,
             PageAction::home,
             PageAction::none,
             {{"The request was not accepted", "It is malformed, too long or ambiguous, and was not passed on."},
              {"リクエストを|受け付けられませんでした",
               "リクエストの形式が正しくないか、長すぎるため、処理されませんでした。"}}},
    PageForm{PageKind::payload_too_large,
             413,
             PageAction::none,
             PageAction::none,
             {{"Too much data", "What you sent is larger than this server accepts."},
              {"データが|大きすぎます", "送信されたデータは、受け付けられる大きさを超えています。"}}},
    PageForm{
        PageKind::timeout,
        408,
        PageAction::none,
        PageAction::none,
        {{"The request took too long", "It did not arrive completely in time. Please try again."},
         {"時間内に|受信できませんでした", "リクエストの受信が時間内に完了しませんでした。もう一度お試しください。"}}},
    PageForm{
        PageKind::bad_gateway,
        502,
        PageAction::reload,
        PageAction::none,
        {{"The application is not answering properly", "It may be down or restarting. Please try again in a moment."},
         {"アプリケーションから|正しい応答が|ありません",
          "停止中または再起動中の可能性があります。しばらくしてから、もう一度お試しください。"}}},
    PageForm{
        PageKind::unavailable,
        503,
        PageAction::reload,
        PageAction::none,
        {{"Not available right now", "A service that is needed here cannot be reached. Please try again in a moment."},
         {"ただいま|ご利用いただけません",
          "必要なサービスに接続できません。しばらくしてから、もう一度お試しください。"}}},
    PageForm{PageKind::gateway_timeout,
             504,
             PageAction::reload,
             PageAction::none,
             {{"The application took too long", "It did not answer in time. Please try again in a moment."},
              {"アプリケーションの|応答に|時間が|かかっています",
               "時間内に応答がありませんでした。しばらくしてから、もう一度お試しください。"}}},
    PageForm{PageKind::signed_out,
             200,
             PageAction::sign_in,
             PageAction::none,
             {{"You are signed out", "Your session on this site has ended."},
              {"サインアウト|しました", "このサイトからサインアウトしました。ご利用ありがとうございました。"}}},
    PageForm{
        PageKind::confirm_sign_out,
        200,
        PageAction::sign_out,
        PageAction::home,
        {{"Do you want to sign out?", "A link from another place asked for it. Nothing has happened yet."},
         {"サインアウト|しますか？", "ほかのページからサインアウトが求められました。まだサインアウトしていません。"}}},
    PageForm{PageKind::confirm_sign_out_everywhere,
             200,
             PageAction::sign_out_everywhere,
             PageAction::home,
             {{"Do you want to sign out everywhere?",
               "This ends your sessions in all browsers and on all devices. Nothing has happened yet."},
              {"すべての端末から|サインアウト|しますか？",
               "すべてのブラウザーと端末でサインアウトします。まだサインアウトしていません。"}}},
    PageForm{PageKind::carry_fragment,
             200,
             PageAction::sign_in,
             PageAction::none,
             {{"On to the sign-in", "You will be taken there at once. If nothing happens, use the button."},
              {"サインインページへ|移動します", "自動的に移動します。移動しない場合は、下のボタンを押してください。"}}},
    PageForm{PageKind::account,
             200,
             PageAction::sign_out,
             PageAction::sign_out_everywhere,
             {{"Your account", "This is what this site knows of you while you are signed in."},
              {"アカウント", "サインイン中にこのサイトが把握している情報です。"}}},
    // 400 and not 508: HAProxy's "observe layer7" and Envoy's outlier detection count 5xx against the server, and one
    // browser that refuses cookies must not take the proxy out of rotation.
    PageForm{PageKind::loop_stopped,
             400,
             PageAction::try_again,
             PageAction::home,
             {{"Signing in does not get through",
               "Your sign-in does not last, so we have stopped instead of sending you round again. This is why."},
              {"サインインが|完了しません",
               "サインインの結果を維持できないため、繰り返しを避けて停止しました。原因は次のとおりです。"}}},
    PageForm{PageKind::confirm_resume,
             200,
             PageAction::resume,
             PageAction::discard,
             {{"Your form has not been sent yet",
               "Your session had ended when you sent it, so we kept it for you. Do you want to send it now?"},
              {"フォームは|まだ|送信されていません",
               "送信時にセッションの有効期限が切れていたため、内容を一時的にお預かりしています。送信しますか？"}}},
    PageForm{PageKind::request_not_sent,
             401,
             PageAction::sign_in,
             PageAction::home,
             {{"Your form was not sent", "Nothing of it has reached the application, and nothing was changed."},
              {"フォームは|送信されませんでした", "内容はアプリケーションに届いておらず、何も変更されていません。"}}},
    PageForm{PageKind::held_request_gone,
             410,
             PageAction::home,
             PageAction::none,
             {{"Your form was not sent", "Nothing of it has reached the application, and nothing was changed."},
              {"フォームは|送信されませんでした", "内容はアプリケーションに届いておらず、何も変更されていません。"}}},
    PageForm{PageKind::session_unverified,
             503,
             PageAction::reload,
             PageAction::none,
             {{"Your session cannot be renewed right now",
               "The sign-in service cannot be reached. You are still signed in. Please try again in a moment."},
              {"ただいま|セッションを|更新できません",
               "サインインサービスに接続できません。サインインは継続しています。"
               "しばらくしてから、もう一度お試しください。"}}},
    PageForm{PageKind::sign_out_unfinished,
             503,
             PageAction::sign_out,
             PageAction::none,
             {{"Signing out is not finished",
               "You are signed out here, but our other servers could not be told yet. Please sign out once more in a "
               "moment, and do not leave this device to others before."},
              {"サインアウトが|完了していません",
               "このサーバーではサインアウトしましたが、ほかのサーバーにはまだ通知できていません。しばらくしてから、"
               "もう一度サインアウトしてください。それまでは、この端末をほかの人に使わせないでください。"}}},
    PageForm{
        PageKind::sign_out_everywhere_unfinished,
        503,
        PageAction::sign_out_everywhere,
        PageAction::none,
        {{"Signing out everywhere is not finished",
          "Our servers cannot reach each other right now, so your other devices may still be signed in. Please try "
          "again in a moment."},
         {"すべての端末からの|サインアウトが|完了していません",
          "ただいまサーバー間で通信できないため、ほかの端末ではサインインが続いている可能性があります。"
          "しばらくしてから、もう一度お試しください。"}}},
    PageForm{
        PageKind::step_up_needed,
        401,
        PageAction::sign_in,
        PageAction::home,
        {{"Please sign in once more",
          "This page needs a recent sign-in. If you were sending a form, it has not been delivered."},
         {"もう一度|サインイン|してください",
          "このページを使うには、最近のサインインが必要です。フォームを送信した場合、その内容は届いていません。"}}},
    PageForm{PageKind::step_up_failed,
             400,
             PageAction::sign_in_again,
             PageAction::home,
             {{"This page needs a recent sign-in",
               "The sign-in service did not confirm that you have just signed in, so the page stays closed."},
              {"このページには|最近の|サインインが|必要です",
               "サインインサービスから、直前にサインインしたことの確認が得られませんでした。"}}},
    PageForm{PageKind::proof_missing,
             400,
             PageAction::sign_in_again,
             PageAction::home,
             {{"Please prove once more who you are",
               "Your session had been ended, so this site asks for a new sign-in. The sign-in service did not confirm "
               "that there was one."},
              {"もう一度|サインインが|必要です",
               "セッションが終了しているため、あらためてサインインが必要です。サインインサービスから、"
               "新たにサインインしたことの確認が得られませんでした。"}}},
    PageForm{PageKind::sign_in_denied,
             403,
             PageAction::other_account,
             PageAction::home,
             {{"You were not let in",
               "The sign-in service refused: this account may not use this site, or the sign-in was cancelled."},
              {"サインインが|許可されませんでした",
               "お使いのアカウントではこのサイトを利用できないか、サインインがキャンセルされました。"}}},
    PageForm{PageKind::sign_in_broken,
             502,
             PageAction::none,
             PageAction::home,
             {{"Nobody can sign in right now",
               "This site and its sign-in service do not agree. Only the operator can mend that; please tell them the "
               "request ID below."},
              {"現在|サインイン|できません",
               "このサイトとサインインサービスの設定に問題があります。"
               "管理者にしか解決できないため、下のリクエスト ID を管理者にお知らせください。"}}},
    PageForm{PageKind::token_refused,
             403,
             PageAction::sign_in_again,
             PageAction::home,
             {{"The application cannot be used with this account",
               "It acts at another service in your name, and the sign-in service does not give you what that takes."},
              {"このアカウントでは|アプリケーションを|利用できません",
               "アプリケーションが別のサービスを代理で利用するために必要な許可を、サインインサービスから得られませんで"
               "した。"}}},
    PageForm{PageKind::session_too_large,
             500,
             PageAction::other_account,
             PageAction::none,
             {{"Your account holds more than can be kept here",
               "This mostly means a great many roles or organizations, and signing in again will not help. Please ask "
               "whoever runs this site, and tell them the request ID below."},
              {"アカウントの情報が|多すぎるため、|サインイン|できません",
               "ロールまたは組織の数が非常に多い場合に起こり、もう一度サインインしても解決しません。"
               "下のリクエスト ID を添えて、このサイトの管理者にお問い合わせください。"}}},
};

constexpr std::array<PageWords, kLanguages> kWords = {
    PageWords{"en", "Request ID", "Reason:", "You are signed in as", "This page needs:", "What we saw:",
              "This server is", "For whoever runs this site: it would pass on a route with"},
    PageWords{"ja", "リクエスト ID", "理由:", "サインイン中のアカウント:", "このページに必要なもの:", "確認できた事実:",
              "このサーバーのアドレス:", "サイト管理者向け: ルートに次の設定があれば通過します:"},
};

struct ActionLabel {
  PageAction action;
  std::array<std::string_view, kLanguages> label;
};
constexpr std::array kActions = {
    ActionLabel{PageAction::none, {"", ""}},
    ActionLabel{PageAction::sign_in, {"Sign in", "サインイン"}},
    ActionLabel{PageAction::try_again, {"Try again", "もう一度試す"}},
    ActionLabel{PageAction::other_account, {"Use another account", "別のアカウントでサインイン"}},
    ActionLabel{PageAction::reload, {"Try again", "もう一度試す"}},
    ActionLabel{PageAction::home, {"Go to the start page", "トップページへ"}},
    ActionLabel{PageAction::sign_out, {"Sign out", "サインアウト"}},
    ActionLabel{PageAction::sign_out_everywhere, {"Sign out everywhere", "すべての端末からサインアウト"}},
    ActionLabel{PageAction::resume, {"Send it now", "送信する"}},
    ActionLabel{PageAction::discard, {"Discard it", "破棄する"}},
    ActionLabel{PageAction::sign_in_again, {"Sign in again", "もう一度サインイン"}},
};

}  // namespace

const PageForm& page_form(PageKind kind) {
  const auto found = std::find_if(kForms.begin(), kForms.end(), [&](const PageForm& f) { return f.kind == kind; });
  LP_CHECK(found != kForms.end(), "a page without texts");
  return *found;
}

const PageWords& page_words(Language language) { return kWords[index_of(language)]; }

std::string_view action_label(PageAction action, Language language) {
  const auto found =
      std::find_if(kActions.begin(), kActions.end(), [&](const ActionLabel& a) { return a.action == action; });
  LP_CHECK(found != kActions.end(), "an action without a label");
  return found->label[index_of(language)];
}

}  // namespace lp
