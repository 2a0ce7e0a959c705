# pano_embed(NAME DIR dir): every file of a built folder inside the binary; see web/CMakeLists.txt.
