# What is compiled into the library, for CMakeLists.txt and for cmlpConfig.cmake in a Python package. Sets
# CMLP_BUILD_MACROS and the interface library cmlp_flags. src/cmlp/core/build.h has the macros, for builds without CMake.
option(CMLP_INFERENCE_ONLY "Leave out costs, gradients and training" OFF)
option(CMLP_FLOAT64 "Networks of float64 too" ON)
option(CMLP_THREADS "Threads for large calls" ON)
set(CMLP_ISA all CACHE STRING "Instruction sets: all, or some of generic;avx2;avx512;neon")

set(CMLP_BUILD_MACROS "")
if(CMLP_INFERENCE_ONLY)
  list(APPEND CMLP_BUILD_MACROS CMLP_INFERENCE_ONLY)
endif()
if(NOT CMLP_FLOAT64)
  list(APPEND CMLP_BUILD_MACROS CMLP_NO_FLOAT64)
endif()
if(CMLP_THREADS)
  set(THREADS_PREFER_PTHREAD_FLAG ON)
  find_package(Threads REQUIRED)
else()
  list(APPEND CMLP_BUILD_MACROS CMLP_NO_THREADS)
endif()
if(NOT CMLP_ISA STREQUAL "all")
  set(CMLP_ISA_generic 1) # the values of cmlp_isa
  set(CMLP_ISA_avx2 2)
  set(CMLP_ISA_avx512 4)
  set(CMLP_ISA_neon 8)
  set(CMLP_ISA_MASK 0)
  foreach(isa ${CMLP_ISA})
    if(NOT DEFINED CMLP_ISA_${isa})
      message(FATAL_ERROR "CMLP_ISA must be all or some of generic;avx2;avx512;neon, got ${isa}")
    endif()
    math(EXPR CMLP_ISA_MASK "${CMLP_ISA_MASK} | ${CMLP_ISA_${isa}}")
  endforeach()
  list(APPEND CMLP_BUILD_MACROS CMLP_BUILD_ISA=${CMLP_ISA_MASK})
endif()

# The flags of setup.py: one rounding per operation, no errno from sqrt, instruction sets chosen inside the sources.
add_library(cmlp_flags INTERFACE)
if(MSVC)
  target_compile_options(cmlp_flags INTERFACE /fp:precise)
  target_compile_definitions(cmlp_flags INTERFACE _CRT_SECURE_NO_WARNINGS)
else()
  target_compile_options(cmlp_flags INTERFACE -ffp-contract=off -fno-math-errno)
endif()

# Sets the properties of a library of the core's sources. -std=gnu11: on s390x GCC keeps excess precision with -std=c11.
function(cmlp_configure name)
  set_target_properties(${name} PROPERTIES
    OUTPUT_NAME cmlp C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON
    C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS ON)
  target_compile_definitions(${name} PRIVATE ${CMLP_BUILD_MACROS})
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:cmlp_flags>)
  if(NOT MSVC) # a parent project without a build type gets an optimized library all the same
    target_compile_options(${name} PRIVATE $<$<CONFIG:>:-O3>)
  endif()
  if(CMLP_THREADS)
    target_link_libraries(${name} PRIVATE Threads::Threads)
  endif()
endfunction()
