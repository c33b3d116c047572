#include <gtest/gtest.h>

#include "diag/diag.h"

namespace mapwright::diag {
namespace {

Diagnostic at(const SourcePtr& source, int code, Span span, Severity severity = Severity::Error) {
  Diagnostic d;
  d.code = code;
  d.severity = severity;
  d.source = source;
  d.span = span;
  return d;
}

TEST(Sink, SortsByPositionAndDropsRepetitions) {
  const SourcePtr source = make_source("m", "0123456789");
  Sink sink;
  Diagnostic nowhere;
  nowhere.code = 6001;
  sink.emit(nowhere);
  sink.emit(at(source, 3002, {5, 6}));
  sink.emit(at(source, 3001, {2, 3}, Severity::Warning));
  sink.emit(at(source, 3002, {5, 6}));
  EXPECT_EQ(sink.errors(), 3);
  EXPECT_EQ(sink.all().size(), 4u);
  const auto sorted = sink.take_sorted();
  ASSERT_EQ(sorted.size(), 3u);
  EXPECT_EQ(sorted[0].code, 3001);
  EXPECT_EQ(sorted[1].code, 3002);
  EXPECT_EQ(sorted[2].code, 6001);
}

TEST(Sink, HidesWhatIsBeyondTheLimit) {
  const SourcePtr source = make_source("m", "0123456789");
  Sink sink;
  for (std::uint32_t i = 0; i < 7; ++i) sink.emit(at(source, 3001, {i, i + 1}));
  std::size_t hidden = 0;
  EXPECT_EQ(sink.take_sorted(5, &hidden).size(), 5u);
  EXPECT_EQ(hidden, 2u);
  EXPECT_EQ(sink.take_sorted(7, &hidden).size(), 7u);
  EXPECT_EQ(hidden, 0u);
}

TEST(Sink, WarningsAreNoErrors) {
  Sink sink;
  sink.emit(at(make_source("m", ""), 3018, {}, Severity::Warning));
  EXPECT_FALSE(sink.has_errors());
}

TEST(Source, PositionsAndLines) {
  const Source source("m", "ab\ncd\r\n\nx");
  EXPECT_EQ(source.position(0).line, 1u);
  EXPECT_EQ(source.position(4).line, 2u);
  EXPECT_EQ(source.position(4).column, 2u);
  EXPECT_EQ(source.position(99).line, 4u);
  EXPECT_EQ(source.position(99).column, 2u);  // the end of the text
  EXPECT_EQ(source.line(2), "cd");
  EXPECT_EQ(source.line(3), "");
  EXPECT_EQ(source.line(4), "x");
  EXPECT_EQ(source.line(5), "");
  EXPECT_EQ(source.slice({3, 5}), "cd");
  EXPECT_EQ(source.slice({8, 99}), "x");
  EXPECT_EQ(source.span_of({2, 1}, {2, 3}), (Span {3, 5}));
  EXPECT_EQ(source.span_of({9, 1}, {9, 3}), (Span {9, 9}));
}

}  // namespace
}  // namespace mapwright::diag
