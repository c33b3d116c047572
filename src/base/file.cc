#include "base/file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>

namespace mapwright {

namespace {

struct Closer {
  void operator()(std::FILE* f) const { std::fclose(f); }
};
using File = std::unique_ptr<std::FILE, Closer>;

std::string neighbour(const std::string& path) { return fmt::format("{}.tmp{}", path, ::getpid()); }

}  // namespace

Expected<std::string> read_file(const std::string& path, std::int64_t limit) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return failure(6001, fmt::format("cannot read `{}`: it is a directory", path));
  }
  const File owned(path == "-" ? nullptr : std::fopen(path.c_str(), "rb"));
  std::FILE* const in = path == "-" ? stdin : owned.get();
  if (!in) return failure(6001, fmt::format("cannot read `{}`: {}", path, std::strerror(errno)));
  std::string text;
  char buffer[1 << 16];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, in)) {
    text.append(buffer, n);
    if (static_cast<std::int64_t>(text.size()) > limit) {
      return failure(6002, fmt::format("`{}` is larger than the {} bytes that are accepted", path, limit));
    }
  }
  if (std::ferror(in)) return failure(6001, fmt::format("cannot read `{}`: {}", path, std::strerror(errno)));
  return text;
}

Expected<void> check_writable(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return failure(6003, fmt::format("cannot write `{}`: it is a directory", path));
  const std::string temporary = neighbour(path);
  if (!File(std::fopen(temporary.c_str(), "wb"))) return failure(6003, fmt::format("cannot write `{}`: {}", path, std::strerror(errno)));
  std::remove(temporary.c_str());
  return {};
}

Expected<void> write_file(const std::string& path, std::string_view content) {
  const std::string temporary = neighbour(path);
  File out(std::fopen(temporary.c_str(), "wb"));
  if (!out) return failure(6003, fmt::format("cannot write `{}`: {}", path, std::strerror(errno)));
  const bool written = std::fwrite(content.data(), 1, content.size(), out.get()) == content.size() &&
                       std::fflush(out.get()) == 0;
  out.reset();
  if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) {
    const int why = errno;
    std::remove(temporary.c_str());
    return failure(6003, fmt::format("cannot write `{}`: {}", path, std::strerror(why)));
  }
  return {};
}

Expected<TemporaryFolder> TemporaryFolder::make(std::string inside) {
  if (inside.empty()) {
    const char* const given = std::getenv("TMPDIR");
    inside = given != nullptr && *given != 0 ? given : "/tmp";
  }
  std::string path = inside + "/mapwright-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    return failure(6003, fmt::format("cannot make a folder in `{}`: {}", inside, std::strerror(errno)), "set TMPDIR to a folder with free space");
  }
  return TemporaryFolder(std::move(path));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace mapwright
