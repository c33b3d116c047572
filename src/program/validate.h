// program/validate.h - the checks behind validate(), with places so that the file reader can point into the text.
#pragma once

#include <functional>
#include <set>
#include <unordered_map>

#include "program/program.h"

namespace mapwright::program {

// What a finding is about. Statements are counted in preorder: `main` first, then the bodies of the tasks in order.
struct Place {
  enum class Kind : std::uint8_t { Program, Region, Partition, Task, Statement, Metric } kind = Kind::Program;
  std::uint32_t index = 0;
};

struct Location {
  diag::SourcePtr source;
  diag::Span span;
};
using Locator = std::function<Location(Place)>;

// As validate(); `locate` may be empty.
bool validate_at(const Program& p, diag::Sink& sink, const Locator& locate);

// Limits that files cannot exceed.
inline constexpr std::int64_t kMaxCoordinate = std::int64_t {1} << 40;
inline constexpr std::int64_t kMaxVolume = std::int64_t {1} << 50;
inline constexpr std::int64_t kMaxColors = std::int64_t {1} << 24;
inline constexpr std::int64_t kMaxPoints = std::int64_t {1} << 26;  // of one launch
inline constexpr std::size_t kMaxStatements = std::size_t {1} << 20;
inline constexpr std::size_t kMaxRectsPerPiece = 1024;              // in more than one dimension
inline constexpr std::size_t kMaxArguments = 256, kMaxFields = 1024;

// Whether a rectangle has few enough points at small enough coordinates for 64-bit arithmetic everywhere.
bool bounded(const Rect& r, std::int64_t max_volume);
// Letters, digits, `_` and `.`, not starting with a digit; what a mapper can name.
bool is_name(std::string_view text);

// One run over one program. validate.cc checks tables and statements, validate_launch.cc launches and their arguments.
class Checker {
 public:
  Checker(const Program& p, diag::Sink& sink, const Locator& locate) : p_(p), sink_(sink), locate_(locate) {}
  bool run();

 private:
  struct Reads {  // what expressions read, as seen from one launch
    bool own = false;
    std::uint32_t ancestors = 0;  // bit (level - 1)
    std::set<std::string, std::less<>> loops;
  };

  void error(int code, Place place, std::string message, std::string help = {});

  void regions();
  void partitions();
  void partition(const Partition& q, Place place, std::set<std::string>& names, std::int64_t& budget);
  void tasks();
  void variant(const Task& t, const Variant& v, Place place);
  bool nesting();  // false: sites() would not end or be too long
  void main_order(const Body& body);
  void statements(const Body& body, bool top, int depth);
  void loop(const Loop& l, Place place);
  void fill(const Fill& f, Place place);
  void timer(const Timer& t, Place place);
  void metric();

  void launch(const Launch& l, bool top, Place place);
  void argument(const Launch& l, const Argument& a, Place place, const std::string& who);
  void pattern(const Launch& l, const Argument& a, const AccessPattern& q, Place place, const std::string& who);
  void site(const Program::Site& s);      // expressions and projections
  void overlaps(const Program::Site& s);  // needs the projections of all sites to be in range
  void expression(const Expr& e, const Program::Site& s, Place place, const std::string& who, bool integer);
  void projection(const Program::Site& s, const Argument& a, Place place, const std::string& who);
  void interference(const Program::Site& s, Place place);
  void within_parent(const Program::Site& s, Place place);
  bool contained(const Program::Site& s, const Argument& a, const Argument& of_parent);

  bool collect(const Expr& e, int shift, Reads& reads) const;
  void collect(const Argument& a, int shift, Reads& reads) const;
  // Calls f at every combination of what is read until it returns false. False when it did, or when there are too many
  // combinations, which is reported.
  bool for_each_context(const Program::Site& s, const Reads& reads, const std::function<bool(const ExprContext&)>& f);

  const Program& p_;
  diag::Sink& sink_;
  const Locator& locate_;
  std::unordered_map<const void*, std::uint32_t> ordinals_;  // by Launch, or Statement where it is something else
  std::uint32_t next_ordinal_ = 0;
  std::set<std::string> loop_names_;
  std::set<std::uint32_t> produced_;                         // futures, in program order
  std::set<std::string> running_, timed_;                    // timer labels
  std::set<std::string> seen_;                               // messages, one per mistake rather than per site
  std::int64_t budget_ = std::int64_t {1} << 27;             // evaluations of projections
};

}  // namespace mapwright::program
