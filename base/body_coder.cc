#include "base/body_coder.h"

#include <brotli/encode.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/check.h"

namespace lp {
namespace {

// What a worker can spare beside its other connections: about 50 MB of text a second each.
constexpr int kGzipLevel = 4;
constexpr int kBrotliQuality = 4;
// 128 KiB: what a larger one gains costs each answer memory, here and there.
constexpr int kBrotliWindowBits = 17;
constexpr int kGzipWindowBits = 15 + 16;  // with the header of gzip
constexpr int kGzipMemoryLevel = 8;

class GzipCoder final : public BodyCoder {
 public:
  GzipCoder() {
    LP_CHECK(
        deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, kGzipWindowBits, kGzipMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK,
        "no memory for a gzip stream");
  }
  ~GzipCoder() override { deflateEnd(&stream_); }
  GzipCoder(const GzipCoder&) = delete;
  GzipCoder& operator=(const GzipCoder&) = delete;

 private:
  void run(Step step, std::string_view bytes, std::string& out) override {
    const int mode = step == Step::encode ? Z_NO_FLUSH : step == Step::flush ? Z_SYNC_FLUSH : Z_FINISH;
    LP_CHECK(bytes.size() <= std::numeric_limits<uInt>::max(), "a body comes in pieces");
    // zlib reads from a pointer that it does not call constant.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    std::array<char, 16 * 1024> piece;
    int result = Z_OK;
    do {  // as long as the output is filled there may be more
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = static_cast<uInt>(piece.size());
      result = deflate(&stream_, mode);
      LP_CHECK(result != Z_STREAM_ERROR, "a gzip stream that is in order");
      out.append(piece.data(), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0 && result != Z_STREAM_END);
  }

  z_stream stream_{};
};

class BrotliCoder final : public BodyCoder {
 public:
  BrotliCoder() : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    LP_CHECK(state_ != nullptr, "no memory for a brotli stream");
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, kBrotliQuality);
    BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, kBrotliWindowBits);
  }
  ~BrotliCoder() override { BrotliEncoderDestroyInstance(state_); }
  BrotliCoder(const BrotliCoder&) = delete;
  BrotliCoder& operator=(const BrotliCoder&) = delete;

 private:
  void run(Step step, std::string_view bytes, std::string& out) override {
    const BrotliEncoderOperation operation = step == Step::encode  ? BROTLI_OPERATION_PROCESS
                                             : step == Step::flush ? BROTLI_OPERATION_FLUSH
                                                                   : BROTLI_OPERATION_FINISH;
    std::size_t left = bytes.size();
    const auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
    do {
      std::size_t no_room = 0;
      const bool works = BrotliEncoderCompressStream(state_, operation, &left, &next, &no_room, nullptr, nullptr) != 0;
      LP_CHECK(works, "a brotli stream that is in order");
      std::size_t size = 0;
      const std::uint8_t* made = BrotliEncoderTakeOutput(state_, &size);
      out.append(reinterpret_cast<const char*>(made), size);
    } while (left > 0 || BrotliEncoderHasMoreOutput(state_) != 0 ||
             (step == Step::finish && BrotliEncoderIsFinished(state_) == 0));
  }

  BrotliEncoderState* state_;
};

}  // namespace

std::unique_ptr<BodyCoder> BodyCoder::make(Coding coding) {
  LP_CHECK(coding != Coding::identity, "identity codes nothing");
  if (coding == Coding::gzip) return std::make_unique<GzipCoder>();
  return std::make_unique<BrotliCoder>();
}

std::size_t BodyCoder::memory_bytes(Coding coding) {
  if (coding == Coding::identity) return 0;
  return coding == Coding::gzip ? 288 * 1024 : 1400 * 1024;
}

std::string_view BodyCoder::name_of(Coding coding) {
  if (coding == Coding::identity) return "identity";
  return coding == Coding::gzip ? "gzip" : "br";
}

std::string_view BodyCoder::encode(std::string_view bytes) {
  out_.clear();
  if (bytes.empty()) return out_;
  holds_input_ = true;
  run(Step::encode, bytes, out_);
  return out_;
}

std::string_view BodyCoder::flush() {
  out_.clear();
  if (holds_input_) run(Step::flush, {}, out_);
  holds_input_ = false;
  return out_;
}

std::string_view BodyCoder::finish() {
  out_.clear();
  run(Step::finish, {}, out_);
  return out_;
}

}  // namespace lp
