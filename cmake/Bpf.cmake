# Kernel probes: see bpf/CMakeLists.txt.
