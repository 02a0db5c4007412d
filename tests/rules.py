"""The house rules that a program can check.

	rules.py RULE TOP	prints what breaks RULE; status 1 where anything does

The code is C in OpenBSD's style: a function's braces stand in column 0.
"""
import ast
import os
import re
import subprocess
import sys

FUNCTION_LINES = 60
# A switch over options, or a main().
LONG_FUNCTION_LINES = 90
LONG_FUNCTIONS = ()
# So plain that nobody looks for them.
PLAIN_NAMES = ("main", "usage")
C_LINES = 500
H_LINES = 120
COLUMNS = 80

CODE = ("src", "maps")
SOURCES = ("src", "maps", "tests")
BANNED = ("strcpy", "strcat", "strncpy", "strncat", "sprintf", "vsprintf",
          "strtok", "atoi", "atol", "atoll", "atof", "alloca", "gets")
# Put together, since this file obeys them as well.
LATER = re.compile(r"\b(" + "|".join(["TO" "DO", "FIX" "ME", "X" "XX"]) + r")\b")

TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|'
                   r'/\*.*?\*/|//[^\n]*', re.S)


def files(top, folders, ends):
    for where in folders:
        for path, dirs, names in os.walk(os.path.join(top, where)):
            dirs.sort()
            for name in sorted(names):
                if name.endswith(ends):
                    yield os.path.join(path, name)


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def bare(text, keep=""):
    """Without comments and the insides of strings; lines stay lines."""
    def blank(m):
        if m[0].startswith(keep or "\0"):
            return m[0]
        lines = "\n" * m[0].count("\n")
        return '""' if m[0][0] in "\"'" else " " + lines
    return TOKEN.sub(blank, text)


def functions(text):
    """(line, name, length) of each function."""
    start = name = None
    for number, line in enumerate(bare(text).split("\n"), 1):
        m = re.match(r"(\w+)\(", line)
        if m:
            name = m[1]
        if line == "{":
            start = number
        elif line == "}" and start:
            yield start, name, number - start + 1
            start = None


def short_functions(top):
    for path in files(top, SOURCES, (".c", ".h")):
        for line, name, length in functions(read(path)):
            most = LONG_FUNCTION_LINES if name in LONG_FUNCTIONS \
                else FUNCTION_LINES
            if length > most:
                yield f"{path}:{line}: {name}() has {length} lines"


def definitions(text):
    """(line, name, static) of each function."""
    lines = bare(text).split("\n")
    for line, name, _ in functions(text):
        head = line - 1
        while head > 0 and not re.match(name + r"\(", lines[head - 1]):
            head -= 1
        yield head, name, "static" in lines[head - 2]


def unique_names(top):
    """A function that two files define is not found by its name."""
    where = {}
    for path in files(top, CODE, ".c"):
        for line, name, _ in definitions(read(path)):
            where.setdefault(name, []).append(f"{path}:{line}")
    for name, places in sorted(where.items()):
        if len(places) > 1 and name not in PLAIN_NAMES:
            yield f"{name}(): {', '.join(places)}"


def one_header_one_file(top):
    """What x.h declares is defined in x.c."""
    defined = {}
    for path in files(top, CODE, ".c"):
        for line, name, static in definitions(read(path)):
            if not static:
                defined[name] = path
    for path in files(top, CODE, ".h"):
        for name in re.findall(r"\b(\w+)\(", bare(read(path))):
            if defined.get(name, path[:-2] + ".c") != path[:-2] + ".c":
                yield f"{path}: {name}() is defined in {defined[name]}"


def words_for_files(top):
    """doc/GLOSSARY.md says of every file what it is for, and of no other."""
    text = read(os.path.join(top, "doc", "GLOSSARY.md"))
    named = set(re.findall(r"^\| `([\w/-]+)` \|", text, re.M))
    there = {os.path.splitext(os.path.relpath(p, top))[0].removeprefix("src/")
             for p in files(top, CODE, (".c", ".h"))}
    for name in sorted(there - named):
        yield f"{name}: doc/GLOSSARY.md does not name it"
    for name in sorted(named - there):
        yield f"doc/GLOSSARY.md: {name} is not there"


def short_files(top):
    for path in files(top, CODE, (".c", ".h")):
        text = read(path)
        lines = text.count("\n")
        most = C_LINES if path.endswith(".c") else H_LINES
        if lines > most:
            yield f"{path}: has {lines} lines"


def line_shape(top):
    for path in files(top, CODE, (".c", ".h")):
        for number, line in enumerate(read(path).split("\n"), 1):
            if len(line.expandtabs(8)) > COLUMNS:
                yield f"{path}:{number}: wider than {COLUMNS} columns"
            if line.rstrip() != line:
                yield f"{path}:{number}: blanks at its end"


def headers_alone(top):
    cc = os.environ.get("CC", "cc").split()
    for path in files(top, CODE, ".h"):
        r = subprocess.run(
            cc + ["-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
                  "-fsyntax-only", "-I" + os.path.join(top, "src"), "-I" + top,
                  "-x", "c", "-include", path, os.devnull],
            capture_output=True, text=True)
        if r.returncode:
            yield f"{path}: does not compile alone:\n{r.stderr}"
        guard = os.path.relpath(path, top).removeprefix("src/")
        guard = re.sub(r"\W", "_", guard).upper()
        if f"#ifndef {guard}\n#define {guard}\n" not in read(path):
            yield f"{path}: has no guard {guard}"


