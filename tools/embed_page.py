"""embed_page.py DIST FALLBACK OUT: writes OUT/embedded_page.cc and OUT/embedded_page.S.

Every file of DIST (the built page) becomes an EmbeddedFile: the assembler takes the bytes in as
they are (.incbin), so a megabyte costs the compiler nothing. A gzip variant is kept where it is
smaller.
Without DIST/index.html there is one file: FALLBACK, a page that says how to build the real one.
The fallback is embedded whole, so the program always has a page.
"""
import gzip
import hashlib
import pathlib
import sys
from typing import List

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}

HEADER = """#include "web/embedded_page.h"

#include <array>
#include <cstddef>

// Defined in embedded_page.S; each body is followed by the symbol of its end.
extern "C" {
"""


def write_if_changed(path: pathlib.Path, data: bytes) -> None:
    if not path.exists() or path.read_bytes() != data:
        path.write_bytes(data)


def literal(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main(arguments: List[str]) -> int:
    dist, fallback, out = (pathlib.Path(argument).resolve() for argument in arguments)
    out.mkdir(parents=True, exist_ok=True)
    if (dist / "index.html").is_file():
        files = [(p, "/" + p.relative_to(dist).as_posix()) for p in sorted(dist.rglob("*"))
                 if p.is_file()]
    else:
        files = [(fallback, "/index.html")]

    symbols: List[str] = []
    assembly: List[str] = ['  .section .note.GNU-stack,"",%progbits', "  .section .rodata"]
    rows: List[str] = []

    def include(name: str, path: pathlib.Path, digest: str) -> str:
        symbols.append(f"extern const char {name}[], {name}_end[];")
        # The digest makes the text change with the bytes: whoever caches objects by text is right.
        assembly.extend([f"  .globl {name}, {name}_end", f"  .balign 16  /* {digest} */",
                         f"{name}:", f"  .incbin {literal(str(path))}", f"{name}_end:",
                         "  .byte 0"])
        return f"text({name}, {name}_end)"

    for number, (path, served) in enumerate(files):
        raw = path.read_bytes()
        digest = hashlib.sha256(raw).hexdigest()[:32]
        body = include(f"telltale_page_{number}", path, digest)
        packed = gzip.compress(raw, 9, mtime=0)
        gzip_body = "std::string_view()"
        if len(packed) < len(raw):
            packed_path = out / f"{digest}.gz"
            write_if_changed(packed_path, packed)
            gzip_body = include(f"telltale_page_{number}_gzip", packed_path, digest)
        content_type = CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream")
        rows.append(f"      EmbeddedFile{{{literal(served)}, {literal(content_type)},\n"
                    f"                   {literal(chr(34) + digest + chr(34))}, {body},\n"
                    f"                   {gzip_body}}},\n")

    source = (HEADER + "\n".join(symbols) + "\n}\n\nnamespace telltale::web {\nnamespace {\n\n"
              "std::string_view text(const char* begin, const char* end) {\n"
              "  return {begin, static_cast<std::size_t>(end - begin)};\n}\n\n}  // namespace\n\n"
              "std::span<const EmbeddedFile> embedded_files() {\n"
              f"  static const std::array<EmbeddedFile, {len(rows)}> files = {{\n"
              + "".join(rows) + "  };\n  return files;\n}\n\n}  // namespace telltale::web\n")
    # Touched even if equal: they are newer than what they were made from, and ninja is at rest.
    (out / "embedded_page.cc").write_text(source, encoding="utf-8")
    (out / "embedded_page.S").write_text("\n".join(assembly) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
