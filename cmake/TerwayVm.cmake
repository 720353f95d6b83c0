# Tests on other kernels than this machine's: the VM set. `tests/vm/run` boots those kernels; one ctest
# case for each (label "vm") runs the set in one boot. Sanitised programs are too slow there, so the
# cases exist in trees without sanitizers only.
#
#   terway_vm_test(NAME COMMAND program argument... [TIMEOUT seconds] [ON both|oldest|newest|long])
#
# puts a command into the set, ON says of which kernels daily. Somebody waits for each of them, so the oldest has
# what shows that our oldest kernel has all we need, the newest what this machine's kernel, newer still, lacks. The
# ctest label "long", which nobody waits for, runs on both what is ON long and what was left out of one of them.
# A target's name or a generator expression may stand for the program.
# TIMEOUT (120) is for an emulated processor: allow thirty times what the test takes here. The command
# runs in the VM and nowhere else; what this kernel can run has its own add_test or terway_test, which
# takes VM and the same word to be in the set as well, and VM_ONLY to be there alone. A test that needs a kernel
# module must fail, not skip, when it is missing: both kernels have all there is.
#
#   terway_vm_conformance(MODULE config.toml where [config.toml where]...)
#
# puts terway-conformance of a module of this tree into the set, twice for each configuration: laws 4 and 6,
# which walk through every failure and every object, take minutes and are ON long.
#
# Programs of the set are built by the target vm_tests.
include_guard(GLOBAL)

add_custom_target(vm_tests)

function(terway_vm_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT;ON" "COMMAND")
    if(NOT TERWAY_TESTS)
        return()
    endif()
    if(NOT arg_COMMAND)
        message(FATAL_ERROR "terway_vm_test(${name}): which COMMAND?")
    endif()
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 120)
    endif()
    list(POP_FRONT arg_COMMAND program)
    if(TARGET ${program})
        add_dependencies(vm_tests ${program})
        set(program $<TARGET_FILE:${program}>)
    endif()
    list(JOIN arg_COMMAND "]==] [==[" arguments)
    if(arg_COMMAND)
        set(arguments " [==[${arguments}]==]")
    endif()
    if(NOT arg_ON)
        set(arg_ON both)
    endif()
    if(NOT arg_ON MATCHES "^(both|oldest|newest|long)$")
        message(FATAL_ERROR "terway_vm_test(${name}): ON both, oldest, newest or long, not '${arg_ON}'")
    endif()
    set(label ${arg_ON})
    if(arg_ON MATCHES "^(oldest|newest)$")
        set(label "${arg_ON};long")
    endif()
    # A program whose filter leaves nothing to run would else pass.
    set_property(GLOBAL APPEND_STRING PROPERTY terway_vm_set
"add_test([==[${name}]==] [==[${program}]==]${arguments})
set_tests_properties([==[${name}]==] PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS [==[${label}]==]
    FAIL_REGULAR_EXPRESSION \"Running 0 tests\")
")
endfunction()

function(terway_vm_conformance module)
    if(NOT TERWAY_TESTS)
        return()
    endif()
    while(ARGN)
        list(POP_FRONT ARGN file where)
        get_filename_component(config ${file} ABSOLUTE)
        get_filename_component(variant ${file} NAME_WE)
        set(tool $<TARGET_FILE:terway-conformance> $<TARGET_FILE:${module}> --config ${config})
        terway_vm_test("conformance: ${module} obeys the laws as in ${variant}" TIMEOUT 600 ON ${where}
            COMMAND ${tool} --without-law 4 --without-law 6)
        terway_vm_test("conformance: ${module} obeys laws 4 and 6 as in ${variant}" TIMEOUT 1200 ON long
            COMMAND ${tool} --law 4 --law 6)
    endwhile()
    add_dependencies(vm_tests ${module} terway-conformance)
endfunction()
