# format rewrites the sources as .clang-format says; format-check only tells.
find_program(CLANG_FORMAT NAMES clang-format clang-format-14)
mark_as_advanced(CLANG_FORMAT)
if(NOT CLANG_FORMAT)
  return()
endif()

# git names the files: what is not in the project is not ours to touch.
foreach(mode IN ITEMS format format-check)
  if(mode STREQUAL "format")
    set(options "-i")
  else()
    set(options "--dry-run -Werror")
  endif()
  add_custom_target(${mode}
    COMMAND sh -c "git ls-files -z -- '*.c' '*.h' | xargs -0 -r '${CLANG_FORMAT}' ${options}"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    VERBATIM)
endforeach()
