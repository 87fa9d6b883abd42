# What a user may choose, with the defaults of a plain `cmake -B build`.

option(LARDER_BROTLI "Decode the br content coding (needs libbrotlidec)" ON)
option(LARDER_ZSTD "Decode the zstd content coding (needs libzstd)" ON)
option(LARDER_IDN "International host names (needs libidn2)" ON)
option(LARDER_WERROR "Treat warnings as errors" OFF)
option(LARDER_FAULTS "Compile the crash points and fault injection that tests use" OFF)
option(LARDER_FUZZ "Build the fuzz targets with libFuzzer (needs clang)" OFF)
option(LARDER_COVERAGE "Measure line coverage (gcov)" OFF)
option(LARDER_TESTS "Configure the tests (needs libcheck)" ${PROJECT_IS_TOP_LEVEL})
option(LARDER_TESTS_IN_ALL "Build the tests with the default target" ON)
set(LARDER_SANITIZE "" CACHE STRING
  "Sanitizers, as -fsanitize takes them: \"address,undefined\", \"thread\" or empty")
set(LARDER_TEST_TIMEOUT_FACTOR "1" CACHE STRING
  "Multiplies the time limits of tests; larger for slow instrumentation")
set(LARDER_TEST_FORK "yes" CACHE STRING
  "Value of CK_FORK: yes runs each libcheck test in a process of its own")
set(LARDER_TEST_LAUNCHER "" CACHE STRING
  "Command (a list) put before each unit test, such as valgrind")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")
