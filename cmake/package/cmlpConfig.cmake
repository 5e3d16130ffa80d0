# find_package(cmlp) for an installed Python package: the target cmlp::cmlp compiles the single file cmlp.c, which is
# beside the header. The folder is cmlp.get_cmake_dir(). The options of cmlpOptions.cmake can be set before.
if(TARGET cmlp::cmlp)
  return()
endif()
get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
if(NOT "C" IN_LIST languages)
  enable_language(C)
endif()

# The header's folder: in an installed package, or in the source tree of an editable installation.
set(cmlp_INCLUDE_DIR "${CMAKE_CURRENT_LIST_DIR}/../include")
if(NOT EXISTS "${cmlp_INCLUDE_DIR}/cmlp.h")
  set(cmlp_INCLUDE_DIR "${CMAKE_CURRENT_LIST_DIR}/../../include")
endif()

include("${CMAKE_CURRENT_LIST_DIR}/cmlpOptions.cmake")
add_library(cmlp STATIC EXCLUDE_FROM_ALL "${cmlp_INCLUDE_DIR}/cmlp.c")
cmlp_configure(cmlp)
target_include_directories(cmlp PUBLIC "${cmlp_INCLUDE_DIR}")
add_library(cmlp::cmlp ALIAS cmlp)
