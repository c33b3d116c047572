// engine/host/task.h - a point task as its kernel sees it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/host/storage.h"
#include "engine/host/stream.h"
#include "program/program.h"

namespace mapwright::engine::host {

// Contributions of the points of one launch to its future, by position of the point; absent for points that make none.
using Contributions = std::vector<std::optional<double>>;

// The point task of one operation. Everything it refers to outlives it.
class TaskContext final : public program::KernelContext {
 public:
  TaskContext(const plan::Plan& plan, const program::Program& program, const program::Program::Site& site,
              const Place& place);

  // What the engine adds before the kernel runs.
  void bind(std::size_t argument, const Storage* storage) { arguments_[argument].storage = storage; }
  std::vector<std::shared_ptr<const double>> futures;
  std::shared_ptr<Contributions> contributions;
  int thread_count = 1;

  const program::Launch& launch() const { return *site_->launch; }
  const Point& point() const override { return point_; }
  const Rect& domain() const override { return site_->launch->domain; }
  const Point& ancestor(int level) const override;
  std::int64_t loop(std::string_view name) const override;
  std::size_t arguments() const override { return arguments_.size(); }
  const PointSet& points(std::size_t argument) const override { return *arguments_[argument].points; }
  program::FieldView field(std::size_t argument, std::uint32_t field) const override;
  double future(std::size_t index) const override;
  void set_result(double value) override;
  double value(std::size_t index) const override;
  int threads() const override { return thread_count; }

 private:
  struct ArgumentState {
    const PointSet* points = nullptr;
    const Storage* storage = nullptr;
  };
  const program::Program::Site* site_;
  std::uint32_t position_ = 0;  // of the point in the domain
  Point point_;
  std::vector<Point> ancestors_;
  std::vector<program::LoopCounter> loops_;
  std::vector<ArgumentState> arguments_;
};

}  // namespace mapwright::engine::host
