// SPDX-License-Identifier: Apache-2.0
#include "inference/document_cursor.h"

namespace promtally::inference {
namespace {

constexpr std::size_t kMostDepth = 64;

/// RFC 6901; control characters stay out of messages.
void AppendSegment(std::string_view key, std::string& pointer) {
  constexpr std::size_t kMostBytes = 80;
  pointer += '/';
  for (const char c : key.substr(0, kMostBytes)) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? '?' : c;
    }
  }
}

}  // namespace

std::string DocumentCursor::Pointer() const {
  std::string pointer;
  for (const Frame& frame : frames_) {
    if (frame.is_object ? !frame.keys.empty() : frame.index >= 0) {
      AppendSegment(frame.is_object ? frame.key : std::to_string(frame.index), pointer);
    }
  }
  return pointer.empty() ? "/" : pointer;
}

void DocumentCursor::FailHere(std::string_view reason) { FailAt(Pointer(), reason); }

void DocumentCursor::FailAt(std::string_view pointer, std::string_view reason) {
  if (failure_.empty()) {
    failure_ = std::string(pointer) + ": " + std::string(reason);
  }
}

void DocumentCursor::FailAtByte(std::size_t offset, std::string_view reason) {
  if (failure_.empty()) {
    failure_ = "byte " + std::to_string(offset) + ": " + std::string(reason);
  }
}

void DocumentCursor::Push(bool is_object) {
  if (frames_.size() == kMostDepth) {
    FailAtByte("nested more than " + std::to_string(kMostDepth) + " deep");
    return;
  }
  frames_.emplace_back();
  frames_.back().is_object = is_object;
}

void DocumentCursor::EnterObject() {
  if (ok() && Peek() != Kind::kObject) {
    FailHere("must be an object");
  }
  if (ok()) {
    Push(true);
  }
  if (ok()) {
    DoEnterObject();
  }
}

bool DocumentCursor::NextKey(std::string* key) {
  if (!ok()) {
    return false;
  }
  const bool is_there = DoNextKey(key);
  if (!ok()) {
    return false;
  }
  if (!is_there) {
    frames_.pop_back();
    return false;
  }
  Frame& frame = frames_.back();
  frame.key = *key;
  if (!frame.keys.insert(*key).second) {
    FailHere("the key is given twice");
  }
  return ok();
}

void DocumentCursor::EnterArray() {
  if (ok() && Peek() != Kind::kArray) {
    FailHere("must be an array");
  }
  if (ok()) {
    Push(false);
  }
  if (ok()) {
    DoEnterArray();
  }
}

bool DocumentCursor::NextElement() {
  if (!ok()) {
    return false;
  }
  const bool is_there = DoNextElement(frames_.back().index < 0);
  if (!ok()) {
    return false;
  }
  if (!is_there) {
    frames_.pop_back();
    return false;
  }
  ++frames_.back().index;
  return true;
}

void DocumentCursor::Skip() {
  switch (ok() ? Peek() : Kind::kNothing) {
    case Kind::kObject: {
      std::string key;
      EnterObject();
      while (NextKey(&key)) {
        Skip();
      }
      return;
    }
    case Kind::kArray:
      EnterArray();
      while (NextElement()) {
        Skip();
      }
      return;
    case Kind::kText:
      static_cast<void>(ReadText());
      return;
    case Kind::kNumber:
      static_cast<void>(ReadFloat());
      return;
    case Kind::kBool:
      static_cast<void>(ReadBool());
      return;
    case Kind::kNull:
      ReadNull();
      return;
    case Kind::kNothing:
      if (ok()) {
        FailAtByte("a value is missing");
      }
      return;
  }
}

std::unique_ptr<DocumentCursor> OpenDocument(std::string_view bytes) {
  // A UBJ object goes on with the type of its first key's length or with a count.
  constexpr std::string_view kUbjSecond = "iUIlL#$N";
  const bool is_ubj =
      bytes.size() >= 2 && bytes[0] == '{' && kUbjSecond.find(bytes[1]) != std::string_view::npos;
  return is_ubj ? OpenUbjDocument(bytes) : OpenJsonDocument(bytes);
}

}  // namespace promtally::inference
