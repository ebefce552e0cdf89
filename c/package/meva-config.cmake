# find_package(meva 0.1 REQUIRED) gives meva::meva, the shared library, and meva::static.
get_filename_component(_meva_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT TARGET meva::meva)
  add_library(meva::meva SHARED IMPORTED)
  set_target_properties(meva::meva PROPERTIES
    IMPORTED_LOCATION "${_meva_prefix}/lib/libmeva_c.so.@VERSION@"
    IMPORTED_SONAME "libmeva_c.so.@SERIES@"
    INTERFACE_INCLUDE_DIRECTORIES "${_meva_prefix}/include")
  add_library(meva::static STATIC IMPORTED)
  set_target_properties(meva::static PROPERTIES
    IMPORTED_LOCATION "${_meva_prefix}/lib/libmeva_c.a"
    INTERFACE_LINK_LIBRARIES "m;pthread;dl;gcc_s"
    INTERFACE_INCLUDE_DIRECTORIES "${_meva_prefix}/include")
endif()
unset(_meva_prefix)
