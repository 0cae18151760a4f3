#include "base/body_coder.h"

#include <brotli/decode.h>
#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdint>
#include <string>

using namespace lp;

namespace {

std::string unzip(std::string_view bytes) {
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int result = Z_OK;
  while (result == Z_OK) {
    char piece[4096];
    stream.next_out = reinterpret_cast<Bytef*>(piece);
    stream.avail_out = sizeof piece;
    result = inflate(&stream, Z_SYNC_FLUSH);
    out.append(piece, sizeof piece - stream.avail_out);
    if (result == Z_OK && stream.avail_in == 0 && stream.avail_out > 0) break;
  }
  inflateEnd(&stream);
  return out;
}

std::string unbrotli(std::string_view bytes) {
  BrotliDecoderState* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  const auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::size_t left = bytes.size();
  std::string out;
  for (;;) {
    std::uint8_t piece[4096];
    std::uint8_t* at = piece;
    std::size_t room = sizeof piece;
    const auto result = BrotliDecoderDecompressStream(state, &left, &next, &room, &at, nullptr);
    out.append(reinterpret_cast<const char*>(piece), sizeof piece - room);
    REQUIRE(result != BROTLI_DECODER_RESULT_ERROR);
    if (result != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && BrotliDecoderHasMoreOutput(state) == BROTLI_FALSE) break;
  }
  BrotliDecoderDestroyInstance(state);
  return out;
}

std::string decoded(Coding coding, std::string_view bytes) {
  return coding == Coding::gzip ? unzip(bytes) : unbrotli(bytes);
}

// Reproducible, and of the kinds that bodies are: words, runs, noise.
struct Source {
  std::uint64_t state = 1;
  std::uint64_t next() {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 33;
  }
  std::string bytes(std::size_t size) {
    static constexpr std::string_view kWords[] = {"<div class=\"row\">", "session", "\r\n", "{\"id\":", "あいう"};
    std::string made;
    while (made.size() < size) {
      const std::uint64_t kind = next() % 4;
      if (kind == 0) made.append(next() % 300, static_cast<char>(next()));
      if (kind == 1) made += kWords[next() % std::size(kWords)];
      if (kind >= 2) made += static_cast<char>(next());
    }
    made.resize(size);
    return made;
  }
};

}  // namespace

TEST_CASE("however a body is cut and flushed, what comes out is what went in") {
  Source source;
  for (const Coding coding : {Coding::gzip, Coding::brotli}) {
    for (int round = 0; round < 60; ++round) {
      CAPTURE(round);
      const std::string body = source.bytes(round == 0 ? 0 : source.next() % 200'000);
      const auto coder = BodyCoder::make(coding);
      std::string coded;
      for (std::size_t at = 0; at < body.size();) {
        const std::size_t size = std::min<std::size_t>(1 + source.next() % 30'000, body.size() - at);
        coded += coder->encode(std::string_view(body).substr(at, size));
        at += size;
        if (source.next() % 3 != 0) continue;
        coded += coder->flush();
        REQUIRE(decoded(coding, coded) == body.substr(0, at));
      }
      coded += coder->finish();
      REQUIRE(decoded(coding, coded) == body);
    }
  }
}

TEST_CASE("a flush of nothing costs nothing, and an empty body is a whole one") {
  for (const Coding coding : {Coding::gzip, Coding::brotli}) {
    const auto coder = BodyCoder::make(coding);
    CHECK(coder->flush().empty());
    CHECK(coder->encode("").empty());
    std::string coded(coder->encode("a"));
    coded += coder->flush();
    CHECK_FALSE(coded.empty());
    CHECK(coder->flush().empty());
    coded += coder->finish();
    CHECK(decoded(coding, coded) == "a");
    const auto none = BodyCoder::make(coding);
    const std::string whole(none->finish());
    CHECK_FALSE(whole.empty());
    CHECK(decoded(coding, whole).empty());
  }
}

TEST_CASE("what is written a thousand times becomes much shorter") {
  std::string body;
  for (int i = 0; i < 1000; ++i) body += "<tr><td>the same row</td></tr>\n";
  for (const Coding coding : {Coding::gzip, Coding::brotli}) {
    const auto coder = BodyCoder::make(coding);
    std::string coded(coder->encode(body));
    coded += coder->finish();
    CHECK(coded.size() < body.size() / 50);
  }
}
