# Tests that run under the sanitizers: the stages that read untrusted bytes or are on the hot path.
# "sanitized_tests" builds them, "ctest -L asan" runs them.
set(PANO_SANITIZED_TESTS
  pano_base_test pano_schema_test pano_wire_test pano_decode_test pano_source_test pano_flow_test
  pano_l7_test pano_session_test pano_metric_test pano_entity_test
  pano_run_test pano_loadgen_test pano_localise_test)
add_custom_target(sanitized_tests)
# Tests of what runs in several threads. "threaded_tests" builds them, "ctest -L tsan" runs them.
# Not those that open the engine: its library, built without ThreadSanitizer, crashes beside it.
set(PANO_THREADED_TESTS
  pano_base_test pano_source_test pano_entity_test pano_agent_test pano_live_test pano_api_test
  server_story_test)
add_custom_target(threaded_tests)
add_custom_target(fuzzers)  # everything "./dev fuzz" runs

# pano_module(NAME [FOLDERS folder...] [DEPS target...]): one folder is one static library, with the
# folders below it that are named.
#   foo.cc        -> the library          foo_test.cc  -> executable NAME_test, run by ctest
#   foo_bench.cc  -> executable NAME_bench (PANO_BENCH)   foo_fuzz.cc -> executable foo_fuzz (PANO_FUZZ)
# TEST_DEPS are linked to tests, benchmarks and fuzzers only.
function(pano_module name)
  cmake_parse_arguments(ARG "" "" "FOLDERS;DEPS;TEST_DEPS" ${ARGN})
  list(TRANSFORM ARG_FOLDERS PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE folders)
  list(TRANSFORM folders APPEND /*.cc)
  file(GLOB all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc ${folders})
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|bench|fuzz)\\.cc$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC pano_flags ${ARG_DEPS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE pano_flags ${ARG_DEPS})
  endif()

  set(tests ${all})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(tests AND NOT PANO_FUZZ)
    pano_test(${name}_test SOURCES ${tests} DEPS ${name} ${ARG_TEST_DEPS})
  endif()

  set(benches ${all})
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  if(benches AND PANO_BENCH)
    find_package(benchmark REQUIRED)
    add_executable(${name}_bench ${benches})
    target_link_libraries(${name}_bench PRIVATE ${name} ${ARG_TEST_DEPS} benchmark::benchmark_main)
    target_compile_definitions(${name}_bench PRIVATE PANO_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  endif()

  set(fuzzers ${all})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  if(fuzzers AND PANO_FUZZ)
    foreach(file ${fuzzers})
      get_filename_component(stem ${file} NAME_WE)
      add_executable(${stem} ${file})
      target_link_libraries(${stem} PRIVATE ${name} ${ARG_TEST_DEPS})
      target_compile_options(${stem} PRIVATE -fsanitize=fuzzer)
      target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
      add_dependencies(fuzzers ${stem})
    endforeach()
  endif()
endfunction()

# pano_test(NAME SOURCES file... [DEPS target...] [LABELS label...]): a GoogleTest executable.
# Labels: unit (the default), kernel (needs eBPF rights), unsanitized (not run under sanitizers).
# Those in PANO_SANITIZED_TESTS get "asan" as well, those in PANO_THREADED_TESTS "tsan".
function(pano_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;LABELS" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} pano_flags GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE PANO_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    PANO_BINARY_DIR="${CMAKE_BINARY_DIR}")
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(name IN_LIST PANO_SANITIZED_TESTS)
    list(APPEND ARG_LABELS asan)
    add_dependencies(sanitized_tests ${name})
  endif()
  if(name IN_LIST PANO_THREADED_TESTS)
    list(APPEND ARG_LABELS tsan)
    add_dependencies(threaded_tests ${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS "${ARG_LABELS}")
endfunction()
