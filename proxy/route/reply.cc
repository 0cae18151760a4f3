#include "proxy/route/reply.h"

#include <string>

#include "base/encoding.h"
#include "config/redirect_target.h"
#include "proxy/route/way_back.h"

namespace lp {
namespace {

using Action = RouteReplySettings::Action;

std::string_view word_of(Action action) {
  switch (action) {
    case Action::sign_in:
      return "sign_in";
    case Action::sign_out:
      return "sign_out";
    case Action::account:
      return "account";
    case Action::none:
      return {};
  }
  return {};
}

std::string_view endpoint_of(Action action) {
  if (action == Action::sign_in) return "/sign-in";
  return action == Action::sign_out ? "/sign-out" : "/";
}

Answer redirect(int status, std::string location) {
  Answer answer;
  answer.status = status;
  answer.add("Location", std::move(location));
  return answer;
}

// To a page of ours, which is told where to return to.
Answer lead_to(Action action, const RouteSettings& route, const Target& target, const AskedReply& asked) {
  std::string location = asked.settings.auth_prefix + std::string(endpoint_of(action));
  if (action == Action::account) return redirect(303, std::move(location));
  const auto source = action == Action::sign_in ? WayBackSource::query_or_referer : WayBackSource::query;
  const std::string back = way_back(route, target, {asked.settings, asked.external, asked.fields}, source);
  if (!back.empty()) location.append("?return_to=").append(percent_encode(back));
  return redirect(303, std::move(location));
}

// Without the slash at its end relative links in its page would lead elsewhere.
Answer folder_redirect(const Target& target) {
  std::string location = target.path + "/";
  if (target.has_query) location.append("?").append(target.query);
  return redirect(301, std::move(location));
}

}  // namespace

Answer reply_of(const RouteSettings& route, const Target& target, const AskedReply& asked) {
  const RouteReplySettings& reply = route.reply;
  if (reply.action != Action::none) return lead_to(reply.action, route, target, asked);
  if (!reply.redirect_to.empty()) {
    const std::string query = target.has_query ? "?" + std::string(target.query) : std::string();
    return redirect(reply.redirect_status, redirect_location(reply.redirect_to, route.path, target.path, query));
  }
  if (!reply.files.empty()) return folder_redirect(target);
  Answer answer;
  answer.status = reply.respond_status;
  const bool has_content = answer.status != 204 && answer.status != 205;  // RFC 9110 15.3.5, 15.3.6
  if (has_content) answer.add("Content-Type", reply.respond_type);
  answer.add("X-Content-Type-Options", "nosniff");
  if (has_content) answer.body = reply.respond_body;
  return answer;
}

std::string describe_reply(const RouteReplySettings& reply) {
  if (!reply.redirect_to.empty())
    return "redirect " + std::to_string(reply.redirect_status) + " to " + reply.redirect_to;
  if (reply.respond_status != 0) return "respond " + std::to_string(reply.respond_status);
  if (!reply.files.empty()) return "static " + reply.files;
  return reply.action == Action::none ? std::string() : "action " + std::string(word_of(reply.action));
}

}  // namespace lp
