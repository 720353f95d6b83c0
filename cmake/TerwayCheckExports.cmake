# cmake -DNM=nm -DMODULE=thing.so -P TerwayCheckExports.cmake: fails unless terway_module is the one
# dynamic symbol the module defines.
execute_process(COMMAND ${NM} -D --defined-only --format=posix ${MODULE}
    OUTPUT_VARIABLE listing ERROR_VARIABLE complaint RESULT_VARIABLE result)
if(NOT result EQUAL 0)
    message(FATAL_ERROR "${MODULE}: cannot list its symbols: ${complaint}")
endif()
string(REGEX REPLACE " [^\n]*\n" ";" symbols "${listing}")
list(REMOVE_ITEM symbols "")
if(NOT symbols STREQUAL "terway_module")
    message(FATAL_ERROR "${MODULE} exports \"${symbols}\"; a module exports terway_module and nothing else. "
        "Build it with terway_add_module(), which passes the linker the version script that does this.")
endif()
