# Install rules: the binary, the libraries with their public headers, machines, examples and a CMake package.
include(CMakePackageConfigHelpers)
get_property(libraries GLOBAL PROPERTY MAPWRIGHT_LIBRARIES)
foreach(library IN LISTS libraries)
  get_target_property(sets ${library} INTERFACE_HEADER_SETS)
  if(sets)
    install(TARGETS ${library} EXPORT mapwrightTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
            FILE_SET public_headers DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/mapwright)
  else()
    install(TARGETS ${library} EXPORT mapwrightTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
endforeach()
if(TARGET mapwright_legion)
  # In a file of its own: only users who have Legion too can use it.
  install(TARGETS mapwright_legion EXPORT mapwrightLegionTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
          FILE_SET public_headers DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT mapwrightLegionTargets NAMESPACE mapwright:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/mapwright)
endif()
install(EXPORT mapwrightTargets NAMESPACE mapwright:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/mapwright)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/mapwrightConfig.cmake.in
  ${PROJECT_BINARY_DIR}/mapwrightConfig.cmake INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/mapwright)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mapwrightConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/mapwrightConfig.cmake ${PROJECT_BINARY_DIR}/mapwrightConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/mapwright)
if(TARGET mapwright)
  install(TARGETS mapwright)
  if(TARGET mapwright-legion)
    install(TARGETS mapwright-legion)
  endif()
endif()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/machines ${PROJECT_SOURCE_DIR}/examples DESTINATION ${CMAKE_INSTALL_DATADIR}/mapwright)
