# How everything in this tree is compiled: warnings, hardening, sanitizers.
add_library(terway_compile INTERFACE)
target_compile_options(terway_compile INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wundef -Wno-missing-field-initializers
    $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Wold-style-cast -Wconversion>
    $<$<BOOL:${TERWAY_WERROR}>:-Werror>
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:Clang>>:-Wthread-safety>
    $<$<NOT:$<CONFIG:Debug>>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=>)
target_compile_definitions(terway_compile INTERFACE
    $<$<BOOL:${TERWAY_TEST_HOOKS}>:TERWAY_TEST_HOOKS>
    $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>
    TERWAY_VERSION="${PROJECT_VERSION}")
# Names and lines are what a trace of a fault needs; all variables beside them cost a third of the
# time to compile.
set(TERWAY_DEBUG_INFO 1 CACHE STRING "how much debuggers learn: 1 names and lines, 2 variables as well")
target_compile_options(terway_compile INTERFACE -g${TERWAY_DEBUG_INFO})

# Test programs (TERWAY_TEST_CODE) are most of what is compiled, and what must be fast or watched is
# not in them.
set(test_code "$<BOOL:$<TARGET_PROPERTY:TERWAY_TEST_CODE>>")
target_compile_options(terway_compile INTERFACE $<${test_code}:-O0>)
if(TERWAY_SANITIZE)
    target_compile_options(terway_compile INTERFACE
        -fsanitize=${TERWAY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(terway_compile INTERFACE -fsanitize=${TERWAY_SANITIZE})
    # Boost.Asio uses a fence, which ThreadSanitizer does not model; g++ says so at every include.
    if(TERWAY_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(terway_compile INTERFACE -Wno-tsan)
    endif()
    if(CMAKE_BUILD_TYPE STREQUAL "Debug")
        target_compile_options(terway_compile INTERFACE
            $<$<NOT:${test_code}>:-O1> $<${test_code}:-fno-sanitize=undefined>)
    endif()
else()
    target_compile_options(terway_compile INTERFACE $<$<NOT:$<CONFIG:Debug>>:-fstack-protector-strong>
        $<$<NOT:$<OR:$<CONFIG:Debug>,${test_code}>>:-D_FORTIFY_SOURCE=2>)
    target_link_options(terway_compile INTERFACE
        $<$<NOT:$<CONFIG:Debug>>:-Wl,-z,relro,-z,now,--gc-sections>)
    target_compile_options(terway_compile INTERFACE $<$<NOT:$<CONFIG:Debug>>:-ffunction-sections>)
endif()

# terway_library(NAME SOURCES...): one static library for one folder.
function(terway_library name)
    add_library(${name} STATIC ${ARGN})
    target_link_libraries(${name} PUBLIC terway_compile)
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/core ${PROJECT_SOURCE_DIR}/core/sdk)
endfunction()
