#include "proxy/net/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace lp {
namespace {

// Key updates, alerts and attempts at a new handshake are work that costs the peer next to nothing (threat D25): so
// many, and one more for each so many bytes of data. Nobody needs more; who updates keys does it after gigabytes.
constexpr std::uint64_t kOtherRecords = 32;
constexpr std::uint64_t kBytesPerOtherRecord = 64 * 1024;

int session_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

std::string openssl_reason() {
  const unsigned long code = ERR_peek_last_error();
  const char* const reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "no reason given";
}

// SSL_get_error() looks into the thread's queue of errors, where others may have left some. To clear it costs more than
// to look.
template <class F>
auto without_old_errors(F call) {
  if (ERR_peek_error() != 0) ERR_clear_error();
  return call();
}

}  // namespace

TlsSession::TlsSession(BufferPool& pool, ssl_st* ssl, std::shared_ptr<const void> kept)
    : kept_(std::move(kept)), ssl_(ssl), input_(pool), output_(pool) {
  LP_CHECK(ssl_ != nullptr && SSL_set_ex_data(ssl_, session_index(), this) == 1, "OpenSSL failed");
  BIO* const bio = BIO_new(bio_method());
  LP_CHECK(bio != nullptr, "OpenSSL failed");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
}

// What was not ended in good order is no reason to forget the keys that were agreed on.
TlsSession::~TlsSession() {
  if (!has_failed_) SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(ssl_);
}

TlsSession* TlsSession::of(const ssl_st* ssl) {
  return static_cast<TlsSession*>(SSL_get_ex_data(ssl, session_index()));
}

std::string_view TlsSession::protocol() const {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

void TlsSession::count_records_in(ssl_ctx_st* context) { SSL_CTX_set_msg_callback(context, &on_record); }

// ---- input ------------------------------------------------------------------------------------------------------

ReceiveResult TlsSession::receive(int fd, Buffer& into) {
  has_pending_ = false;
  std::size_t total = 0;
  bool has_read = false;
  for (;;) {
    std::size_t got = 0;
    const Step step = has_failed_ ? Step::failed : read(into, got);
    total += got;
    if (step == Step::plain && is_drained()) {  // the usual case, without asking for what is not here
      input_.release();
      return {ReceiveResult::Kind::data, total};
    }
    if (step == Step::plain && into.room() > 0) continue;
    if (step != Step::nothing || (total == 0 && has_read)) {
      // What is behind these bytes, an end too, is told by the next call.
      has_pending_ = total > 0 && (step != Step::plain || !input_.empty() || SSL_pending(ssl_) > 0);
      if (has_pending_) input_.trim();
      if (total > 0) return {ReceiveResult::Kind::data, total};
      if (step == Step::nothing) return {ReceiveResult::Kind::again, 0};
      return {step == Step::ended ? ReceiveResult::Kind::end : ReceiveResult::Kind::failed, 0};
    }
    if (total > 0) return {ReceiveResult::Kind::data, total};
    const auto kind = read_sealed(fd, into.room());
    if (kind != ReceiveResult::Kind::data) return {kind, 0};
    has_read = true;
  }
}

bool TlsSession::is_drained() const { return input_.empty() && SSL_has_pending(ssl_) == 0; }

TlsSession::Step TlsSession::read(Buffer& into, std::size_t& got) {
  const int result = without_old_errors([&] { return SSL_read_ex(ssl_, into.write_position(), into.room(), &got); });
  note_open();
  if (asks_too_much()) {
    fail("the peer asks for new keys, or warns, again and again");
    return Step::failed;
  }
  if (result != 1) return step_of(result);
  into.wrote(got);
  plain_bytes_ += got;
  return Step::plain;
}

TlsSession::Step TlsSession::step_of(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      input_.release();  // all of it is taken
      return Step::nothing;
    case SSL_ERROR_ZERO_RETURN:
      got_close_notify_ = true;
      return Step::ended;
    default:
      is_untrusted_ = !open_ && SSL_get_verify_result(ssl_) != X509_V_OK;
      fail(is_untrusted_ ? X509_verify_cert_error_string(SSL_get_verify_result(ssl_)) : openssl_reason());
      return Step::failed;
  }
}

void TlsSession::drop_input() {
  has_pending_ = false;
  input_.release();
}

