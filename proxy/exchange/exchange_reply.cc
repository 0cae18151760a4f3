#include <string>
#include <utility>

#include "base/one_of.h"
#include "proxy/exchange/exchange.h"
#include "proxy/http/file_response.h"
#include "proxy/route/reply.h"
#include "proxy/route/target.h"

// The part of an exchange whose route answers itself.
namespace lp {

void Exchange::reply() {
  if (!facts_.route->reply.files.empty()) return send_file();
  Answer made = reply_of(*facts_.route, resolution_.target, realm_->realm.settings->auth_prefix);
  if (session_ || !set_cookies_.empty()) made.add("Cache-Control", "private, no-store");
  answer(made);
}

void Exchange::send_file() {
  const RequestHead& head = request_->head;
  if (!is_one_of(head.method, {"GET", "HEAD"})) {
    Answer refused = realm_->gatekeeper->error_answer(405, facts_);
    refused.add("Allow", "GET, HEAD");
    return answer(refused);
  }
  const Target& target = resolution_.target;
  const auto path = rewrite_path(target.path, facts_.route->strip_prefix);
  const auto outcome = path ? StaticFile::open(facts_.route->reply.files, *path, file_) : StaticFile::Outcome::none;
  if (outcome == StaticFile::Outcome::none) return answer(realm_->gatekeeper->error_answer(404, facts_));
  if (outcome == StaticFile::Outcome::folder) return answer(folder_redirect(target));
  const FileResponse response = file_response(head.fields, {file_.size_bytes(), file_.modified_ns(), file_.name()});
  enter(AnswerSide::waiting);
  if (session_) realm_->bound_exchanges.bind(*this, *session_);
  send_file_head(response);
  const bool has_body = head.method != "HEAD" && response.length > 0;
  file_.select(response.begin, has_body ? response.length : 0);
  send_more_of_file();
}

void Exchange::send_file_head(const FileResponse& response) {
  record_.status = response.status;
  const bool without_body = request_->head.method == "HEAD" || response.status == 304;
  const std::string length = std::to_string(response.length);
  ResponseHead head;
  head.status = response.status;
  for (const auto& [name, value] : response.headers) head.fields.add(name, value);
  if (without_body && response.status != 304) head.fields.add("Content-Length", length);
  OutgoingResponse out;
  if (!without_body) out.body = {BodyFraming::Kind::length, response.length};
  out.client_version_minor = request_->head.version_minor;
  out.keep_alive = request_->keep_alive && request_side_ == RequestSide::complete &&
                   !context_.server.draining.load(std::memory_order_relaxed);
  out.authenticated = session_ != nullptr;
  out.set_cookies = &set_cookies_;
  record_.bytes_out = without_body ? 0 : response.length;
  client_.send_head(head, out);
  enter(AnswerSide::body);
}

void Exchange::send_more_of_file() {
  switch (file_.send(client_, kHighWaterBytes)) {
    case StaticFile::Progress::waits:
      return;
    case StaticFile::Progress::broken:
      return break_off("the file has become shorter");
    case StaticFile::Progress::done:
      client_.flush();
      conclude();
      return client_.end();
  }
}

}  // namespace lp
