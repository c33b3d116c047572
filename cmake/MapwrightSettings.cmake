# Compiler options and warnings that every target of mapwright links privately.
add_library(mapwright_options INTERFACE)
target_compile_features(mapwright_options INTERFACE cxx_std_20)
# Position-independent functions that others could replace are not inlined otherwise, also in executables.
target_compile_options(mapwright_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-fno-semantic-interposition>)
if(MAPWRIGHT_SANITIZE)
  target_compile_options(mapwright_options INTERFACE -fsanitize=${MAPWRIGHT_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(mapwright_options INTERFACE -fsanitize=${MAPWRIGHT_SANITIZE})
  if(MAPWRIGHT_SANITIZE MATCHES "undefined")
    target_compile_options(mapwright_options INTERFACE -fno-sanitize-recover=undefined)
  endif()
endif()
if(MAPWRIGHT_FUZZ)
  target_compile_options(mapwright_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(mapwright_warnings INTERFACE)
target_compile_options(mapwright_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  $<$<BOOL:${MAPWRIGHT_WERROR}>:-Werror>
  $<$<AND:$<BOOL:${CMAKE_UNITY_BUILD}>,$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>)  # of a private Impl, which no other file sees

find_program(MAPWRIGHT_CCACHE ccache)
if(MAPWRIGHT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${MAPWRIGHT_CCACHE}")
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_EXTENSIONS OFF)
