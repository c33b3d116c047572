// Runs a libFuzzer entry point without libFuzzer: ITERATIONS seeded mutations over the files and directories given.
// The same on every platform, so a crash in a test run can be repeated.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/base.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using mapwright::Rng;

void run(const std::string& text) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

std::string mutated(std::string text, const std::vector<std::string>& corpus, Rng& rng) {
  for (std::uint64_t step = 0, steps = 1 + rng.below(4); step < steps; ++step) {
    const std::size_t at = rng.below(text.size() + 1), length = std::min<std::size_t>(rng.below(24), text.size() - at);
    switch (rng.below(5)) {
      case 0: text.erase(at, length); break;
      case 1: text.insert(at, text.substr(at, length)); break;
      case 2: text.insert(at, 1, static_cast<char>(rng.below(256))); break;
      case 3:
        if (at < text.size()) text[at] = static_cast<char>(rng.below(256));
        break;
      default: {
        const std::string& other = corpus[rng.below(corpus.size())];
        const std::size_t from = rng.below(other.size() + 1);
        text.replace(at, length, other.substr(from, rng.below(40)));
      }
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s ITERATIONS FILE|DIRECTORY...\n", argv[0]);
    return 2;
  }
  std::vector<std::string> files;
  for (int i = 2; i < argc; ++i) {
    if (std::filesystem::is_directory(argv[i])) {
      for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path().string());
    } else if (std::filesystem::exists(argv[i])) {
      files.emplace_back(argv[i]);
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus {""};
  for (const std::string& file : files) {
    if (auto text = mapwright::read_file(file)) corpus.push_back(*std::move(text));
  }
  for (const std::string& text : corpus) run(text);
  Rng rng(1);
  for (long i = 0, n = std::strtol(argv[1], nullptr, 10); i < n; ++i) {
    run(mutated(corpus[rng.below(corpus.size())], corpus, rng));
  }
  std::printf("%zu texts and %s mutations\n", corpus.size(), argv[1]);
  return 0;
}
