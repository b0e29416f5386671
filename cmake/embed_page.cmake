# telltale_page: the built page (ui/dist) as a library behind server/web/embedded_page.h. Embeds
# again when a file of ui/dist changes, appears or goes; without ui/dist a page that says how to
# build it.
enable_language(ASM)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

set(page_out ${CMAKE_BINARY_DIR}/page)
set(page_fallback ${CMAKE_SOURCE_DIR}/cmake/page_missing.html)
file(GLOB_RECURSE page_files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/ui/dist/*)
add_custom_command(
  OUTPUT ${page_out}/embedded_page.cc ${page_out}/embedded_page.S
  COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/embed_page.py ${CMAKE_SOURCE_DIR}/ui/dist
          ${page_fallback} ${page_out}
  DEPENDS ${page_files} ${page_fallback} ${CMAKE_SOURCE_DIR}/tools/embed_page.py
  COMMENT "Embedding the page")
add_library(telltale_page STATIC ${page_out}/embedded_page.cc ${page_out}/embedded_page.S)
set_source_files_properties(${page_out}/embedded_page.S PROPERTIES OBJECT_DEPENDS
                            "${page_files};${page_fallback}")
target_link_libraries(telltale_page PRIVATE telltale_options)
