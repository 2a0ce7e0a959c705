# Warnings are errors; sanitizers apply to everything we build.
add_library(pano_flags INTERFACE)
target_compile_options(pano_flags INTERFACE
  -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Wcast-align -Woverloaded-virtual
  -Wnull-dereference -Wvla -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside its own library headers when it inlines at -O2.
  target_compile_options(pano_flags INTERFACE
    -Wno-null-dereference -Wno-stringop-overflow -Wno-array-bounds -Wno-maybe-uninitialized
    -Wno-restrict -Wno-dangling-pointer)
endif()
target_include_directories(pano_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/src
  ${CMAKE_BINARY_DIR}/generated)
if(PANO_SANITIZE)
  target_compile_options(pano_flags INTERFACE -fsanitize=${PANO_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(pano_flags INTERFACE -fsanitize=${PANO_SANITIZE})
  if(PANO_SANITIZE STREQUAL "thread")
    # ThreadSanitizer cannot see fences. Asio's stand around handlers and order nothing that its
    # locks do not order as well.
    target_compile_definitions(pano_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
if(PANO_FUZZ)
  # The fuzzer sees its way through the libraries only if they tell their branches as well.
  target_compile_options(pano_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
