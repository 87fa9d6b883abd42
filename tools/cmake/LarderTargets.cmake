# The shapes of what is built: a folder's sources, a layer, a program, a manual page.

# larder_sources(<layer> <file>...)
# Adds files of this folder to a layer whose larder_layer() call comes later, in
# a parent folder. For layers with subfolders (proto/bytes, proto/http, ...).
function(larder_sources layer)
  foreach(file IN LISTS ARGN)
    cmake_path(ABSOLUTE_PATH file BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    set_property(GLOBAL APPEND PROPERTY "LARDER_SOURCES_${layer}" "${file}")
  endforeach()
endfunction()

# larder_layer(<layer> [SOURCES <file>...] [LINK <external library>...]
#              [GNU] [STRICT])
# One OBJECT library larder_<layer>. It sees headers of other layers but is never
# linked with them: the final program, library or test names its layers, so that
# a call in the wrong direction does not link. GNU asks for _GNU_SOURCE, else
# the layer has POSIX.1-2008 alone; STRICT adds -Wconversion.
# A layer without sources yet is an INTERFACE library that carries LINK alone.
function(larder_layer layer)
  cmake_parse_arguments(PARSE_ARGV 1 arg "GNU;STRICT" "" "SOURCES;LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "larder_layer(${layer}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  larder_sources(${layer} ${arg_SOURCES})
  get_property(sources GLOBAL PROPERTY "LARDER_SOURCES_${layer}")
  set(target "larder_${layer}")

  if(NOT sources)
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${arg_LINK})
    return()
  endif()

  add_library(${target} OBJECT ${sources})
  target_link_libraries(${target} PRIVATE larder_build PUBLIC ${arg_LINK})
  if(arg_GNU)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  else()
    target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
  endif()
  if(arg_STRICT)
    target_link_libraries(${target} PRIVATE larder_strict)
  endif()
endfunction()

# larder_link_layers(<target> <layer>...)
# Puts the objects of layers, and what they need from outside, into a target.
function(larder_link_layers target)
  foreach(layer IN LISTS ARGN)
    target_link_libraries(${target} PRIVATE larder_${layer})
  endforeach()
endfunction()

# larder_program(<name> [SOURCES <file>...] [LAYERS <layer>...] [LINK <library>...])
# One installed executable in bin/. LAYERS are those outside the library, such
# as cached; everything in liblarder is there already. Does nothing without
# sources.
function(larder_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LAYERS;LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "larder_program(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT arg_SOURCES)
    return()
  endif()
  # A program and the library's target share the name larder.
  set(target "program_${name}")
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME "${name}")
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
  larder_link_layers(${target} ${arg_LAYERS})
  target_link_libraries(${target} PRIVATE larder_build larder_internal ${arg_LINK})
  install(TARGETS ${target} RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
  set_property(GLOBAL APPEND PROPERTY LARDER_PROGRAMS ${target})
endfunction()

# larder_example(<name> SOURCES <file>...)
# A program as a user would write it, in bin/examples: it sees the public headers and
# the shared library alone, and is not installed.
function(larder_example name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "larder_example(${name}): unknown: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  set(target "example_${name}")
  add_executable(${target} ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME "${name}"
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin/examples")
  target_compile_features(${target} PRIVATE c_std_11)
  target_compile_options(${target} PRIVATE -Wall -Wextra ${LARDER_SANITIZE_FLAGS}
    $<$<BOOL:${LARDER_WERROR}>:-Werror>)
  target_link_options(${target} PRIVATE ${LARDER_SANITIZE_FLAGS})
  target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
  target_link_libraries(${target} PRIVATE larder::larder)
endfunction()

# larder_man(<page>...)
# Installs manual pages, each into the section that its name ends in.
function(larder_man)
  foreach(page IN LISTS ARGN)
    cmake_path(GET page EXTENSION LAST_ONLY section)
    string(SUBSTRING "${section}" 1 -1 section)
    install(FILES "${page}" DESTINATION "${CMAKE_INSTALL_MANDIR}/man${section}")
  endforeach()
endfunction()
