# Headers, library, program, find_package(rondo) and pkg-config; the tree may be moved afterwards.

include(CMakePackageConfigHelpers)

install(TARGETS rondo rondo_testing EXPORT rondo-targets)
install(EXPORT rondo-targets NAMESPACE rondo:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/rondo)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/rondo
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp)
if(TARGET rondo_tool)
    install(TARGETS rondo_tool)
endif()

configure_package_config_file(cmake/rondo-config.cmake.in ${PROJECT_BINARY_DIR}/rondo-config.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/rondo)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/rondo-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/rondo-config.cmake ${PROJECT_BINARY_DIR}/rondo-config-version.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/rondo)

file(RELATIVE_PATH RONDO_PC_TO_PREFIX
    ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/rondo.pc.in ${PROJECT_BINARY_DIR}/rondo.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/rondo.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
