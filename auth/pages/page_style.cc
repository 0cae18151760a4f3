#include "auth/pages/page_style.h"

#include <optional>
#include <string_view>

namespace lp {
namespace {

// Where colours are forced, backgrounds and shadows go: borders that were transparent show what is a button.
constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--text:#1c2430;--soft:#566072;--line:#dfe3ea;--act:#4534c8;--on-act:#fff}
@media (prefers-color-scheme:dark){:root{--ground:#12151b;--card:#1b2029;--text:#eaedf2;--soft:#a4aebd;--line:#2f3744;--act:#b3a8ff;--on-act:#14122b}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:1.5rem;background:var(--ground);color:var(--text);font:1.0625rem/1.65 system-ui,-apple-system,"Segoe UI","Hiragino Sans","Noto Sans JP","Noto Sans CJK JP",Meiryo,sans-serif}
main{width:100%;max-width:34rem;padding:2.25rem 2.25rem 1.5rem;background:var(--card);border:1px solid var(--line);border-radius:14px}
:lang(ja){line-break:strict}
.actions :lang(ja),.apps :lang(ja),.ways :lang(ja),dt:lang(ja){word-break:auto-phrase}
.site{display:flex;flex-wrap:wrap;align-items:center;gap:.75rem;margin:0 0 1.5rem;font-weight:600;overflow-wrap:anywhere}
.logo{display:block;max-width:100%;height:2.5rem;object-fit:contain}
.status{margin:0;color:var(--soft);font-size:.875rem;letter-spacing:.08em}
h1{margin:.125rem 0 .75rem;font-size:1.5rem;line-height:1.35;text-wrap:balance;overflow-wrap:anywhere}
h1{word-break:keep-all}
p,ul{margin:0 0 1rem}
ul{padding:0;padding-inline-start:1.25rem}
strong,li,.detail{overflow-wrap:anywhere}
strong,dd{word-break:keep-all}
.actions{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1.25rem;margin:1.5rem 0}
.actions form{display:contents}
a{color:var(--act);text-underline-offset:.2em}
.button{display:inline-block;padding:.5625rem 1.25rem;border:2px solid transparent;border-radius:9px;background:var(--act);color:var(--on-act);font:inherit;font-weight:600;line-height:1.4;text-align:center;text-decoration:none;cursor:pointer}
.button.second{border-color:var(--act);background:transparent;color:var(--act)}
.button:hover,a:hover{filter:brightness(1.1)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.25rem;margin:0 0 1rem}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
.apps{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.75rem;margin:1.25rem 0;padding:0;list-style:none}
.apps a{display:flex;align-items:center;gap:.875rem;height:100%;padding:.75rem;border:1px solid var(--line);border-radius:9px;color:inherit;text-decoration:none}
.apps a:hover{border-color:var(--act)}
.icon{flex:none;width:2.5rem;height:2.5rem;border:1px solid transparent;border-radius:7px;object-fit:contain;line-height:2.375rem;text-align:center;font-weight:600}
span.icon{background:var(--act);color:var(--on-act)}
.apps strong,.apps small{display:block;line-height:1.4}
.apps small{color:var(--soft)}
.ways{display:grid;gap:.75rem;margin:1.5rem 0;padding:0;list-style:none}
.ways a{display:flex;align-items:center;gap:.875rem;min-height:3rem;padding:.5625rem 1rem;border:2px solid var(--line);border-radius:9px;color:inherit;font-weight:600;line-height:1.4;text-decoration:none;overflow-wrap:anywhere}
.ways a:hover{border-color:var(--act)}
.ways picture{flex:none;line-height:0}
.ways .blank{flex:none;width:1.5rem}
.ways img{width:1.5rem;height:1.5rem;object-fit:contain}
@media (prefers-color-scheme:dark){.ways img.light{padding:.125rem;border-radius:4px;background:#fff}}
footer{padding-top:.875rem;border-top:1px solid var(--line);color:var(--soft);font-size:.8125rem}
footer p{margin:0 0 .25rem;overflow-wrap:anywhere}
code{font:.8125rem ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
@media (max-width:26rem){body{padding:1rem}main{padding:1.5rem 1.25rem 1rem}h1{font-size:1.25rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.625rem}.actions .button{width:100%;padding:.5625rem .75rem}.actions{text-align:center;justify-content:center}.apps{grid-template-columns:1fr}}
a:focus-visible,.button:focus-visible{outline:3px solid var(--act);outline-offset:3px}
@media (forced-colors:active){main,.icon,.apps a,.ways a{border-color:CanvasText}.button,.button.second{border-color:ButtonText;background:ButtonFace;color:ButtonText}a.button{border-color:LinkText;color:LinkText}}
)css";

void append_color(std::string& css, std::string_view name, const std::optional<Rgb>& color) {
  if (color) css.append("--").append(name).append(":").append(format_color(*color)).append(";");
}

void append_accent(std::string& css, const std::optional<Rgb>& color) {
  append_color(css, "act", color);
  if (color) append_color(css, "on-act", readable_on(*color));
}

std::string rule(const std::optional<Rgb>& accent, const std::optional<Rgb>& background) {
  std::string css = ":root{";
  append_accent(css, accent);
  append_color(css, "ground", background);
  return css + "}";
}

std::optional<Rgb> dark_accent(const PagesSettings& pages) {
  if (pages.accent_dark || !pages.accent) return pages.accent_dark;
  return lightened_for(*pages.accent, kCardDark);
}

}  // namespace

std::string page_style(const PagesSettings& pages) {
  constexpr Rgb kGroundDark{0x12, 0x15, 0x1b};
  std::string css(kStyle);
  // Our page is one card in the middle; a layout has parts above and below it, which a row would put beside it.
  if (pages.layout.is_set()) css.append("body{flex-direction:column}\n");
  if (pages.accent || pages.background) css.append(rule(pages.accent, pages.background)).append("\n");
  const std::optional<Rgb> accent = dark_accent(pages);
  std::optional<Rgb> background = pages.background_dark;
  if (!background && pages.background) background = kGroundDark;  // the other is that of light pages
  if (accent || background)
    css.append("@media (prefers-color-scheme:dark){").append(rule(accent, background)).append("}\n");
  return css;
}

}  // namespace lp
