#include "auth/loops/texts.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"

namespace lp {
namespace {

struct CauseText {
  LoopCause cause;
  struct {
    std::string_view what;
    std::string_view visitor;
    std::string_view operator_;
  } text[kLanguages];
};
constexpr std::array kCauses = {
    CauseText{LoopCause::cookie_not_returned,
              {{"Your browser did not send our session cookie back.",
                "You can: allow cookies for this site, or try without extensions that block them.",
                "The operator can: look for something in front of the proxy that removes Set-Cookie or Cookie."},
               {"ブラウザーからセッション Cookie が送信されませんでした。",
                "お試しください: このサイトの Cookie を許可する。Cookie をブロックする拡張機能を無効にする。",
                "管理者の方へ: 前段のサーバーが Set-Cookie や Cookie を削除していないか確認してください。"}}},
    CauseText{LoopCause::cookie_removed_on_path,
              {{"Cookies arrive when you come back from signing in, but not at the address you want to open.",
                "You can: report this page to the operator. It is not your browser's fault.",
                "The operator can: let the CDN or proxy in front pass cookies (and not cache) for this path."},
               {"サインインからの戻り先では Cookie が届きますが、開こうとしたアドレスでは届いていません。",
                "お試しください: この画面を管理者にお知らせください。ブラウザーの問題ではありません。",
                "管理者の方へ: 前段の CDN やプロキシで、このパスの Cookie "
                "を転送し、キャッシュしないように設定してください。"}}},
    CauseText{LoopCause::insecure_cookie,
              {{"Our cookie may only travel over https, and this connection is not https all the way to your browser.",
                "You can: open the address with https:// in front.",
                "The operator can: serve the site over https and set X-Forwarded-Proto in front of the proxy, or make "
                "external_urls say what browsers really use."},
               {"Cookie は https でのみ送信できますが、ブラウザーとの通信が https ではありません。",
                "お試しください: アドレスの先頭を https:// にして開く。",
                "管理者の方へ: サイトを https で公開して前段で X-Forwarded-Proto を設定するか、external_urls "
                "を実際のアドレスに合わせてください。"}}},
    CauseText{LoopCause::wrong_domain,
              {{"Our session cookie is set for a domain that does not cover this host, so browsers refuse it.",
                "You can: report this page to the operator. It is not your browser's fault.",
                "The operator can: remove session.cookie.domain, or set it to a parent domain of this host."},
               {"セッション Cookie のドメイン設定がこのホストに合わないため、ブラウザーに拒否されています。",
                "お試しください: この画面を管理者にお知らせください。ブラウザーの問題ではありません。",
                "管理者の方へ: session.cookie.domain を削除するか、このホストの親ドメインを設定してください。"}}},
    CauseText{LoopCause::duplicate_cookie,
              {{"Your browser sends two different cookies under the name of our session cookie.",
                "You can: delete the cookies of this site, then try again.",
                "The operator can: see who else sets this name for a parent domain, or choose another "
                "session.cookie.name (after a change of session.cookie.domain the old cookies live on)."},
               {"同じ名前の Cookie が二つ送信されています。",
                "お試しください: このサイトの Cookie を削除してから、もう一度試す。",
                "管理者の方へ: 親ドメインで同じ名前の Cookie が設定されていないか確認するか、別の session.cookie.name "
                "を使用してください。"}}},
    CauseText{
        LoopCause::cookie_too_large,
        {{"Your session is too large: not all of its cookies came back.",
          "You can: delete the other cookies of this site, then try again.",
          "The operator can: keep fewer or smaller claims (identity_headers), allow larger request headers in "
          "front of the proxy, or keep sessions in Redis (session.store)."},
         {"セッションが大きすぎるため、Cookie の一部が届いていません。",
          "お試しください: このサイトのほかの Cookie を削除してから、もう一度試す。",
          "管理者の方へ: identity_headers のクレームを減らす、前段のヘッダー上限を上げる、または session.store で "
          "Redis を使用してください。"}}},
    CauseText{
        LoopCause::different_secrets,
        {{"The cookie that came back was sealed with another secret than this server has.",
          "You can: report this page to the operator. It is not your browser's fault.",
          "The operator can: give all replicas the same session.secret, and keep the old one as the second in "
          "the list while changing it."},
         {"届いた Cookie は、このサーバーとは別のシークレットで暗号化されています。",
          "お試しください: この画面を管理者にお知らせください。ブラウザーの問題ではありません。",
          "管理者の方へ: すべてのレプリカで同じ session.secret を使用し、変更時は古い値を二番目に残してください。"}}},
    CauseText{LoopCause::clock_skew,
              {{"Your session was already over, or not yet valid, when it came back: the servers' clocks disagree.",
                "You can: report this page to the operator. It is not your browser's fault.",
                "The operator can: synchronise the clocks of all replicas (NTP), and see whether "
                "session.idle_timeout and session.max_lifetime are long enough."},
               {"戻った時点でセッションが期限切れ、または有効期間前でした。サーバーの時計がずれています。",
                "お試しください: この画面を管理者にお知らせください。ブラウザーの問題ではありません。",
                "管理者の方へ: すべてのレプリカの時刻を NTP で同期し、session.idle_timeout と session.max_lifetime "
                "を確認してください。"}}},
    CauseText{LoopCause::ended_at_once,
              {{"Your session came back in order, but it had been ended or was refused each time.",
                "You can: wait a moment and try again; if it goes on, report this page to the operator.",
                "The operator can: look in the log for why sessions of this user end (revocations, refresh, Logto)."},
               {"セッションは正しく届きましたが、そのたびに終了または拒否されています。",
                "お試しください: しばらくしてから、もう一度試す。続く場合は管理者にお知らせください。",
                "管理者の方へ: "
                "このユーザーのセッションが終了する理由（失効、更新、Logto）をログで確認してください。"}}},
    CauseText{LoopCause::sent_back,
              {{"You are signed in here, but what you open sends you to sign in again each time.",
                "You can: report this page to the operator. It is not your browser's fault.",
                "The operator can: make the app take the person from the header fields below for signed in, and not "
                "send them "
                "to its own sign-in; where another proxy asks us, let it send the Cookie field along."},
               {"サインイン済みですが、開いたページからそのたびにサインイン画面へ戻されています。",
                "お試しください: この画面を管理者にお知らせください。ブラウザーの問題ではありません。",
                "管理者の方へ: "
                "アプリが下記のヘッダーの利用者をサインイン済みとして扱い、アプリ自身のサインイン画面へ移動させない"
                "ように設定してください。別のプロキシが問い合わせる構成では、Cookie も転送してください。"}}},
};

struct SightText {
  LoopSight sight;
  std::string_view text[kLanguages];
};
constexpr std::array kSights = {
    SightText{LoopSight::session_was_set,
              {"{0} s ago this browser was given a session in {1} cookie(s), {2} bytes.",
               "{0} 秒前に、{1} 個の Cookie（{2} バイト）でセッションを設定しました。"}},
    SightText{LoopSight::nothing_came_back,
              {"No session cookie came back.", "セッション Cookie は一つも届いていません。"}},
    SightText{
        LoopSight::some_came_back,
        {"Of these, not all came back: {0} cookie(s), {1} bytes.", "届いたのは一部だけです: {0} 個、{1} バイト。"}},
    SightText{LoopSight::came_twice,
              {"A cookie of that name came more than once ({0} name(s)).",
               "同じ名前の Cookie が複数届きました（{0} 種類）。"}},
    SightText{LoopSight::does_not_open,
              {"A session cookie of {0} bytes came back and does not open.",
               "{0} バイトのセッション Cookie が届きましたが、復号できません。"}},
    SightText{LoopSight::cookie_domain,
              {"session.cookie.domain is {0}, the host is {1}.", "session.cookie.domain は {0}、ホストは {1} です。"}},
    SightText{LoopSight::plain_http,
              {"The request came by plain http (X-Forwarded-Proto), the external URL is {0}.",
               "リクエストは http で届きました（X-Forwarded-Proto）。外部 URL は {0} です。"}},
    SightText{
        LoopSight::none_needs_secure,
        {"The external URL {0} is not https, but the cookie's settings need https (SameSite=None or its name).",
         "外部 URL {0} は https ではありませんが、Cookie の設定（SameSite=None または名前）には https が必要です。"}},
    SightText{LoopSight::secrets_differ,
              {"It was made with the secret {0}, this server's first secret is {1} (fingerprints).",
               "作成時のシークレットは {0}、このサーバーのものは {1} です（フィンガープリント）。"}},
    SightText{LoopSight::ahead_of_our_clock,
              {"It was made {0} s in the future by this server's clock.",
               "このサーバーの時計では、{0} 秒未来に作成されたものです。"}},
    SightText{LoopSight::expired_on_arrival,
              {"It had expired {0} s after it was made.", "作成から {0} 秒後に期限切れになっていました。"}},
    SightText{
        LoopSight::ended_though_current,
        {"It opens and has not expired, but is not accepted.", "復号でき期限内ですが、受け付けられませんでした。"}},
    SightText{
        LoopSight::not_in_store,
        {"It names a session that the store does not have.", "セッションストアに該当するセッションがありません。"}},
    SightText{LoopSight::callback_has_session,
              {"The callback got the session ({0} cookie(s)); the request before it came without.",
               "コールバックにはセッション（Cookie {0} 個）が届きましたが、その前のリクエストには届いていません。"}},
    SightText{LoopSight::attempt_cookie_missing,
              {"The cookie that we set before sending you to sign in did not come back, twice.",
               "サインイン前に設定した Cookie が、二度とも届きませんでした。"}},
    SightText{LoopSight::attempt_cookie_opens_not,
              {"This browser has the cookie of this sign-in, but neither that nor the state can be opened here.",
               "このサインインの Cookie は届きましたが、このサーバーでは Cookie も state も復号できません。"}},
    SightText{LoopSight::sent_back_signed_in,
              {"This browser, signed in, has come here {0} times within {1} s and was sent back to {2} each time.",
               "サインイン済みのこのブラウザーは {1} 秒以内に {0} 回ここへ来て、そのたびに {2} へ戻されました。"}},
    SightText{LoopSight::told_app,
              {"Route {0} tells its app who it is in these fields: {1}.",
               "ルート {0} は次のヘッダーで利用者をアプリに伝えます: {1}。"}},
    SightText{LoopSight::told_nothing,
              {"Route {0} tells its app nothing of who it is (identity_headers, access).",
               "ルート {0} は利用者をアプリに伝えません（identity_headers、access）。"}},
    SightText{LoopSight::asked_by_other_proxy,
              {"Route {0} has no app here: another proxy asks before it, and must send us the browser's Cookie field.",
               "ルート {0} のアプリは別のプロキシにあり、そのプロキシがブラウザーの Cookie "
               "を送って問い合わせる必要があります。"}},
    SightText{
        LoopSight::answers_itself,
        {"Route {0} answers itself: look where it leads.", "ルート {0} は自ら応答します。行き先を確認してください。"}},
    SightText{LoopSight::no_route_there, {"No route is for that page.", "そのページに対応するルートはありません。"}},
    SightText{LoopSight::action_leads_here,
              {"This leads here: {0} (action: sign_in).", "次のルートがここへ導きます: {0}（action: sign_in）。"}},
};

const CauseText& cause_text(LoopCause cause) {
  const auto found = std::find_if(kCauses.begin(), kCauses.end(), [&](const CauseText& c) { return c.cause == cause; });
  LP_CHECK(found != kCauses.end(), "a cause without texts");
  return *found;
}

std::string filled(std::string_view text, const std::vector<std::string>& values) {
  std::string line;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '{') {
      line += text[at];
      continue;
    }
    const auto index = static_cast<std::size_t>(text[at + 1] - '0');
    if (index < values.size()) line += values[index];
    at += 2;
  }
  return line;
}

