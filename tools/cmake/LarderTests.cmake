# How a test is declared. See CONTRIBUTING.md for one example of each.
if(NOT LARDER_TESTS)
  return()
endif()
enable_testing()

# tests: builds all of them. tests-<label>: those that carry the label.
add_custom_target(tests)

function(larder_tests_target target)
  add_dependencies(tests ${target})
  foreach(label IN LISTS ARGN)
    if(NOT TARGET tests-${label})
      add_custom_target(tests-${label})
    endif()
    add_dependencies(tests-${label} ${target})
  endforeach()
  if(NOT LARDER_TESTS_IN_ALL)
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
endfunction()

# The environment every test sees.
set(LARDER_TEST_ENVIRONMENT
  "CK_FORK=${LARDER_TEST_FORK}"
  "CK_TIMEOUT_MULTIPLIER=${LARDER_TEST_TIMEOUT_FACTOR}"
  "CK_VERBOSITY=normal"
  "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=0"
  "UBSAN_OPTIONS=print_stacktrace=1"
  "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1"
  "LARDER_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
  "LARDER_BUILD_DIR=${PROJECT_BINARY_DIR}"
  "LARDER_BIN_DIR=${PROJECT_BINARY_DIR}/bin"
  "LARDER_SANITIZE=${LARDER_SANITIZE}"
  "LARDER_TEST_TIMEOUT_FACTOR=${LARDER_TEST_TIMEOUT_FACTOR}")

# Seconds a test may take, times the preset's factor.
function(larder_test_properties name seconds)
  math(EXPR limit "${seconds} * ${LARDER_TEST_TIMEOUT_FACTOR}")
  set_tests_properties(${name} PROPERTIES
    LABELS "${ARGN}"
    TIMEOUT ${limit}
    SKIP_RETURN_CODE 77
    ENVIRONMENT "${LARDER_TEST_ENVIRONMENT}")
endfunction()

# An executable that mirrors the path of its test: proto/http/test_uri becomes
# the target proto.http.test_uri and the file tests/proto/http/test_uri.
function(larder_test_executable name target_out)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "SOURCES;LAYERS;LINK")
  string(REPLACE "/" "." target "${name}")
  cmake_path(GET name PARENT_PATH folder)
  cmake_path(GET name FILENAME file)
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME "${file}"
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests/${folder}")
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE
    LARDER_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    LARDER_BIN_DIR="${PROJECT_BINARY_DIR}/bin")
  larder_link_layers(${target} ${arg_LAYERS})
  target_link_libraries(${target} PRIVATE larder_build ${arg_LINK})
  set(${target_out} ${target} PARENT_SCOPE)
endfunction()

# larder_test(<path/test_x> SOURCES <file>... LAYERS <layer>... [LINK <library>...]
#             [LABELS <label>...] [TIMEOUT <seconds>])
# One libcheck program that defines `Suite *larder_suite(void)`. It links the
# layers named and no others. Label unit, and thread or release where given:
# thread tests also run under the thread sanitizer, release tests optimised.
function(larder_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;LAYERS;LINK;LABELS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "larder_test(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  larder_test_executable(${name} target
    SOURCES ${arg_SOURCES} LAYERS ${arg_LAYERS}
    LINK larder_test_support larder_test_main ${arg_LINK})
  add_test(NAME ${name} COMMAND ${LARDER_TEST_LAUNCHER} $<TARGET_FILE:${target}>)
  larder_test_properties(${name} ${arg_TIMEOUT} unit ${arg_LABELS})
  larder_tests_target(${target} unit ${arg_LABELS})
endfunction()

# larder_e2e(<path/name> (SOURCES <file>... [LAYERS ...] [LINK ...] | SCRIPT <file>)
#            [ARGS <argument>...] [LABELS <label>...] [TIMEOUT <seconds>] [SERIAL])
# A whole-system test, label e2e: a program of its own (with its own main), or a
# script (.py runs under python3, anything else by itself) that finds the built
# programs in $LARDER_BIN_DIR. Exit status 0 passes, 77 skips.
function(larder_e2e name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "SERIAL" "TIMEOUT;SCRIPT"
    "SOURCES;LAYERS;LINK;ARGS;LABELS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "larder_e2e(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(arg_SOURCES)
    larder_test_executable(${name} target
      SOURCES ${arg_SOURCES} LAYERS ${arg_LAYERS}
      LINK larder_test_support ${arg_LINK})
    set(command $<TARGET_FILE:${target}>)
    larder_tests_target(${target} e2e ${arg_LABELS})
  else()
    cmake_path(ABSOLUTE_PATH arg_SCRIPT BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    set(command "${arg_SCRIPT}")
    if(arg_SCRIPT MATCHES "\\.py$")
      list(PREPEND command "${Python3_EXECUTABLE}")
    endif()
  endif()
  add_test(NAME ${name} COMMAND ${command} ${arg_ARGS})
  larder_test_properties(${name} ${arg_TIMEOUT} e2e ${arg_LABELS})
  if(arg_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()

# larder_fuzz(<path/fuzz_x> SOURCES <file>... LAYERS <layer>... CORPUS <folder>
#             [LINK <library>...])
# Defines LLVMFuzzerTestOneInput(). Under the fuzz preset a libFuzzer program,
# listed with its corpus in <build>/fuzz-targets.txt; everywhere else a program
# that replays each file of the corpus, label fuzz.
function(larder_fuzz name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS" "SOURCES;LAYERS;LINK")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_CORPUS)
    message(FATAL_ERROR "larder_fuzz(${name}): needs CORPUS; unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  cmake_path(ABSOLUTE_PATH arg_CORPUS BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
  if(LARDER_FUZZ)
    larder_test_executable(${name} target
      SOURCES ${arg_SOURCES} LAYERS ${arg_LAYERS} LINK ${arg_LINK})
    target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    set_property(GLOBAL APPEND_STRING PROPERTY LARDER_FUZZ_TARGETS
      "${name}\t$<TARGET_FILE:${target}>\t${arg_CORPUS}\n")
  else()
    larder_test_executable(${name} target
      SOURCES ${arg_SOURCES} LAYERS ${arg_LAYERS}
      LINK larder_test_support larder_fuzz_replay ${arg_LINK})
    add_test(NAME ${name}
      COMMAND ${LARDER_TEST_LAUNCHER} $<TARGET_FILE:${target}> "${arg_CORPUS}")
    larder_test_properties(${name} 60 fuzz)
  endif()
  larder_tests_target(${target} fuzz)
endfunction()

# larder_bench(<path/bench_x> SOURCES <file>... [LAYERS ...] [LINK ...])
# A program that measures and prints; run by hand, never by ctest.
function(larder_bench name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LAYERS;LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "larder_bench(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  larder_test_executable(${name} target
    SOURCES ${arg_SOURCES} LAYERS ${arg_LAYERS} LINK larder_test_support ${arg_LINK})
  larder_tests_target(${target} bench)
endfunction()
