# How a Terway module is built, tested and installed; the same file serves the modules of this tree
# and, through find_package(terway-sdk), those of others.
#
#   terway_add_module(NAME source... [SOURCES source...] [LIBRARIES library...]
#                     [CONFORMANCE config.toml...])
#
# builds NAME.so from C or C++20 sources, exporting terway_module and nothing else. NAME is the
# module's id, because that is the file terwayd looks for. It also adds
#   - an install rule: ${TERWAY_MODULE_DIR}, /usr/lib/terway/modules by default;
#   - a test that the module exports nothing else;
#   - with CONFORMANCE, for each file a test (label "conformance") that runs terway-conformance on it.
#     The file holds the module's configuration, either a table [module.<id>] or the bare keys; it may
#     be empty.
#
# A module is never unloaded while a daemon lives; -z nodelete makes that hold for any host.
include_guard(GLOBAL)

if(TARGET terway_compile)
    set(TERWAY_MODULE_DIR ${CMAKE_INSTALL_LIBDIR}/terway/modules)
    set(_terway_module_output ${PROJECT_BINARY_DIR}/modules)
else()
    set(TERWAY_MODULE_DIR /usr/lib/terway/modules CACHE STRING "Where terwayd looks for modules")
    set(_terway_module_output ${CMAKE_BINARY_DIR}/modules)
endif()

function(terway_add_module name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES;CONFORMANCE")
    set(sources ${arg_UNPARSED_ARGUMENTS} ${arg_SOURCES})
    if(NOT sources)
        message(FATAL_ERROR "terway_add_module(${name}): name at least one source file")
    endif()
    set(map ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/terway-module.map)

    add_library(${name} MODULE ${sources})
    set_target_properties(${name} PROPERTIES
        PREFIX "" LIBRARY_OUTPUT_DIRECTORY ${_terway_module_output}
        C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
        POSITION_INDEPENDENT_CODE ON LINK_DEPENDS ${map})
    target_compile_features(${name} PRIVATE cxx_std_20)
    target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} terway::sdk)
    if(TARGET terway_compile)
        target_link_libraries(${name} PRIVATE terway_compile)
    endif()
    target_link_options(${name} PRIVATE LINKER:--version-script=${map} LINKER:-z,nodelete)
    # A sanitizer's runtime is in the executable, so a sanitized module has undefined symbols.
    if(NOT TERWAY_SANITIZE AND NOT "${CMAKE_CXX_FLAGS} ${CMAKE_MODULE_LINKER_FLAGS}" MATCHES "-fsanitize")
        target_link_options(${name} PRIVATE LINKER:-z,defs)
    endif()
    install(TARGETS ${name} LIBRARY DESTINATION ${TERWAY_MODULE_DIR} COMPONENT modules)

    add_test(NAME "abi: ${name} exports its descriptor and nothing else"
        COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DMODULE=$<TARGET_FILE:${name}>
            -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/TerwayCheckExports.cmake)
    set_tests_properties("abi: ${name} exports its descriptor and nothing else" PROPERTIES LABELS abi)
    foreach(file IN LISTS arg_CONFORMANCE)
        get_filename_component(config ${file} ABSOLUTE)
        get_filename_component(variant ${file} NAME_WE)
        set(test "conformance: ${name} obeys the laws")
        if(NOT variant STREQUAL "conformance")
            string(REPLACE "conformance-" "" variant ${variant})
            set(test "conformance: ${name} obeys the laws with ${variant}")
        endif()
        add_test(NAME ${test}
            COMMAND $<TARGET_FILE:terway::conformance> $<TARGET_FILE:${name}> --config ${config})
        set_tests_properties(${test} PROPERTIES LABELS conformance TIMEOUT 300)
    endforeach()
endfunction()
