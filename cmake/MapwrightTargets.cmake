# mapwright_library(NAME [SOURCES f...] [ALONE f...] [HEADERS f...] [DEPENDS lib...] [LINK target...] [PRIVATE_LINK target...])
#
# One stage of the pipeline: the static library mapwright_NAME with the alias mapwright::NAME. HEADERS are the files that
# users of the library include (relative to src/). DEPENDS names other mapwright libraries, which must stand above this
# one in docs/architecture.md; LINK and PRIVATE_LINK name targets from outside. ALONE are sources that unity builds (the
# presets release and ci) do not put together with others, because they use short names for other things than those.
function(mapwright_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;ALONE;HEADERS;DEPENDS;LINK;PRIVATE_LINK" ${ARGN})
  set(target mapwright_${name})
  if(arg_SOURCES OR arg_ALONE)
    add_library(${target} STATIC ${arg_SOURCES} ${arg_ALONE})
    set_source_files_properties(${arg_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    set(scope PUBLIC)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:mapwright_options> $<BUILD_INTERFACE:mapwright_warnings>
                          ${arg_PRIVATE_LINK})
    target_compile_features(${target} PUBLIC cxx_std_20)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
    target_compile_features(${target} INTERFACE cxx_std_20)
  endif()
  add_library(mapwright::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(${target} ${scope} $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
                             $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/mapwright>)
  if(arg_HEADERS)
    list(TRANSFORM arg_HEADERS PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
    target_sources(${target} ${scope} FILE_SET public_headers TYPE HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/src
                   FILES ${arg_HEADERS})
  endif()
  foreach(dependency IN LISTS arg_DEPENDS)
    target_link_libraries(${target} ${scope} mapwright_${dependency})
  endforeach()
  target_link_libraries(${target} ${scope} ${arg_LINK})
  set_property(GLOBAL APPEND PROPERTY MAPWRIGHT_LIBRARIES ${target})
endfunction()

# mapwright_test(NAME LABEL label [SOURCES f...] [ALONE f...] [LIBS lib...] [LINK target...])
#
# A GoogleTest executable test_NAME whose cases are registered with ctest as NAME.Suite.Case under LABEL.
include(GoogleTest)
function(mapwright_test name)
  cmake_parse_arguments(arg "" "LABEL" "SOURCES;ALONE;LIBS;LINK" ${ARGN})
  set(target test_${name})
  add_executable(${target} ${arg_SOURCES} ${arg_ALONE})
  set_source_files_properties(${arg_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_link_libraries(${target} PRIVATE mapwright_options mapwright_warnings GTest::gtest GTest::gmock GTest::gtest_main
                        ${arg_LINK})
  foreach(lib IN LISTS arg_LIBS)
    target_link_libraries(${target} PRIVATE mapwright_${lib})
  endforeach()
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(${target} PRIVATE MAPWRIGHT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  gtest_discover_tests(${target} TEST_PREFIX "${name}." PROPERTIES LABELS "${arg_LABEL}" TIMEOUT 300 DISCOVERY_TIMEOUT 120)
endfunction()
