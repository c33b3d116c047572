#include "apps/apps.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "apps/registry.h"

namespace mapwright::apps {

namespace {

constexpr std::array<std::string_view, 4> kPresets {"test", "host", "paper", "weak"};

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::optional<std::string> near = nearest(word, known);
  const std::string list = fmt::format("known: {}", fmt::join(known, ", "));
  return near ? fmt::format("did you mean `{}`? ({})", *near, list) : list;
}

template <typename Range>
std::vector<std::string> names_of(const Range& range) {
  std::vector<std::string> names;
  for (const auto& item : range) names.emplace_back(item.name);
  return names;
}

std::string meaning_of(const Parameter& p) { return fmt::format("{}: {}", p.name, p.meaning); }

Expected<std::int64_t> value_of(const App& app, const std::string& name, const std::string& text) {
  const auto known = std::find_if(app.parameters.begin(), app.parameters.end(), [&](const Parameter& p) { return p.name == name; });
  if (known == app.parameters.end()) {
    return failure(diag::kUnknownParameter, fmt::format("program `{}` has no parameter `{}`", app.name, name),
                   did_you_mean(name, names_of(app.parameters)));
  }
  const Parameter& parameter = *known;
  const auto word = std::find(parameter.words.begin(), parameter.words.end(), text);
  std::int64_t value = word - parameter.words.begin();
  if (word == parameter.words.end()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      const std::string shown = text.substr(0, 40);
      if (!parameter.words.empty()) {
        return failure(diag::kParameterOutOfRange, fmt::format("parameter `{}` of `{}`: `{}` is not one of its values", name, app.name, shown),
                       did_you_mean(text, parameter.words));
      }
      const char* const what = error == std::errc::result_out_of_range ? "outside" : "not an integer of";
      return failure(diag::kParameterOutOfRange,
                     fmt::format("parameter `{}` of `{}`: `{}` is {} {}..{}", name, app.name, shown, what, parameter.minimum, parameter.maximum),
                     meaning_of(parameter));
    }
  }
  if (value < parameter.minimum || value > parameter.maximum) {
    return failure(diag::kParameterOutOfRange,
                   fmt::format("parameter `{}` of `{}` is {}, outside {}..{}", name, app.name, value, parameter.minimum, parameter.maximum),
                   meaning_of(parameter));
  }
  return value;
}

}  // namespace

std::string Parameter::text(std::int64_t value) const {
  const auto i = static_cast<std::size_t>(value);
  return i < words.size() ? words[i] : std::to_string(value);
}

std::span<const App> all() {
  static const std::vector<App> kApps = registered();
  return kApps;
}

const App* find(std::string_view name) {
  for (const App& app : all()) {
    if (app.name == name) return &app;
  }
  return nullptr;
}

Expected<void> check(std::string_view name, const Choice& choice) {
  const App* app = find(name);
  if (app == nullptr) {
    return failure(diag::kUnknownProgram, fmt::format("no program is called `{}`", name), did_you_mean(name, names_of(all())));
  }
  if (std::find(kPresets.begin(), kPresets.end(), choice.preset) == kPresets.end()) {
    return failure(diag::kUnknownPreset, fmt::format("no preset is called `{}`", choice.preset),
                   did_you_mean(choice.preset, {kPresets.begin(), kPresets.end()}));
  }
  for (const auto& [parameter, text] : choice.set) {
    if (const auto value = value_of(*app, parameter, text); !value) return tl::unexpected(value.error());
  }
  return {};
}

Expected<program::Program> build(std::string_view name, const Choice& choice) {
  if (const Expected<void> checked = check(name, choice); !checked) return tl::unexpected(checked.error());
  const App* app = find(name);
  if (choice.nodes < 1 || choice.nodes > 65536 || choice.gpus < 1 || choice.gpus > 1024) {
    return failure(diag::kParameterOutOfRange, fmt::format("{} nodes with {} GPUs each are outside 1..65536 and 1..1024", choice.nodes, choice.gpus));
  }
  std::map<std::string, std::int64_t> values = app->preset(choice.preset, choice.nodes, choice.gpus);
  for (const auto& [parameter, text] : choice.set) values[parameter] = *value_of(*app, parameter, text);
  for (const Parameter& p : app->parameters) {
    if (values.at(p.name) < p.minimum || values.at(p.name) > p.maximum) {
      return failure(diag::kParameterOutOfRange,
                     fmt::format("parameter `{}` of `{}` is {}, outside {}..{}: what preset `{}` makes of {} nodes with {} GPUs each", p.name, app->name,
                                 values.at(p.name), p.minimum, p.maximum, choice.preset, choice.nodes, choice.gpus),
                     fmt::format("use fewer nodes, or choose it with `--set {}=...` ({})", p.name, p.meaning));
    }
  }
  Expected<program::Program> built = app->build(values);
  if (!built) {
    if (built.error().code == diag::kParametersDoNotFit) {
      built.error().help = fmt::format("choose others with --set; `mapwright programs show {}` lists them and their presets", app->name);
    }
    return built;
  }
  for (const Parameter& p : app->parameters) built->parameters[p.name] = p.text(values.at(p.name));
  built->reference_mapper = std::string(app->expert_mapper);
  return built;
}

}  // namespace mapwright::apps
