"""Canonical forms by libxml2, the outside program that the crate is compared with.

Reads one JSON object per line: {"xml": text, "cases": [{"form": "inclusive" or "exclusive",
"comments": bool, "prefixes": [text], "apex": number or null, "without": [number]}]}.
Numbers count the elements of the document from 0 in document order; null is the whole document.
Writes one JSON array per line with the canonical form of each case, null where libxml2 refuses.

With --time FILE ROUNDS it measures instead and writes the seconds of one round of each kind:
{"parse_and_canonicalise": seconds, "canonicalise": seconds}, after the cost of a foreign call that
does nothing has been taken off.
"""

import ctypes
import ctypes.util
import json
import sys
import time

NOENT, NOERROR, NOWARNING, NONET, HUGE = 1 << 1, 1 << 5, 1 << 6, 1 << 11, 1 << 19
OPTIONS = NOENT | NOERROR | NOWARNING | NONET | HUGE
FORMS = {"inclusive": 0, "exclusive": 1}


def load():
    for name in ("libxml2.so.2", "libxml2.so.16", ctypes.util.find_library("xml2")):
        try:
            return ctypes.CDLL(name) if name else None
        except OSError:
            continue
    return None


LIBRARY = load()
if LIBRARY is None:
    sys.exit("no libxml2 here")


class XPathObject(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("nodes", ctypes.c_void_p)]


def declare(name, result, *arguments):
    function = getattr(LIBRARY, name)
    function.restype, function.argtypes = result, arguments
    return function


POINTER, TEXT, NUMBER = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
read_memory = declare("xmlReadMemory", POINTER, TEXT, NUMBER, TEXT, TEXT, NUMBER)
free_document = declare("xmlFreeDoc", None, POINTER)
new_context = declare("xmlXPathNewContext", POINTER, POINTER)
free_context = declare("xmlXPathFreeContext", None, POINTER)
evaluate = declare("xmlXPathEvalExpression", POINTER, TEXT, POINTER)
free_object = declare("xmlXPathFreeObject", None, POINTER)
dump_memory = declare(
    "xmlC14NDocDumpMemory",
    NUMBER, POINTER, POINTER, NUMBER, ctypes.POINTER(TEXT), NUMBER, ctypes.POINTER(POINTER),
)
do_nothing = declare("xmlFreeDoc", None, POINTER)
# libxml2 frees by a variable that holds the function; by default that is the C library's.
free_memory = ctypes.CDLL(None).free
free_memory.argtypes = [POINTER]


def selection(case):
    """The XPath of a case, or None for all nodes."""
    apex, without = case["apex"], case["without"]
    if apex is None and not without:
        return None
    if apex is None:
        parts = ["//.", "//@*", "//namespace::*"]
    else:
        subtree = f"(//*)[{apex + 1}]/descendant-or-self::"
        parts = [subtree + "node()", subtree + "*/@*", subtree + "*/namespace::*"]
    kept = "".join(
        f"[count(ancestor-or-self::node() | (//*)[{number + 1}]) != count(ancestor-or-self::node())]"
        for number in without
    )
    return " | ".join(f"({part}){kept}" for part in parts)


def canonical(document, case):
    path, context, found, nodes = selection(case), None, None, None
    if path is not None:
        context = new_context(document)
        found = evaluate(path.encode(), context)
        nodes = ctypes.cast(found, ctypes.POINTER(XPathObject)).contents.nodes if found else None
    prefixes = None
    if case["form"] == "exclusive" and case["prefixes"]:
        names = [prefix.encode() for prefix in case["prefixes"]]
        prefixes = (TEXT * (len(names) + 1))(*names, None)
    out = POINTER()
    length = -1
    if path is None or nodes:
        length = dump_memory(
            document, nodes, FORMS[case["form"]], prefixes, int(case["comments"]), ctypes.byref(out)
        )
    text = ctypes.string_at(out, length).decode() if length >= 0 else None
    if out:
        free_memory(out)
    if found:
        free_object(found)
    if context:
        free_context(context)
    return text


def answer(line):
    request = json.loads(line)
    xml = request["xml"].encode()
    document = read_memory(xml, len(xml), b"document.xml", None, OPTIONS)
    if not document:
        return [None for _ in request["cases"]]
    forms = [canonical(document, case) for case in request["cases"]]
    free_document(document)
    return forms


def parse(xml):
    return read_memory(xml, len(xml), b"document.xml", None, OPTIONS)


def write(document):
    out = POINTER()
    length = dump_memory(document, None, FORMS["exclusive"], None, 0, ctypes.byref(out))
    free_memory(out)
    return length


def seconds(rounds, work):
    """The time of one round of `work` in the fastest of nine runs."""
    times = []
    for _ in range(9):
        start = time.perf_counter()
        for _ in range(rounds):
            work()
        times.append((time.perf_counter() - start) / rounds)
    return min(times)


def measure(path, rounds):
    with open(path, "rb") as file:
        xml = file.read()

    def both():
        document = parse(xml)
        write(document)
        free_document(document)

    document = parse(xml)
    call = seconds(rounds, lambda: do_nothing(None))
    figures = {
        # Parse, free, canonicalise, free: four foreign calls; canonicalise and free: two.
        "parse_and_canonicalise": seconds(rounds, both) - 4 * call,
        "canonicalise": seconds(rounds, lambda: write(document)) - 2 * call,
    }
    print(json.dumps(figures))


if sys.argv[1:2] == ["--time"]:
    measure(sys.argv[2], int(sys.argv[3]))
else:
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)
