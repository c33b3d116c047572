// machine/section.h - strict reading of one table of a description, falling back to the description it is based on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "machine/toml_document.h"

namespace mapwright::machine {

// Accepted values: low < x <= high, or low <= x <= high when `closed`.
struct Range {
  double low = 0, high = 0;
  bool closed = false;
};

// A table that may be stated by the text itself, by its base, by both (the text's keys win) or by neither. Every mistake
// in the text is one diagnostic; what cannot be read yields a harmless value, so reading goes on.
class Section {
 public:
  Section(const diag::SourcePtr& source, diag::Sink& sink, const TomlValue* own, const TomlValue* base)
      : source_(source), sink_(&sink), own_(own), base_(base) {}

  bool exists() const { return own_ || base_; }
  // True when the text itself, not its base, has the key or this section.
  bool stated() const { return own_ != nullptr; }
  bool states(std::string_view key) const { return own_ && own_->find(key); }
  // True when the text or its base has the key.
  bool has(std::string_view key) const { return states(key) || (base_ && base_->find(key)); }

  // MW4002 for every key of the text that is not in `known`.
  void accept_only(std::span<const std::string> known) const;

  // A subtable. MW4003 when the key is something else; MW4005 when `required` and neither text nor base has it.
  Section child(const std::string& key, bool required);
  // Values. MW4005 when missing, MW4003 for another type, MW4004 outside the range.
  double number(const std::string& key, Range range);
  std::int64_t integer(const std::string& key, std::int64_t low, std::int64_t high);
  std::string text(const std::string& key);

  // Where the value of `key` stands in the text, else the section's header.
  diag::Span place(std::string_view key) const;
  void report(int code, diag::Span span, std::string message, std::string help = {}) const;

 private:
  // The value in the text, else in the base, else null after MW4005.
  const TomlValue* value(const std::string& key, TomlValue::Type wanted) const;
  std::string full(std::string_view key) const;
  double checked(const std::string& key, const TomlValue& v, Range range) const;

  diag::SourcePtr source_;
  diag::Sink* sink_;
  const TomlValue *own_, *base_;
  std::string path_;      // "access.GPU"
  bool silent_ = false;   // the section is missing or wrong, which has been said
};

}  // namespace mapwright::machine
