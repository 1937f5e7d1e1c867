// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace promtally::inference {

/// Walks through an untrusted JSON or UBJ document from front to back, without a tree in memory.
/// The first mistake sticks: every later call does nothing and gives zeros and ends, so that
/// callers look once, at the end. Refused: a key given twice in an object, nesting above 64,
/// anything that the grammar does not have; bare `NaN` is a number (XGBoost writes it). The bytes
/// must outlive the cursor. One thread.
class DocumentCursor {
 public:
  enum class Kind { kObject, kArray, kText, kNumber, kBool, kNull, kNothing };

  virtual ~DocumentCursor() = default;
  DocumentCursor(const DocumentCursor&) = delete;
  DocumentCursor& operator=(const DocumentCursor&) = delete;

  [[nodiscard]] virtual Kind Peek() = 0;

  /// `EnterObject(); while (NextKey(&key)) …one value…`: the end is read by the last NextKey.
  void EnterObject();
  [[nodiscard]] bool NextKey(std::string* key);
  void EnterArray();
  [[nodiscard]] bool NextElement();

  [[nodiscard]] virtual std::string ReadText() = 0;
  /// The nearest float32. Out of its range is a mistake, NaN is not.
  [[nodiscard]] virtual float ReadFloat() = 0;
  [[nodiscard]] virtual std::int64_t ReadInteger() = 0;  ///< no fraction, no exponent
  [[nodiscard]] virtual bool ReadBool() = 0;
  virtual void ReadNull() = 0;
  void Skip();  ///< one value of any kind, checked all the same
  /// Nothing may stand behind the document.
  virtual void Finish() = 0;

  [[nodiscard]] bool ok() const { return failure_.empty(); }
  /// `JSON Pointer: reason`, or `byte N: reason` where the text itself is broken.
  [[nodiscard]] const std::string& failure() const { return failure_; }
  /// The JSON Pointer of the value that is read.
  [[nodiscard]] std::string Pointer() const;
  void FailHere(std::string_view reason);                          ///< at Pointer()
  void FailAt(std::string_view pointer, std::string_view reason);  ///< `/` is the whole document

 protected:
  explicit DocumentCursor(std::string_view bytes) : bytes_(bytes) {}

  virtual void DoEnterObject() = 0;
  [[nodiscard]] virtual bool DoNextKey(std::string* key) = 0;
  virtual void DoEnterArray() = 0;
  [[nodiscard]] virtual bool DoNextElement(bool is_first) = 0;

  void FailAtByte(std::size_t offset, std::string_view reason);
  void FailAtByte(std::string_view reason) { FailAtByte(position_, reason); }
  [[nodiscard]] bool IsAtEnd() const { return position_ >= bytes_.size(); }

  std::string_view bytes_;
  std::size_t position_ = 0;

 private:
  struct Frame {
    bool is_object = false;
    std::string key;
    std::int64_t index = -1;
    std::unordered_set<std::string> keys;
  };
  void Push(bool is_object);

  std::vector<Frame> frames_;
  std::string failure_;
};

/// Told apart by the second byte.
[[nodiscard]] std::unique_ptr<DocumentCursor> OpenDocument(std::string_view bytes);
[[nodiscard]] std::unique_ptr<DocumentCursor> OpenJsonDocument(std::string_view bytes);
[[nodiscard]] std::unique_ptr<DocumentCursor> OpenUbjDocument(std::string_view bytes);

}  // namespace promtally::inference
