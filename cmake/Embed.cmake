# pano_embed(TARGET DIST folder [STAMP file]): every file of a built page inside the binary, as gzip
# bytes by .incbin, with an index (server/api/static_files.h). Without DIST a page that says how to
# build the real one. Regenerated whenever STAMP, which must be newer than the page, changes.
function(pano_embed target)
  cmake_parse_arguments(ARG "" "DIST;STAMP" "" ${ARGN})
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target})
  set(tool ${CMAKE_SOURCE_DIR}/tools/embed.py)
  set(stand_in ${CMAKE_SOURCE_DIR}/src/server/api/stand_in)
  if(ARG_DIST)
    set(folder ${ARG_DIST})
    set(built 1)
    set(depends ${ARG_STAMP})
  else()
    set(folder ${stand_in})
    set(built 0)
    set(depends ${stand_in}/index.html)
  endif()
  add_custom_command(OUTPUT ${out}/page.cc ${out}/page.S
    COMMAND ${Python3_EXECUTABLE} ${tool} ${folder} ${out} ${built}
    DEPENDS ${tool} ${depends} COMMENT "Embedding the page" VERBATIM)
  add_library(${target} STATIC ${out}/page.cc ${out}/page.S)
  target_link_libraries(${target} PRIVATE pano_flags pano_base)
  # The assembler must look again when the bytes change: .incbin is invisible to dependency scans.
  set_source_files_properties(${out}/page.S PROPERTIES OBJECT_DEPENDS ${out}/page.cc)
endfunction()
