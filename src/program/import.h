// program/import.h - the reader behind import_json(). import.cc reads values and tables, import_body.cc statements.
#pragma once

#include <algorithm>
#include <map>
#include <unordered_map>

#include "program/calibration.h"
#include "program/json.h"
#include "program/program.h"
#include "program/validate.h"

namespace mapwright::program {

using Kind = JsonValue::Kind;

enum class FenceWord : std::uint8_t { Order, Wait };
enum class TimerWord : std::uint8_t { Stop, Start };

template <typename Words>
std::string listed(const Words& words) {
  return fmt::format("known: {}", fmt::join(words, ", "));
}

class Importer {
 public:
  Importer(const JsonDocument& doc, const diag::SourcePtr& source, diag::Sink& sink) : doc_(doc), source_(source), sink_(sink) {}
  std::optional<Program> run();
  std::optional<Calibration> calibration();

 private:
  using Names = std::unordered_map<std::string, std::uint32_t>;

  // The members of an object; reports keys that are unknown or repeated.
  class Members {
   public:
    Members(Importer& in, const JsonValue& v, std::string_view what, std::initializer_list<std::string_view> known);
    const JsonValue* find(std::string_view key) const;  // nullptr when absent
    const JsonValue* need(std::string_view key) const;  // reports absence

   private:
    Importer& in_;
    const JsonValue& value_;
    std::string_view what_;
    std::map<std::string_view, const JsonValue*> found_;
  };

  bool has_schema(const Members& m, std::string_view schema);
  void error(int code, diag::Span span, std::string message, std::string help = {});
  bool is(const JsonValue& v, Kind kind, std::string_view what);
  // Each returns a default for nullptr, and after reporting a mistake.
  std::string text(const JsonValue* v, std::string_view what);
  std::int64_t integer(const JsonValue* v, std::string_view what, std::int64_t low, std::int64_t high);
  double real(const JsonValue* v, std::string_view what);
  bool flag(const JsonValue* v, std::string_view what, bool otherwise);
  Expr expression(const JsonValue* v, std::string_view what);
  template <typename Enum, std::size_t N>
  Enum enumerator(const JsonValue* v, std::string_view what, const std::array<std::string_view, N>& words);
  template <typename F>
  void each(const JsonValue* v, std::string_view what, F&& f);
  std::uint32_t named(const JsonValue* v, std::string_view what, const Names& names);
  std::vector<FieldIndex> field_list(const JsonValue* v, RegionId r);

  std::optional<Point> point(const JsonValue& v);
  std::optional<Rect> rect(const JsonValue* v, std::string_view what, std::int64_t max_volume);
  PointSet point_set(const JsonValue* v, int dim);  // dim 0: that of the first rectangle

  void region(const JsonValue& v);
  void partition(const JsonValue& v);
  void blocks(const JsonValue& v, const PointSet& whole, Partition& q);
  void classify(const Members& m, const PointSet& whole, Partition& q, diag::Span span);
  void demand(const JsonValue& v, Variant& to);
  void measured(const JsonValue& v, Variant& to);
  void variant(const JsonValue& v, Task& to);
  std::map<std::string, std::string> parameters(const JsonValue* v);
  void task(const JsonValue& v);
  void metric(const JsonValue& v);

  void body(const JsonValue* v, Body& to);
  void statement(const JsonValue& v, Body& to);
  void unknown_statement(const JsonValue& v, const std::vector<std::string>& kinds);  // reports it
  Launch launch(const JsonValue& v);
  Argument argument(const JsonValue& v);
  AccessPattern pattern(const JsonValue& v, RegionId r);
  void loop(const JsonValue& v, Body& to);
  Fill fill(const JsonValue& v);

  diag::Span span_of(Place place) const;

  const JsonDocument& doc_;
  const diag::SourcePtr& source_;
  diag::Sink& sink_;
  Program p_;
  Names regions_, partitions_, tasks_, futures_;
  std::vector<Names> field_names_;  // by region
  std::vector<const JsonValue*> bodies_;  // by task; read once all tasks are known
  std::vector<diag::Span> region_spans_, partition_spans_, task_spans_, statement_spans_;
  diag::Span metric_span_;
  static constexpr int kMaxErrors = 200;  // reported; the rest only count
  int errors_ = 0;
  std::int64_t rect_work_ = 0, block_pieces_ = 0, cover_budget_ = std::int64_t {1} << 27;
};

template <typename Enum, std::size_t N>
Enum Importer::enumerator(const JsonValue* v, std::string_view what, const std::array<std::string_view, N>& words) {
  if (v == nullptr || !is(*v, Kind::String, what)) return Enum {};
  const std::string_view found = doc_.text(*v);
  const auto at = std::find(words.begin(), words.end(), found);
  if (at != words.end()) return static_cast<Enum>(at - words.begin());
  error(diag::kUnknownProgramWord, v->span, fmt::format("{} cannot be `{}`", what, found.substr(0, 60)), listed(words));
  return Enum {};
}

template <typename F>
void Importer::each(const JsonValue* v, std::string_view what, F&& f) {
  if (v == nullptr || !is(*v, Kind::Array, what)) return;
  for (const JsonValue* m = doc_.first(*v); m != nullptr; m = doc_.next(*m)) f(*m);
}

}  // namespace mapwright::program
