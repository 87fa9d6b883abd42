# The libraries larder stands on. `tools/setup build` installs them on Debian.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

# Content codings beyond zlib's: on unless the builder says otherwise, never silently off.
set(LARDER_PC_CODINGS "")
if(LARDER_BROTLI)
  pkg_check_modules(BROTLI QUIET IMPORTED_TARGET libbrotlidec)
  if(NOT BROTLI_FOUND)
    message(FATAL_ERROR "libbrotlidec is missing: run `tools/setup build`, or build without the br coding: -DLARDER_BROTLI=OFF")
  endif()
  string(APPEND LARDER_PC_CODINGS " libbrotlidec")
endif()
if(LARDER_ZSTD)
  pkg_check_modules(ZSTD QUIET IMPORTED_TARGET libzstd)
  if(NOT ZSTD_FOUND)
    message(FATAL_ERROR "libzstd is missing: run `tools/setup build`, or build without the zstd coding: -DLARDER_ZSTD=OFF")
  endif()
  string(APPEND LARDER_PC_CODINGS " libzstd")
endif()

# International host names, by the same rule.
set(LARDER_PC_IDN "")
if(LARDER_IDN)
  pkg_check_modules(IDN2 QUIET IMPORTED_TARGET libidn2)
  if(NOT IDN2_FOUND)
    message(FATAL_ERROR "libidn2 is missing: run `tools/setup build`, or build without international host names: -DLARDER_IDN=OFF")
  endif()
  set(LARDER_PC_IDN " libidn2")
endif()

# Optional: larderd tells systemd about itself when this is there.
pkg_check_modules(SYSTEMD QUIET IMPORTED_TARGET libsystemd)

if(LARDER_TESTS)
  pkg_check_modules(CHECK QUIET IMPORTED_TARGET check)
  find_package(Python3 3.9 QUIET COMPONENTS Interpreter)
  if(NOT CHECK_FOUND OR NOT Python3_Interpreter_FOUND)
    message(STATUS "libcheck or python3 is missing: no tests (`tools/setup test` installs them)")
    set(LARDER_TESTS OFF)
  endif()
endif()
