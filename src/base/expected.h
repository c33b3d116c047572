// base/expected.h - results of operations that the outside world can make fail.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace mapwright {

// Why an operation on the world (file, process, database, engine) failed. `code` is a diagnostic code such as 6001
// (printed MW6001), `message` one lower-case line without a full stop, `help` what to do next (may be empty).
struct Error {
  int code = 0;
  std::string message;
  std::string help;
};

template <typename T>
using Expected = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(int code, std::string message, std::string help = {}) {
  return tl::unexpected<Error>(Error {code, std::move(message), std::move(help)});
}

}  // namespace mapwright