std::string sight_line(const LoopEvidence& evidence, Language language) {
  const auto found =
      std::find_if(kSights.begin(), kSights.end(), [&](const SightText& s) { return s.sight == evidence.sight; });
  LP_CHECK(found != kSights.end(), "a sight without a text");
  return filled(found->text[index_of(language)], evidence.values);
}

}  // namespace

std::vector<std::string> loop_paragraphs(const LoopFinding& finding, Language language) {
  const auto& text = cause_text(finding.cause).text[index_of(language)];
  return {std::string(text.what), std::string(text.visitor), std::string(text.operator_)};
}

std::vector<std::string> loop_evidence(const LoopFinding& finding, Language language) {
  std::vector<std::string> lines;
  for (const LoopEvidence& evidence : finding.evidence) lines.push_back(sight_line(evidence, language));
  return lines;
}

std::string loop_evidence_line(const LoopFinding& finding) {
  std::string line;
  for (const std::string& text : loop_evidence(finding, Language::english)) {
    line.append(line.empty() ? "" : " ").append(text);
  }
  return line;
}

Answer make_loop_page(PageFacts facts, const LoopFinding& finding) {
  const Language language = choose_language(facts.accept_language);
  facts.paragraphs = loop_paragraphs(finding, language);
  facts.evidence = loop_evidence(finding, language);
  facts.detail = loop_cause_word(finding.cause);
  return make_page(PageKind::loop_stopped, facts);
}

}  // namespace lp
