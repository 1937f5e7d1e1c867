# SPDX-License-Identifier: Apache-2.0
# Makes C++ functions of files, so that the binary needs none of them: promtally_embed(OUTPUT.cc HEADER.h Name FILE [Name FILE]...)
# defines `std::string_view promtally::web::Name()`. A changed file is embedded anew by the next build.
function(promtally_embed output header)
  set(text "// Generated from the sources by cmake/Embed.cmake.\n#include \"${header}\"\n\nnamespace promtally::web {\n")
  while(ARGN)
    list(POP_FRONT ARGN name file)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
    string(APPEND text "namespace {\nconstexpr char k${name}[] = {\n${bytes}\n};\n}  // namespace\n"
      "std::string_view ${name}() { return {k${name}, sizeof k${name}}; }\n")
  endwhile()
  string(APPEND text "}  // namespace promtally::web\n")
  file(CONFIGURE OUTPUT ${output} CONTENT "@text@" @ONLY)
endfunction()
