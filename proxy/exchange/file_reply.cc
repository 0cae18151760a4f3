#include "proxy/exchange/file_reply.h"

#include <ctime>
#include <string>

#include "base/one_of.h"

namespace lp {

FileReply::Outcome FileReply::open(const RouteSettings& route, const Target& target, const RequestHead& head) {
  if (!is_one_of(head.method, {"GET", "HEAD"})) return Outcome::not_allowed;
  const auto path = rewrite_path(target.path, route.strip_prefix);
  if (!path) return Outcome::none;
  // Of /a, which is the folder itself under strip_prefix: /a, relative links would lead to its parent.
  if (*path == "/" && !target.path.ends_with('/')) return Outcome::folder;
  const auto found = StaticFile::open(route.reply.files, *path, file_);
  if (found != StaticFile::Outcome::file) return found == StaticFile::Outcome::none ? Outcome::none : Outcome::folder;
  response_ = file_response(head.fields, {file_.size_bytes(), file_.modified_ns(), file_.name()});
  without_body_ = head.method == "HEAD" || response_.status == 304;
  file_.select(response_.begin, body_bytes());
  return Outcome::file;
}

void FileReply::send_head(OutgoingResponse& out, const SendHead& send) const {
  const std::string length = std::to_string(response_.length);
  ResponseHead head;
  head.status = response_.status;
  const std::string date = http_date(std::time(nullptr));
  head.fields.add("Date", date);
  for (const auto& [name, value] : response_.headers) head.fields.add(name, value);
  if (without_body_ && response_.status != 304) head.fields.add("Content-Length", length);
  if (!without_body_) out.body = {BodyFraming::Kind::length, response_.length};
  send(head, out);
}

}  // namespace lp
