# What `cmake --install` puts where: headers, library, pkg-config file, CMake
# package, systemd unit. Programs and manual pages are installed where they are
# declared (larder_program, larder_man).
include(CMakePackageConfigHelpers)

install(TARGETS larder
  EXPORT larderTargets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/libclient/include/larder"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.h" PATTERN "*.def")

# CMake package: find_package(larder) gives larder::larder.
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/larder")
install(EXPORT larderTargets
  NAMESPACE larder::
  DESTINATION "${package_folder}")
configure_package_config_file(
  "${CMAKE_CURRENT_LIST_DIR}/larderConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/larderConfig.cmake"
  INSTALL_DESTINATION "${package_folder}"
  NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/larderConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES
  "${PROJECT_BINARY_DIR}/larderConfig.cmake"
  "${PROJECT_BINARY_DIR}/larderConfigVersion.cmake"
  DESTINATION "${package_folder}")

# pkg-config: paths relative to the file, so that any prefix works unchanged.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
  BASE_DIRECTORY "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig"
  OUTPUT_VARIABLE LARDER_PC_PREFIX)
configure_file(
  "${CMAKE_CURRENT_LIST_DIR}/larder.pc.in"
  "${PROJECT_BINARY_DIR}/larder.pc"
  @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/larder.pc"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# systemd: from a template where the unit has to name the installed program.
set(unit "${PROJECT_SOURCE_DIR}/cached/larderd.service")
if(EXISTS "${unit}.in")
  configure_file("${unit}.in" "${PROJECT_BINARY_DIR}/larderd.service" @ONLY)
  set(unit "${PROJECT_BINARY_DIR}/larderd.service")
endif()
if(EXISTS "${unit}")
  install(FILES "${unit}" DESTINATION "lib/systemd/system")
endif()
