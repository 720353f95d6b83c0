# Debian packages: `cpack -G DEB` in a build directory, or `./dev packages`.
#
#   terway          terwayd, terwayctl, the CNI binary, conflists, profiles, the systemd unit
#   terway-modules  the modules of this tree
#   terway-dev      the SDK for modules: headers, netkit, terway-conformance
#
# What a package depends on is found in its programs (dpkg-shlibdeps).
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME terway)
set(CPACK_PACKAGE_VENDOR "The Terway authors")
set(CPACK_PACKAGE_CONTACT "The Terway authors <terway@example.com>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL runtime modules sdk)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME terway)
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "Pod networking for Kubernetes on Alibaba Cloud VPC
 The daemon terwayd, its command terwayctl and the CNI plugin terway.")
set(CPACK_DEBIAN_RUNTIME_PACKAGE_DEPENDS "ca-certificates, terway-modules (= ${PROJECT_VERSION})")

set(CPACK_DEBIAN_MODULES_PACKAGE_NAME terway-modules)
set(CPACK_COMPONENT_MODULES_DESCRIPTION "Modules of Terway: dataplanes and limits for pods
 Shared objects terwayd loads as its profile says.")

set(CPACK_DEBIAN_SDK_PACKAGE_NAME terway-dev)
set(CPACK_DEBIAN_SDK_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_SDK_DESCRIPTION "SDK for modules of Terway
 Headers, a library of netlink verbs and the tool that checks the laws of modules.")
set(CPACK_DEBIAN_SDK_PACKAGE_DEPENDS "cmake, libnl-3-dev")

foreach(package IN ITEMS runtime:terway modules:terway-modules sdk:terway-dev)
    string(REPLACE ":" ";" parts ${package})
    list(GET parts 0 component)
    list(GET parts 1 name)
    install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION share/doc/${name} RENAME copyright
        COMPONENT ${component})
endforeach()

include(CPack)
