// SPDX-License-Identifier: Apache-2.0
#include "web/page_body.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>

#include <zlib.h>

namespace promtally::web {
namespace {

class PageBody : public BodySource {
 public:
  explicit PageBody(std::unique_ptr<exposition::PieceReader> page) : page_(std::move(page)) {}

  bool Next(std::string& out) override {
    // One size from the first piece to the last, well below what malloc maps: buffers that grow by
    // doubling are freed as holes of all sizes, and the heap of a server with slow readers grows.
    constexpr std::size_t kLongLine = 4096;
    out.reserve(exposition::kPieceBytes + kLongLine);
    while (out.size() < exposition::kPieceBytes) {
      if (!page_->Next(out)) {
        return false;
      }
    }
    return true;
  }

 private:
  const std::unique_ptr<exposition::PieceReader> page_;
};

class GzipBody : public BodySource {
 public:
  explicit GzipBody(std::shared_ptr<BodySource> inner) : inner_(std::move(inner)) {
    // Level 1: a page is read by a machine on the same network, and is text that packs well.
    constexpr int kWindowBitsAndGzip = 15 + 16;
    constexpr int kMemoryLevel = 8;
    if (deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, kWindowBitsAndGzip, kMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::runtime_error("zlib cannot begin");
    }
  }
  ~GzipBody() override { deflateEnd(&stream_); }
  GzipBody(const GzipBody&) = delete;
  GzipBody& operator=(const GzipBody&) = delete;

  bool Next(std::string& out) override {
    const std::size_t begin = out.size();
    bool more = true;
    while (more && out.size() == begin) {  // a piece may leave all it gave inside the compressor
      plain_.clear();
      more = inner_->Next(plain_);
      Compress(out, more ? Z_NO_FLUSH : Z_FINISH);
    }
    return more;
  }

 private:
  void Compress(std::string& out, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(plain_.data());
    stream_.avail_in = static_cast<uInt>(plain_.size());
    constexpr std::size_t kStep = 16384;
    do {
      const std::size_t size = out.size();
      out.resize(size + kStep);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + size);
      stream_.avail_out = kStep;
      deflate(&stream_, flush);
      out.resize(size + kStep - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }

  const std::shared_ptr<BodySource> inner_;
  std::string plain_;
  z_stream stream_{};
};

}  // namespace

std::shared_ptr<BodySource> MakePageBody(std::unique_ptr<exposition::PieceReader> page) {
  return std::make_shared<PageBody>(std::move(page));
}

std::shared_ptr<BodySource> MakeGzipBody(std::shared_ptr<BodySource> inner) {
  return std::make_shared<GzipBody>(std::move(inner));
}

}  // namespace promtally::web
