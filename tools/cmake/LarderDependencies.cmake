# The libraries larder stands on. `tools/setup build` installs them on Debian.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenSSL 1.1.1 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

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
