# BPF programs in C, built into what loads them.
#
#   terway_bpf(TARGET file.bpf.c)
#
# compiles the program for the kernel's virtual machine and gives the sources of TARGET the header
# "file.skel.h": libbpf's skeleton with the program in it. TARGET is linked with libbpf. A header both
# sides include is to stand beside the program. The compilers' flags for TARGET are not the program's.
include_guard(GLOBAL)

set(_terway_bpf_remedy "BPF programs are built by clang 14, bpftool and libbpf; remedy: ./dev setup, or
    apt-get install clang-14 bpftool libbpf-dev")

# A macro, because imported targets are known in the folder that makes them and below.
macro(_terway_bpf_find)
    find_program(TERWAY_BPF_CLANG NAMES clang-14 clang DOC "Compiler of BPF programs")
    find_program(TERWAY_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin DOC "Maker of BPF skeletons")
    pkg_check_modules(LIBBPF QUIET IMPORTED_TARGET GLOBAL libbpf>=1.1)
    foreach(_tool IN ITEMS TERWAY_BPF_CLANG TERWAY_BPFTOOL)
        if(NOT ${_tool})
            message(FATAL_ERROR "${_tool} is not found. ${_terway_bpf_remedy}")
        endif()
    endforeach()
    if(NOT LIBBPF_FOUND)
        message(FATAL_ERROR "libbpf 1.1 or later is not found. ${_terway_bpf_remedy}")
    endif()
endmacro()

function(terway_bpf target source)
    if(NOT TARGET PkgConfig::LIBBPF)
        _terway_bpf_find()
    endif()
    get_filename_component(path ${source} ABSOLUTE)
    get_filename_component(folder ${path} DIRECTORY)
    get_filename_component(file ${path} NAME)
    string(REGEX REPLACE "\\.bpf\\.c$" "" name ${file})
    if(name STREQUAL file)
        message(FATAL_ERROR "terway_bpf(${target} ${source}): the name of a program ends with .bpf.c")
    endif()
    set(made ${CMAKE_CURRENT_BINARY_DIR}/bpf)
    file(MAKE_DIRECTORY ${made})
    # asm/types.h is in the folder of this machine's architecture.
    set(system)
    if(CMAKE_LIBRARY_ARCHITECTURE)
        set(system -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
    endif()
    add_custom_command(OUTPUT ${made}/${name}.raw.o
        COMMAND ${TERWAY_BPF_CLANG} -target bpf -O2 -g -std=gnu11 -Wall -Wextra -Werror ${system}
            -ffile-prefix-map=${PROJECT_SOURCE_DIR}/= -MD -MT ${made}/${name}.raw.o -MF ${made}/${name}.d
            -c ${path} -o ${made}/${name}.raw.o
        DEPENDS ${path} DEPFILE ${made}/${name}.d
        COMMENT "Building BPF program ${name}" VERBATIM)
    # Linking leaves out what only a debugger reads; types stay. A skeleton half written must not stay.
    add_custom_command(OUTPUT ${made}/${name}.skel.h
        COMMAND ${TERWAY_BPFTOOL} gen object ${made}/${name}.bpf.o ${made}/${name}.raw.o
        COMMAND ${TERWAY_BPFTOOL} gen skeleton ${made}/${name}.bpf.o name ${name}_bpf > ${made}/${name}.skel.h.new
        COMMAND ${CMAKE_COMMAND} -E rename ${made}/${name}.skel.h.new ${made}/${name}.skel.h
        DEPENDS ${made}/${name}.raw.o
        COMMENT "Making the skeleton of BPF program ${name}" VERBATIM)
    target_sources(${target} PRIVATE ${made}/${name}.skel.h)
    # SYSTEM: the skeleton is C, and warnings about it are nobody's here.
    target_include_directories(${target} SYSTEM PRIVATE ${made})
    target_link_libraries(${target} PUBLIC PkgConfig::LIBBPF)
endfunction()
