# pano_bpf(NAME KERNEL major*100+minor SOURCES file.bpf.c...): compiles each probe with clang for the
# kernel, PANO_KERNEL naming the oldest that must take it, links them into one object, and generates
# its skeleton. Link to the INTERFACE target NAME and include "bpf/NAME.skel.h". Types of the kernel come from the BTF of the machine that builds; relocations
# (CO-RE) adapt the object to the kernel that runs it.
function(pano_bpf name)
  cmake_parse_arguments(ARG "" "KERNEL" "SOURCES" ${ARGN})
  find_program(PANO_BPF_CLANG NAMES clang-19 clang REQUIRED)
  find_program(PANO_BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)
  set(PANO_BPF_BTF /sys/kernel/btf/vmlinux CACHE FILEPATH "BTF the kernel types are taken from")
  if(NOT EXISTS ${PANO_BPF_BTF})
    message(FATAL_ERROR "No BTF at ${PANO_BPF_BTF}: this kernel was built without it. "
      "Give -DPANO_BPF_BTF=FILE of another kernel, or -DPANO_BPF=OFF.")
  endif()
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(arch arm64)
  else()
    set(arch x86)
  endif()

  set(out ${CMAKE_CURRENT_BINARY_DIR}/${name})
  set(types ${out}/vmlinux.h)
  set(skeleton_dir ${CMAKE_BINARY_DIR}/generated/system/bpf)
  file(MAKE_DIRECTORY ${out} ${skeleton_dir})
  add_custom_command(OUTPUT ${types}
    COMMAND ${PANO_BPFTOOL} btf dump file ${PANO_BPF_BTF} format c > ${types}
    COMMENT "Kernel types from ${PANO_BPF_BTF}" VERBATIM)

  set(objects)
  foreach(source ${ARG_SOURCES})
    get_filename_component(stem ${source} NAME_WE)
    set(object ${out}/${stem}.bpf.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${PANO_BPF_CLANG} -target bpf -mcpu=v3 -O2 -g -std=gnu17 -D__TARGET_ARCH_${arch}
        -DPANO_KERNEL=${ARG_KERNEL}
        -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-declarations
        -Wno-address-of-packed-member -Wno-implicit-fallthrough
        -I ${out} -isystem /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
        -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
      DEPENDS ${source} ${types} DEPFILE ${object}.d
      COMMENT "Probe ${stem} of ${name}" VERBATIM)
    list(APPEND objects ${object})
  endforeach()

  set(linked ${out}/${name}.o)
  set(skeleton ${skeleton_dir}/${name}.skel.h)
  add_custom_command(OUTPUT ${skeleton}
    COMMAND ${PANO_BPFTOOL} gen object ${linked} ${objects}
    COMMAND ${PANO_BPFTOOL} gen skeleton ${linked} name ${name} > ${skeleton}
    DEPENDS ${objects}
    COMMENT "Skeleton ${name}" VERBATIM)
  add_custom_target(${name}_skeleton DEPENDS ${skeleton})
  add_library(${name} INTERFACE)
  add_dependencies(${name} ${name}_skeleton)
  # Generated code is not held to our warnings.
  target_include_directories(${name} SYSTEM INTERFACE ${CMAKE_BINARY_DIR}/generated/system)
  target_link_libraries(${name} INTERFACE bpf)
endfunction()
