# larder_build: what every one of our compilations and links has in common.
# larder_strict: the same and -Wconversion, where every number comes from a peer.

add_library(larder_build INTERFACE)
target_compile_features(larder_build INTERFACE c_std_11)
# The roots are for "quotes" alone, so that our "sys/random.h" never hides <sys/random.h>.
target_include_directories(larder_build INTERFACE
  "${PROJECT_SOURCE_DIR}/libclient/include")
target_compile_options(larder_build INTERFACE
  "SHELL:-iquote \"${PROJECT_SOURCE_DIR}\""
  "SHELL:-iquote \"${PROJECT_SOURCE_DIR}/libclient\"")
target_compile_options(larder_build INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Wformat=2 -Wundef -Wpointer-arith -Wwrite-strings
  -fstack-protector-strong
  -fno-strict-aliasing
  $<$<BOOL:${LARDER_WERROR}>:-Werror>)
target_compile_definitions(larder_build INTERFACE
  LARDER_VERSION="${PROJECT_VERSION}"
  $<$<BOOL:${LARDER_FAULTS}>:LARDER_FAULTS=1>)
target_link_options(larder_build INTERFACE
  -Wl,-z,relro -Wl,-z,now -Wl,--as-needed)

if(LARDER_SANITIZE)
  set(LARDER_SANITIZE_FLAGS
    "-fsanitize=${LARDER_SANITIZE}" -fno-omit-frame-pointer)
  if(LARDER_SANITIZE MATCHES "undefined")
    list(APPEND LARDER_SANITIZE_FLAGS -fno-sanitize-recover=all)
  endif()
else()
  set(LARDER_SANITIZE_FLAGS)
  # glibc's checked copies need an optimiser, and get in a sanitizer's way.
  target_compile_options(larder_build INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
    $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()
if(LARDER_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "LARDER_FUZZ needs clang: use the fuzz preset")
  endif()
  list(APPEND LARDER_SANITIZE_FLAGS -fsanitize=fuzzer-no-link)
endif()
if(LARDER_COVERAGE)
  list(APPEND LARDER_SANITIZE_FLAGS --coverage)
endif()
target_compile_options(larder_build INTERFACE ${LARDER_SANITIZE_FLAGS})
target_link_options(larder_build INTERFACE ${LARDER_SANITIZE_FLAGS})

add_library(larder_strict INTERFACE)
target_compile_options(larder_strict INTERFACE -Wconversion)

# Names appear in a shared library only where LARDER_API says so; the version
# script libclient/liblarder.map says it a second time.
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