ReceiveResult::Kind TlsSession::read_sealed(int fd, std::size_t wanted) {
  input_.make_room(wanted > BufferPool::kSmallBytes ? BufferPool::kLargeBytes : BufferPool::kSmallBytes);
  const ReceiveResult got = receive_into(fd, input_);
  if (got.kind != ReceiveResult::Kind::data) {
    input_.release();
    if (got.kind == ReceiveResult::Kind::failed) fail("the connection was reset");
    if (got.kind == ReceiveResult::Kind::end) failure_ = "the connection was closed";
    return got.kind;
  }
  if (std::exchange(has_input_begun_, true) || !begins_as_http()) return got.kind;
  is_plain_http_ = true;
  has_pending_ = true;  // whoever is to answer that hears of it by a receive() of its own
  fail("plain HTTP, no TLS");
  return ReceiveResult::Kind::failed;
}

// No first record begins with a letter, and every method does.
bool TlsSession::begins_as_http() {
  const char first = input_.data().front();
  return SSL_is_server(ssl_) == 1 && first >= 'A' && first <= 'Z';
}

ReceiveResult::Kind TlsSession::shake_hands(int fd) {
  for (bool has_read = false;; has_read = true) {
    if (has_failed_) return ReceiveResult::Kind::failed;
    const int result = without_old_errors([&] { return SSL_do_handshake(ssl_); });
    note_open();
    if (result == 1) {
      has_pending_ = !input_.empty();
      return ReceiveResult::Kind::data;
    }
    if (step_of(result) != Step::nothing) return ReceiveResult::Kind::failed;
    if (has_read) return ReceiveResult::Kind::again;
    const auto kind = read_sealed(fd, 0);
    if (kind != ReceiveResult::Kind::data) return kind;
  }
}

// OpenSSL ends the handshake itself when the peer is not who it should be: this is the second lock on that door.
void TlsSession::note_open() {
  if (open_ || SSL_is_init_finished(ssl_) != 1) return;
  LP_CHECK(SSL_get_verify_mode(ssl_) == SSL_VERIFY_NONE || SSL_get_verify_result(ssl_) == X509_V_OK,
           "a peer that was not verified");
  open_ = true;
}

bool TlsSession::has_just_opened() { return open_ && !std::exchange(told_open_, true); }

bool TlsSession::asks_too_much() const { return other_records_ > kOtherRecords + plain_bytes_ / kBytesPerOtherRecord; }

void TlsSession::fail(std::string why) {
  has_failed_ = true;
  failure_ = std::move(why);
  input_.release();
}

// Of each record that comes: its head, and in TLS 1.3 what is inside. A call while the handshake goes on counts
// nothing.
void TlsSession::on_record(int is_ours, int, int type, const void* bytes, std::size_t count, ssl_st* ssl, void*) {
  const bool tells_type = type == SSL3_RT_HEADER || type == SSL3_RT_INNER_CONTENT_TYPE;
  if (is_ours != 0 || !tells_type || count == 0) return;
  const unsigned char inside = *static_cast<const unsigned char*>(bytes);
  TlsSession* const session = of(ssl);
  const bool is_other = inside == SSL3_RT_HANDSHAKE || inside == SSL3_RT_ALERT || inside == SSL3_RT_CHANGE_CIPHER_SPEC;
  if (session != nullptr && session->open_ && is_other) ++session->other_records_;
}

// ---- output -----------------------------------------------------------------------------------------------------

bool TlsSession::seal(std::string_view plain) {
  LP_CHECK(open_, "bytes for a peer that is not known yet");
  std::size_t written = 0;
  const int result = without_old_errors([&] { return SSL_write_ex(ssl_, plain.data(), plain.size(), &written); });
  if (result == 1 && written == plain.size()) return true;
  fail(openssl_reason());
  return false;
}

void TlsSession::seal_end() {
  if (!open_ || has_failed_) return;
  without_old_errors([&] { return SSL_shutdown(ssl_); });
}

// ---- what OpenSSL takes for the network ---------------------------------------------------------------------------

const bio_method_st* TlsSession::bio_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* const made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "buffers");
    LP_CHECK(made != nullptr, "OpenSSL failed");
    BIO_meth_set_read_ex(made, &bio_read);
    BIO_meth_set_write_ex(made, &bio_write);
    BIO_meth_set_ctrl(made, &bio_control);
    return made;
  }();
  return method;
}

int TlsSession::bio_read(bio_st* bio, char* to, std::size_t room, std::size_t* got) {
  BIO_clear_retry_flags(bio);
  Buffer& input = static_cast<TlsSession*>(BIO_get_data(bio))->input_;
  *got = std::min(room, input.size());
  if (*got == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(to, input.data().data(), *got);
  input.consume(*got);
  return 1;
}

int TlsSession::bio_write(bio_st* bio, const char* bytes, std::size_t count, std::size_t* written) {
  static_cast<TlsSession*>(BIO_get_data(bio))->output_.append({bytes, count});
  *written = count;
  return 1;
}

long TlsSession::bio_control(bio_st*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

}  // namespace lp
