# Sets MAPWRIGHT_BLAS to the name by which the BLAS that is found is loaded (src/base/blas.h).
find_package(BLAS REQUIRED)
list(FILTER BLAS_LIBRARIES INCLUDE REGEX "\\.(so|dylib)")
if(NOT BLAS_LIBRARIES)
  message(FATAL_ERROR "mapwright loads BLAS when it is needed and found none as a shared library: install OpenBLAS, or choose one with -DBLA_VENDOR=...")
endif()
list(GET BLAS_LIBRARIES 0 MAPWRIGHT_BLAS)
execute_process(COMMAND "${CMAKE_OBJDUMP}" -p "${MAPWRIGHT_BLAS}" OUTPUT_VARIABLE blas_headers ERROR_QUIET)
if(blas_headers MATCHES "SONAME +([^ \n]+)")
  set(MAPWRIGHT_BLAS "${CMAKE_MATCH_1}")  # what the development package links to; users may have no such package
endif()
message(STATUS "BLAS: ${MAPWRIGHT_BLAS}")
