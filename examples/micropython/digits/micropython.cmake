# Read by ports that CMake builds (ESP32, RP2): make USER_C_MODULES=<path of this file>
add_library(usermod_digits INTERFACE)
target_sources(usermod_digits INTERFACE ${CMAKE_CURRENT_LIST_DIR}/module.c)
target_include_directories(usermod_digits INTERFACE ${CMAKE_CURRENT_LIST_DIR})
target_link_libraries(usermod INTERFACE usermod_digits)