def include_order(top):
    for path in files(top, CODE, (".c", ".h")):
        text = bare(read(path), '"')
        lines = re.findall(r'^#include ([<"])([^>"]*)', text, re.M)
        own = [name for kind, name in lines if kind == '"']
        header = os.path.relpath(path, top).removeprefix("src/")[:-2] + ".h"
        if '"<' in "".join(kind for kind, _ in lines):
            yield f"{path}: a system header behind the project's"
        # <sys/...> may have a block of their own.
        for block in re.findall(r"(?:^#include <.*\n)+", text, re.M):
            if block.split("\n") != sorted(block.split("\n")[:-1]) + [""]:
                yield f"{path}: system headers are not sorted"
        if path.endswith(".c") and header in own and own[0] != header:
            yield f"{path}: its own header is not the first of the project's"
        if len(set(lines)) != len(lines):
            yield f"{path}: includes a header twice"


def banned_functions(top):
    use = re.compile(r"\b(" + "|".join(BANNED) + r")\s*\(")
    for path in files(top, SOURCES, (".c", ".h")):
        for number, line in enumerate(bare(read(path)).split("\n"), 1):
            if use.search(line):
                yield f"{path}:{number}: {use.search(line)[1]}()"


def goto_out(top):
    for path in files(top, SOURCES, (".c", ".h")):
        for label in re.findall(r"\bgoto\s+(\w+)", bare(read(path))):
            if label not in ("out", "fail"):
                yield f"{path}: goto {label}"


def nothing_left(top):
    """No later, no code put into comments, no other kind of comment."""
    statement = re.compile(r"^[\s*]*(if|for|while|return|goto|\w+\s*=|"
                           r"[\w.>-]+\([^)]*\)).*[;{]$")
    for path in files(top, SOURCES + ("m4/sendmail",), (
            ".c", ".h", ".py", ".bats", ".bash", ".sh", ".m4", ".mc")):
        text = read(path)
        for number, line in enumerate(text.split("\n"), 1):
            if LATER.search(line):
                yield f"{path}:{number}: {LATER.search(line)[1]}"
        if not path.endswith((".c", ".h")):
            continue
        for m in TOKEN.finditer(text):
            number = text.count("\n", 0, m.start()) + 1
            if m[0].startswith("//"):
                yield f"{path}:{number}: a comment of the other kind"
            if m[0].startswith("/*"):
                for line in m[0][2:-2].split("\n"):
                    if statement.match(line.strip()):
                        yield f"{path}:{number}: code in a comment"


def named_in_makefile(top):
    """What is not named there is neither built, nor run, nor shipped."""
    text = read(os.path.join(top, "Makefile.am"))
    named = set(re.split(r"[\s=]+", text))
    tests = re.search(r"^unit_tests =(.*?[^\\])$", text, re.M | re.S)[1].split()
    shell = re.search(r"^shell_tests =(.*?[^\\])$", text, re.M | re.S)[1].split()
    fuzz = re.search(r"^fuzz_targets =(.*?[^\\])$", text, re.M | re.S)[1].split()
    for path in files(top, SOURCES, (".c", ".h", ".bats", ".bash", ".py",
                                     ".sh")):
        name = os.path.relpath(path, top)
        base = os.path.basename(name)
        # A test is named by its program, which is made from the one file.
        if not {name, name.removesuffix(".c")} & named and name not in shell:
            yield f"{name}: Makefile.am does not name it"
        if base.startswith("test_") and name[:-2] not in tests:
            yield f"{name}: not among unit_tests"
        if base.startswith("fuzz_") and base != "fuzz_main.c" and \
                name[:-2] not in fuzz:
            yield f"{name}: not among fuzz_targets"
        if base.endswith(".bats") and name not in shell:
            yield f"{name}: not among shell_tests"


def scripts_parse(top):
    for path in files(top, ("tests", "doc"), (".sh", ".bash", ".py")):
        if path.endswith(".py"):
            try:
                ast.parse(read(path), path)
            except SyntaxError as e:
                yield f"{path}:{e.lineno}: {e.msg}"
            continue
        shell = "bash" if path.endswith(".bash") or \
            "bash" in read(path).split("\n", 1)[0] else "sh"
        r = subprocess.run([shell, "-n", path], capture_output=True, text=True)
        if r.returncode:
            yield f"{path}: {r.stderr}"


def manual_pages(top):
    for path in files(top, ("doc",), (".1", ".5", ".7", ".8")):
        r = subprocess.run(["mandoc", "-Tlint", "-W", "warning", path],
                           capture_output=True, text=True)
        if r.returncode or r.stdout:
            yield r.stdout + r.stderr


RULES = {f.__name__: f for f in (
    short_functions, short_files, line_shape, headers_alone, include_order,
    unique_names, one_header_one_file, words_for_files, banned_functions,
    goto_out, nothing_left, named_in_makefile, scripts_parse, manual_pages)}

broken = list(RULES[sys.argv[1]](sys.argv[2]))
print("\n".join(broken))
sys.exit(1 if broken else 0)
