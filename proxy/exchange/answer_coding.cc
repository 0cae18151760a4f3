#include "proxy/exchange/answer_coding.h"

#include <utility>

#include "proxy/http/messages.h"

namespace lp {

void AnswerCoding::send_head(ClientStream& client, const CodingQuestion& question, const ResponseHead& head,
                             OutgoingResponse& out) {
  CodingChoice choice = choose_coding(question, head, out.body);
  const bool has_body = out.body.kind != BodyFraming::Kind::none;
  if (choice.coding != Coding::identity && has_body) {
    const std::size_t bytes = BodyCoder::memory_bytes(choice.coding);
    const bool has_room = !budget_.is_short() && memory_.cover(bytes, client_, MemoryUse::waits_without);
    if (has_room) coder_ = BodyCoder::make(choice.coding);
    if (!has_room) choice.coding = Coding::identity;
  }
  if (is_on()) out.body = {BodyFraming::Kind::chunked, 0};
  client.send_head(coded_head(head, choice, question.request, etag_), out);
}

void AnswerCoding::send(ClientStream& client, std::string_view bytes) { pass_on(client, coder_->encode(bytes)); }

void AnswerCoding::flush(ClientStream& client) { pass_on(client, coder_->flush()); }

void AnswerCoding::finish(ClientStream& client) { pass_on(client, coder_->finish()); }

// An empty chunk would be the end.
void AnswerCoding::pass_on(ClientStream& client, std::string_view coded) {
  if (coded.empty()) return;
  sent_bytes_ += coded.size();
  client.send_body(coded);
}

void AnswerCoding::go_on_later(const std::function<void()>& then) {
  if (!later_) later_.emplace(loop_, then);
  later_->start_ms(0);
}

std::uint64_t AnswerCoding::stop() {
  if (later_) later_->stop();
  memory_.release();
  return sent_bytes_;
}

void code_answer(const CompressionSettings& settings, const RequestHead& request, Answer& answer) {
  ResponseHead head;
  head.status = answer.status;
  for (const auto& [name, value] : answer.headers) head.fields.add(name, value);
  const CodingQuestion question{settings, request, false, false};
  const CodingChoice choice = choose_coding(question, head, {BodyFraming::Kind::length, answer.body.size()});
  std::string etag;
  Answer coded{answer.status, {}, {}};
  const ResponseHead result = coded_head(head, choice, request, etag);
  for (const Field& field : result.fields.all()) coded.add(std::string(field.name), std::string(field.value));
  if (choice.coding == Coding::identity) {
    coded.body = std::move(answer.body);
  } else {
    const auto coder = BodyCoder::make(choice.coding);
    coded.body = coder->encode(answer.body);
    coded.body += coder->finish();
  }
  answer = std::move(coded);
}

}  // namespace lp
