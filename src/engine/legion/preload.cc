// The ways in: register_mapper(), beside(), and functions of Legion that this library puts itself in front of when it is
// preloaded (or linked before Legion).
#include <fmt/format.h>
#include <legion.h>
#include <mappers/default_mapper.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "engine/legion/behind.h"
#include "engine/legion/mapper.h"
#include "mapwright/legion.h"

namespace mapwright::engine::legion {

namespace {

using Legion::Machine;
using Legion::Processor;
using Legion::Runtime;
using Legion::Mapping::Mapper;

// Processors for which the program has registered a default mapper of its own.
struct Registered {
  std::mutex mutex;
  std::set<Processor> own;
  bool everywhere = false;
  std::set<const Mapper*> apart;  // will be registered as they are
};
Registered& registered() {
  static Registered* const all = new Registered;
  return *all;
}
// Legion owns the mapper from now on, so it is forgotten: another one may get its address.
bool stood_apart(const Mapper* mapper) {
  Registered& all = registered();
  const std::scoped_lock lock(all.mutex);
  return all.apart.erase(mapper) > 0;
}

constexpr const char* kStart = "_ZN6Legion7Runtime5startEiPPcbbb";
constexpr const char* kWait = "_ZN6Legion7Runtime17wait_for_shutdownEv";
constexpr const char* kReplace = "_ZN6Legion7Runtime22replace_default_mapperEPNS_7Mapping6MapperEN5Realm9ProcessorE";
constexpr const char* kAdd = "_ZN6Legion7Runtime10add_mapperEjPNS_7Mapping6MapperEN5Realm9ProcessorE";
constexpr const char* kGet = "_ZN6Legion7Runtime10get_mapperEPNS_8Internal11TaskContextEjN5Realm9ProcessorE";

const char* variable(const char* name) { return std::getenv(name); }

// Runs after every other registration callback, on every node.
void install(Machine machine, Runtime* runtime, const std::set<Processor>& local) {
  Session& session = Session::get();
  if (!session.configured()) {
    // Nobody stands in front of start(): the program is linked with Legion first.
    std::vector<std::string> arguments;
    const Legion::InputArgs& given = Runtime::get_input_args();
    for (int i = 0; i < given.argc; ++i) arguments.emplace_back(given.argv[i]);
    session.configure(take_options(arguments, variable), local.empty() ? 0 : static_cast<int>(local.begin()->address_space()));
  }
  if (!session.active()) return;
  session.open(machine);
  session.register_functors(runtime);
  const auto replace = behind<void(Runtime*, Mapper*, Processor)>(kReplace);
  const Mode mode = session.observes_only() ? Mode::Beside : Mode::Alone;
  Registered& all = registered();
  for (const Processor p : local) {
    {
      const std::scoped_lock lock(all.mutex);
      if (all.everywhere || all.own.contains(p)) continue;
    }
    replace(runtime, new FileMapper(new Legion::Mapping::DefaultMapper(runtime->get_mapper_runtime(), machine, p), mode), p);
  }
}

// The program's arguments without ours; lives as long as the process.
std::pair<int, char**> keep(const std::vector<std::string>& arguments) {
  static std::vector<std::string>* const texts = new std::vector<std::string>;
  static std::vector<char*>* const pointers = new std::vector<char*>;
  *texts = arguments;
  pointers->clear();
  for (std::string& text : *texts) pointers->push_back(text.data());
  pointers->push_back(nullptr);
  return {static_cast<int>(texts->size()), pointers->data()};
}

int finish(int status) {
  Session& session = Session::get();
  if (!session.active()) return status;
  const bool written = session.write_files();
  if (session.observes_only()) return written || status != 0 ? status : 1;
  session.log_printed();
  return (session.check_names() && written) || status != 0 ? status : 1;
}

Mapper* wrap(Mapper* program) {
  return Session::get().active() ? new FileMapper(program, Mode::Beside) : program;
}

bool callback_added = false;

void add_callback() {
  if (!callback_added) Runtime::add_registration_callback(install);
  callback_added = true;
}

int started(int argc, char** argv, bool background, bool supply_default, bool filter) {
  std::vector<std::string> arguments(argv, argv + argc);
  const Expected<Options> options = take_options(arguments, variable);
  Session& session = Session::get();
  session.configure(options, rank_of(variable));
  const auto start = behind<int(int, char**, bool, bool, bool)>(kStart);
  if (!session.active()) return start(argc, argv, background, supply_default, filter);
  // Legion's messages reach a pipe only when it has ended well otherwise: it aborts on errors.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  if (options->strict) arguments.emplace_back("-lg:safe_mapper");
  add_callback();
  const auto [count, words] = keep(arguments);
  const int status = start(count, words, background, supply_default, filter);
  return background ? status : finish(status);
}

}  // namespace

}  // namespace mapwright::engine::legion

namespace mapwright::legion {

void register_mapper() { engine::legion::add_callback(); }

Legion::Mapping::Mapper* beside(Legion::Mapping::Mapper* program) {
  if (dynamic_cast<engine::legion::FileMapper*>(program)) return program;
  return engine::legion::wrap(program);
}

Legion::Mapping::Mapper* apart(Legion::Mapping::Mapper* program) {
  engine::legion::Registered& all = engine::legion::registered();
  const std::scoped_lock lock(all.mutex);
  all.apart.insert(program);
  return program;
}

}  // namespace mapwright::legion

// --- Functions of Legion. They have its names, so that the dynamic linker takes them first.

namespace Legion {

namespace here = mapwright::engine::legion;

int Runtime::start(int argc, char** argv, bool background, bool supply_default_mapper, bool filter) {
  return here::started(argc, argv, background, supply_default_mapper, filter);
}

int Runtime::wait_for_shutdown() { return here::finish(here::behind<int()>(here::kWait)()); }

void Runtime::replace_default_mapper(Mapping::Mapper* mapper, Processor processor) {
  {
    here::Registered& all = here::registered();
    const std::scoped_lock lock(all.mutex);
    if (processor.exists()) all.own.insert(processor);
    else all.everywhere = true;
  }
  here::behind<void(Runtime*, Mapping::Mapper*, Processor)>(here::kReplace)(this, here::stood_apart(mapper) ? mapper : mapwright::legion::beside(mapper), processor);
}

void Runtime::add_mapper(MapperID id, Mapping::Mapper* mapper, Processor processor) {
  here::behind<void(Runtime*, MapperID, Mapping::Mapper*, Processor)>(here::kAdd)(this, id, here::stood_apart(mapper) ? mapper : mapwright::legion::beside(mapper), processor);
}

// Programs expect the mapper that they registered.
Mapping::Mapper* Runtime::get_mapper(Context context, MapperID id, Processor processor) {
  Mapping::Mapper* const found = here::behind<Mapping::Mapper*(Runtime*, Context, MapperID, Processor)>(here::kGet)(this, context, id, processor);
  const auto* const ours = dynamic_cast<here::FileMapper*>(found);
  return ours ? ours->below() : found;
}

}  // namespace Legion
