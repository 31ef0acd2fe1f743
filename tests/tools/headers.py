#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Public headers: each one alone, and twice, in C99; from C++; linked from C++; and as `make install` lays them down."""
import os
import re
import shutil
import sys

from docs import build_example
from gate import Gate, files, functions, options, run

STRICT = ["-Wall", "-Wextra", "-Werror"]
C = {"gcc": ["gcc", "-std=c99", "-Wpedantic"], "clang": ["clang-19", "-std=c99", "-Wpedantic"]}
CXX = {"g++": ["g++", "-std=c++11"], "clang++": ["clang++-19", "-std=c++11"]}


def write(path, text):
    with open(path, "w") as handle:
        handle.write(text)
    return path


def main():
    parser, places = options(__doc__.splitlines()[0], "headers")
    root, build = places(parser.parse_args())
    shutil.rmtree(build, ignore_errors=True)
    os.makedirs(build)
    gate = Gate("headers")
    headers = [os.path.relpath(path, "include") for path in files(root, "include", ".h")]
    include = "-I" + os.path.join(root, "include")
    for header in headers:
        name = header.replace("/", "_")
        # The declaration keeps the unit from being empty, which ISO C forbids.
        unit = write(os.path.join(build, name + ".c"), '#include "%s"\n#include "%s"\nextern int unit;\n'
                     % (header, header))
        for compiler, command in C.items():
            result = run([*command, *STRICT, include, "-fsyntax-only", unit])
            gate.check(result.returncode == 0, "%s alone in C99, %s" % (header, compiler), result.stdout)
        unit = write(os.path.join(build, name + ".cpp"), '#include "%s"\n#include "%s"\n' % (header, header))
        for compiler, command in CXX.items():
            result = run([*command, *STRICT, include, "-fsyntax-only", unit])
            gate.check(result.returncode == 0, "%s alone in C++, %s" % (header, compiler), result.stdout)
    if not gate.check("skerry/skerry.h" in headers, "there is no skerry.h"):
        return gate.done()

    missing = [h for h in headers if not re.search(r'#include "%s"' % re.escape(h),
               open(os.path.join(root, "include/skerry/skerry.h")).read()) and h != "skerry/skerry.h"]
    reached = run(["gcc", "-std=c99", "-M", include, os.path.join(root, "include/skerry/skerry.h")]).stdout
    missing = [h for h in missing if h not in reached and h != "skerry/fdt.h"]
    gate.check(not missing, "skerry.h does not bring in all headers", "\n".join(missing))

    # The library as an integrator gets it.
    stage = os.path.join(build, "stage")
    made = run(["make", "--no-print-directory", "-C", root, "install", "DESTDIR=" + stage, "PREFIX=/usr",
                "BUILD=" + os.path.join(build, "out")])
    if gate.check(made.returncode == 0, "make install", made.stdout):
        environment = dict(os.environ, PKG_CONFIG_LIBDIR=os.path.join(stage, "usr/lib/pkgconfig"),
                           PKG_CONFIG_SYSROOT_DIR=stage)
        flags = run(["pkg-config", "--cflags", "--libs", "skerry"], env=environment)
        gate.check(flags.returncode == 0 and "-lskerry" in flags.stdout, "pkg-config knows skerry", flags.stdout)
        cflags = run(["pkg-config", "--cflags", "skerry"], env=environment).stdout.split()
        libs = run(["pkg-config", "--libs", "skerry"], env=environment).stdout.split()
        build_example(gate, root, os.path.join(build, "example"), cflags, libs, "installed tree")
        names = sorted({name for name, where, _, static, _ in functions(root, "include/skerry/skerry.h")
                        if where.startswith("include") and not static and name.startswith("skr_")})
        ports = [n for n in names if n.startswith("skr_port_")]
        names = [n for n in names if n not in ports]
        gate.check(bool(names), "skerry.h declares no function")
        unit = write(os.path.join(build, "link.cpp"),
                     "#include <skerry/skerry.h>\n#include <cstdio>\n"
                     + "".join('extern "C" { %s }\n' % port_stub(root, p) for p in ports)
                     + "typedef void (*any)();\nstatic any volatile all[] = {\n"
                     + "".join("    reinterpret_cast<any>(&%s),\n" % n for n in names)
                     + "};\nint main() { std::printf(\"%u\\n\", (unsigned)(sizeof all / sizeof all[0])); "
                       "return all[0] == 0; }\n")
        program = os.path.join(build, "link")
        result = run(["g++", "-std=c++11", "-w", *cflags, "-o", program, unit, *libs])
        if gate.check(result.returncode == 0, "every public function links from C++", result.stdout):
            gate.check(run([program]).stdout.strip() == str(len(names)), "the C++ program runs")
    print("headers: %d headers" % len(headers))
    return gate.done()


def port_stub(root, name):
    """An empty body for a hook of the port, so that a program links."""
    text = run(["gcc", "-std=c99", "-E", "-P", "-Iinclude", "include/skerry/skerry.h"], cwd=root).stdout
    match = re.search(r"\bvoid\s+%s\s*\(([^)]*)\)\s*;" % name, text)
    return "void %s(%s) {}" % (name, re.sub(r"(\w+)(,|$)", r"\2", match.group(1)) if match else "")


if __name__ == "__main__":
    sys.exit(main())
