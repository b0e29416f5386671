# The headers that most files begin with are parsed once. A file still includes what it uses: the
# sanitized and clang builds precompile nothing (CMakePresets.json), so there it would not compile.
set(empty ${CMAKE_CURRENT_BINARY_DIR}/precompiled.cc)
file(GENERATE OUTPUT ${empty} CONTENT "")

# telltale_precompile(NAME HEADERS...): a library of nothing but precompiled headers.
function(telltale_precompile name)
  add_library(telltale_precompiled_${name} OBJECT ${empty})
  target_link_libraries(telltale_precompiled_${name} PRIVATE telltale_options telltale_schema)
  target_precompile_headers(telltale_precompiled_${name} PRIVATE ${ARGN})
endfunction()

# telltale_precompiled(TARGET NAME): TARGET's files are compiled with them.
function(telltale_precompiled target name)
  target_precompile_headers(${target} REUSE_FROM telltale_precompiled_${name})
  # gcc 12 forgets which headers are the system's when they come precompiled, and warns within them.
  target_compile_options(${target} PRIVATE
                         $<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overread>)
endfunction()

set(headers <algorithm> <chrono> <filesystem> <functional> <future> <map> <memory> <optional> <set>
            <string> <thread> <vector> <fmt/format.h> <schema/event.pb.h> <schema/snapshot.pb.h>
            <schema/view.pb.h>)
telltale_precompile(server ${headers})

# telltale_test_program(TARGET): how a program of tests is compiled. What a test does once need not
# be fast, and to optimize it takes as long as to compile it.
function(telltale_test_program target)
  telltale_precompiled(${target} tests)
  target_compile_options(${target} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
endfunction()
if(TELLTALE_TESTS)
  telltale_precompile(tests ${headers} <gmock/gmock.h> <gtest/gtest.h>)
  target_link_libraries(telltale_precompiled_tests PRIVATE GTest::gmock)
  target_compile_options(telltale_precompiled_tests PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1>)
endif()
