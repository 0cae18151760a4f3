#include "proxy/exchange/acme_answer.h"

#include <string>
#include <utility>

#include "base/one_of.h"
#include "config/acme.h"
#include "proxy/exchange/static_file.h"
#include "proxy/route/fixed_answers.h"

namespace lp {
namespace {

constexpr std::size_t kMostBytes = 4096;  // a key authorization has 87

Answer answer_from_file(const std::string& directory, std::string_view token) {
  StaticFile file;
  const bool is_there = !token.empty() && StaticFile::open(directory, std::string(kAcmePath).append(token), file) ==
                                              StaticFile::Outcome::file;
  auto text = is_there ? file.read_whole(kMostBytes) : std::nullopt;
  return text ? text_answer(200, std::move(*text)) : text_answer(404, "No such challenge.\n");
}

}  // namespace

std::optional<Answer> acme_answer(const WorkerContext& context, const ParsedRequest& request) {
  if (!request.path_and_query.starts_with(kAcmePath)) return std::nullopt;
  const std::string_view token = acme_token_in(request.path_and_query);
  const bool asks = is_one_of(request.head.method, {"GET", "HEAD"}) && !token.empty();
  if (asks && !context.server.challenges.is_empty()) {
    if (std::string known = context.server.challenges.find(token); !known.empty())
      return text_answer(200, std::move(known));
  }
  if (!is_of_acme_webroot(request.head.method, request.path_and_query, context.settings)) return std::nullopt;
  return answer_from_file(context.settings.acme_webroot, token);
}

}  // namespace lp
