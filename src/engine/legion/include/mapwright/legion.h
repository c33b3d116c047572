// mapwright/legion.h - mapper files in Legion programs. Link the CMake target mapwright::legion, or preload its library
// without any change to the program: docs/legion.md.
#pragma once

namespace Legion::Mapping {
class Mapper;
}

namespace mapwright::legion {

// Lets the mapper file of the command line (-mapwright:mapper FILE, or the environment variable MAPWRIGHT_MAPPER) map this
// program. Call it once, before Legion::Runtime::start() and after every other registration callback has been added;
// without a mapper file nothing changes. A mistake in the file ends the process in start() with exit status 1 and the
// diagnostics on standard error (of the first rank only).
void register_mapper();

// The same beside a mapper of the program: returns a mapper that owns `program` and decides only what the file decides.
// Hand it to replace_default_mapper() or add_mapper() where `program` would have gone; then register_mapper() is needed
// only for processors without a mapper of their own. Without a mapper file returns `program`. Call it after start(), as in
// registration callbacks. Only where the library is preloaded this happens by itself.
Legion::Mapping::Mapper* beside(Legion::Mapping::Mapper* program);

// The opposite: returns `program`, which then stays as it is when it is handed to add_mapper() or replace_default_mapper(),
// also where the library is preloaded. For tasks about which no mapper file should decide, such as checks of results.
Legion::Mapping::Mapper* apart(Legion::Mapping::Mapper* program);

}  // namespace mapwright::legion
