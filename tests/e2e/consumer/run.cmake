# Steps of the consumer test; any failing step ends it.
function(step)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()

file(REMOVE_RECURSE "${WORK}")
step(${CMAKE_COMMAND} --install "${BUILD}" --prefix "${WORK}/prefix")
set(flags "")
if(SANITIZE)
  set(flags "-fsanitize=${SANITIZE}")
endif()
step(${CMAKE_COMMAND} -G Ninja -S "${SOURCE}" -B "${WORK}/build" -DCMAKE_PREFIX_PATH=${WORK}/prefix
     -DCMAKE_CXX_COMPILER=${COMPILER} "-DCMAKE_CXX_FLAGS=${flags}")
step(${CMAKE_COMMAND} --build "${WORK}/build")
step("${WORK}/build/consumer")

if(LEGION_EXAMPLE)
  step(${CMAKE_COMMAND} -G Ninja -S "${LEGION_EXAMPLE}" -B "${WORK}/legion" -DCMAKE_PREFIX_PATH=${WORK}/prefix
       -DLegion_DIR=${LEGION_DIR} -DCMAKE_CXX_COMPILER=${COMPILER})
  step(${CMAKE_COMMAND} --build "${WORK}/legion")
  execute_process(COMMAND "${WORK}/legion/mapped_sum" -ll:cpu 2 -mapwright:mapper "${LEGION_EXAMPLE}/sum.mapper"
                          -mapwright:log "${WORK}/legion.jsonl"
                  COMMAND_ERROR_IS_FATAL ANY OUTPUT_VARIABLE output TIMEOUT 60)
  if(NOT output MATCHES "sum 328350")
    message(FATAL_ERROR "the example says: ${output}")
  endif()
  file(STRINGS "${WORK}/legion.jsonl" decisions REGEX "\"task\":\"square\".*\"place_by\":6")
  list(LENGTH decisions count)
  if(NOT count EQUAL 10)
    message(FATAL_ERROR "${count} points of ten were placed by line 6 of the mapper")
  endif()
endif()
