#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_ffi.py: the library as a foreign language sees it: the public headers alone must be enough to declare every function.

A small reader takes every prototype out of include/apisec/*.h and expresses it in ctypes; whatever it cannot express (a macro,
varargs, a callback in a signature, long, an enum type) fails. What is declared and what the shared library exports must be the same
names. Then the main job is done through those declarations alone: key, trust, verifier, call, decision, claims.
"""
import ctypes
import glob
import json
import os
import re
import subprocess
import sys
import unittest

BUILD = os.environ.get("BUILD", "build")
LIBRARY = os.path.abspath(os.path.join(BUILD, "libapisec.so.0"))

SCALARS = {
    "void": None, "char": ctypes.c_char, "unsigned char": ctypes.c_ubyte, "int": ctypes.c_int, "size_t": ctypes.c_size_t,
    "int32_t": ctypes.c_int32, "uint32_t": ctypes.c_uint32, "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64,
    "apisec_status": ctypes.c_int32,
}


class Inexpressible(Exception):
    """A declaration that a foreign language cannot make from the header alone."""


class Headers:
    """All that the headers declare: handles, structs, codes and functions, as ctypes."""

    def __init__(self, texts):
        self.handles, self.structs, self.codes, self.functions = set(), {}, {}, {}
        text = "\n".join(self.bare(name, text) for name, text in texts)
        self.handles |= set(re.findall(r"typedef struct (\w+) \1;", text))  # a compiler knows them through the includes
        text = self.take_enums(text)
        text = self.take_structs(text)
        for statement in (s.strip() for s in text.split(";")):
            if statement:
                self.take(re.sub(r"\s+", " ", statement))

    @staticmethod
    def bare(name, text):
        """Without comments and preprocessor lines. A macro that is more than the guard is inexpressible."""
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
        for define in re.findall(r"^\s*#\s*define\s+(.*)$", text, flags=re.M):
            if not re.fullmatch(r"APISEC_[A-Z]+_H", define.strip()):
                raise Inexpressible(f"{name}: the macro {define}")
        text = re.sub(r"#ifdef __cplusplus\n.*?#endif", "", text, flags=re.S)
        return re.sub(r"^\s*#.*$", "", text, flags=re.M)

    def take_enums(self, text):
        def one(match):
            if match.group(1):
                raise Inexpressible(f"the enum type {match.group(1)}")
            for entry in match.group(2).split(","):
                if entry.strip():
                    name, value = entry.split("=")
                    self.codes[name.strip()] = int(value)
            return ""
        return re.sub(r"enum\s*(\w*)\s*\{(.*?)\}\s*;", one, text, flags=re.S)

    def take_structs(self, text):
        """A struct's members may be pointers to functions: such a struct is filled in by the host, or is left opaque."""
        def one(match):
            name, fields = match.group(1), []
            for member in (m.strip() for m in match.group(2).split(";")):
                if not member:
                    continue
                array = re.fullmatch(r"(.+?)(\w+)\[(\d+)\]", member)
                if "(*" in member:
                    fields.append((re.search(r"\(\*(\w+)\)", member).group(1), ctypes.c_void_p))
                elif array:
                    fields.append((array.group(2), self.type_of(array.group(1)) * int(array.group(3))))
                else:
                    kind, field = re.fullmatch(r"(.*?[\s*])(\w+)", member, flags=re.S).groups()
                    fields.append((field, self.type_of(kind)))
            self.structs[name] = type(name, (ctypes.Structure,), {"_fields_": fields})
            return ""
        return re.sub(r"(?:typedef\s+)?struct\s+(\w+)\s*\{(.*?)\}\s*(?:\w+\s*)?;", one, text, flags=re.S)

    def type_of(self, text):
        """The ctypes type of one C type, as `const char *` or `apisec_token **`."""
        kind = re.sub(r"\bconst\b", " ", text)
        stars = kind.count("*")
        kind = re.sub(r"\s+", " ", kind.replace("*", " ")).strip()
        if stars and (kind in self.handles or kind == "void"):
            made = ctypes.c_void_p
        elif kind in self.structs:
            made = self.structs[kind] if not stars else ctypes.POINTER(self.structs[kind])
        elif stars and kind == "char" and "const" in text:
            made = ctypes.c_char_p
        elif stars and kind in SCALARS:
            made = ctypes.POINTER(SCALARS[kind])
        elif not stars and kind in SCALARS:
            return SCALARS[kind]
        else:
            raise Inexpressible(f"the type {text.strip()}")
        for _ in range(stars - 1):
            made = ctypes.POINTER(made)
        return made

    def take(self, statement):
        if re.fullmatch(r"typedef struct (\w+) \1|typedef int32_t apisec_status", statement):
            return
        function = re.fullmatch(r"(.*?[\s*])(\w+) ?\((.*)\)", statement)
        if not function:
            raise Inexpressible(statement)
        result, name, arguments = function.groups()
        if "..." in arguments or "(" in arguments:
            raise Inexpressible(f"varargs or a callback: {statement}")
        kinds = []
        for argument in arguments.split(","):
            argument = argument.strip()
            if argument == "void":
                continue
            parts = re.fullmatch(r"(.*?[\s*])(\w+)", argument)
            if not parts or parts.group(2) in SCALARS or parts.group(2) == "long":
                raise Inexpressible(f"an argument without a name: {statement}")
            kinds.append(self.type_of(parts.group(1)))
        made = self.type_of(result)
        if made is ctypes.c_char_p and "size_t *len" in arguments:
            made = ctypes.c_void_p  # bytes with a length, which need not end with a NUL
        self.functions[name] = (made, kinds)

    def declare(self, library):
        for name, (result, kinds) in self.functions.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, kinds


def read_headers():
    """All public headers, as (name, text)."""
    texts = []
    for name in sorted(glob.glob("include/apisec/*.h")):
        with open(name, encoding="utf-8") as file:
            texts.append((name, file.read()))
    return Headers(texts)


class Refused(Exception):
    """What a binding raises for every status but 0."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Reader(unittest.TestCase):
    """The reader itself: it must refuse what a foreign language cannot declare."""

    def test_refuses(self):
        for declaration, why in [
            ("#define APISEC_MAX(a, b) (a)", "a macro"),
            ("int32_t apisec_f(const char *format, ...);", "varargs"),
            ("void apisec_f(void (*callback)(void));", "a callback"),
            ("long apisec_f(void);", "long"),
            ("int32_t apisec_f(unsigned long number);", "long in an argument"),
            ("enum color { RED = 1 };", "an enum type"),
            ("int32_t apisec_f(bool yes);", "bool"),
            ("int32_t apisec_f(struct apisec_hidden *hidden);", "a type nobody declared"),
        ]:
            with self.subTest(why):
                self.assertRaises(Inexpressible, Headers, [("x.h", declaration)])

    def test_reads(self):
        headers = Headers([("x.h", "typedef struct apisec_t apisec_t; enum { APISEC_A = -3 };\n#define APISEC_X_H\n"
                                   "int32_t apisec_f(const apisec_t *thing, const char *const *names, size_t num, apisec_t **out);")])
        self.assertEqual(headers.codes, {"APISEC_A": -3})
        result, kinds = headers.functions["apisec_f"]
        self.assertIs(result, ctypes.c_int32)
        self.assertEqual(kinds, [ctypes.c_void_p, ctypes.POINTER(ctypes.c_char_p), ctypes.c_size_t, ctypes.POINTER(ctypes.c_void_p)])


class Library(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.headers = read_headers()
        cls.lib = ctypes.CDLL(LIBRARY)
        cls.headers.declare(cls.lib)  # an AttributeError here: declared, and not exported
        cls.code = cls.headers.codes

    def raising(self, status, err=None):
        if status != self.code["APISEC_OK"]:
            raise Refused(status, err.text.decode() if err is not None else "")

    def test_declared_is_exported(self):
        lines = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], check=True, capture_output=True, text=True).stdout.splitlines()
        exported = {line.split()[2].split("@")[0] for line in lines if line.split()[1] != "A"}
        self.assertEqual(exported, set(self.headers.functions))
        self.assertGreater(len(exported), 80)

    def test_statuses(self):
        for name, number in self.code.items():
            if name == "APISEC_OK" or name.startswith("APISEC_E_"):
                self.assertEqual(self.lib.apisec_status_name(number).decode(), name)

    def test_error_stays_256_bytes(self):
        self.assertEqual(ctypes.sizeof(self.headers.structs["apisec_error"]), 256)

    def test_main_job(self):
        lib, code = self.lib, self.code
        err = self.headers.structs["apisec_error"]()
        now = 1_800_000_000

        signer = ctypes.c_void_p()
        self.raising(lib.apisec_signer_generate(b"ES256", ctypes.byref(signer), ctypes.byref(err)), err)
        self.addCleanup(lib.apisec_signer_free, signer)
        jwks = b'{"keys":[' + lib.apisec_signer_public_jwk(signer) + b"]}"

        claims = json.dumps({"iss": "https://id.example", "sub": "alice", "aud": "orders", "exp": now + 300, "iat": now, "jti": "1",
                             "client_id": "web", "scope": "orders:read orders:write", "limit": 25, "sid": "s-1",
                             "act": {"sub": "gateway", "iss": "https://edge.example"}}).encode()
        # char ** is a text to be freed: a pointer kept as such, or Python would lose it
        token = ctypes.POINTER(ctypes.c_char)()
        self.raising(lib.apisec_signer_sign(signer, b"at+jwt", claims, len(claims), ctypes.byref(token), ctypes.byref(err)), err)
        compact = ctypes.string_at(token)
        lib.apisec_text_free(token)

        trust = lib.apisec_trust_new()
        issuer = lib.apisec_trust_add_issuer(trust, b"https://id.example")
        lib.apisec_issuer_add_audience(issuer, b"orders")
        lib.apisec_issuer_allow_algorithm(issuer, b"ES256")
        lib.apisec_issuer_set_jwks(issuer, jwks, len(jwks))
        verifier = ctypes.c_void_p()
        self.raising(lib.apisec_verifier_new(trust, None, ctypes.byref(verifier), ctypes.byref(err)), err)
        lib.apisec_trust_free(trust)
        self.addCleanup(lib.apisec_verifier_free, verifier)

        def decide(header, scope):
            """One request: the claims of the token, or Refused."""
            call = lib.apisec_call_new()
            decision = ctypes.c_void_p()
            try:
                lib.apisec_call_set_method(call, b"POST", 4)
                lib.apisec_call_set_target(call, b"/orders", 7)
                lib.apisec_call_set_time(call, now)
                lib.apisec_call_add_header(call, b"Authorization", 13, header, len(header))
                lib.apisec_authenticate(verifier, None, call, ctypes.byref(decision), ctypes.byref(err))
                lib.apisec_decision_require_scope(decision, scope)
                self.raising(lib.apisec_decision_commit(decision, ctypes.byref(err)), err)
                verified = lib.apisec_decision_token(decision)
                length, limit = ctypes.c_size_t(), ctypes.c_int64()
                text = lib.apisec_token_claims_json(verified, ctypes.byref(length))
                self.raising(lib.apisec_token_claim_int64(verified, b"limit", ctypes.byref(limit)))
                self.assertEqual(limit.value, 25)
                self.assertEqual(lib.apisec_token_subject(verified), b"alice")
                self.assertEqual(lib.apisec_token_num_actors(verified), 1)
                self.assertEqual(lib.apisec_token_actor_issuer(verified, 0), b"https://edge.example")
                self.assertEqual(lib.apisec_token_session(verified), b"s-1")
                self.assertIsNone(lib.apisec_token_confirmation(verified, b"jkt"))
                return json.loads(ctypes.string_at(text, length.value))
            finally:
                lib.apisec_decision_free(decision)
                lib.apisec_call_free(call)

        bearer = b"Bearer " + compact
        self.assertEqual(decide(bearer, b"orders:write"), json.loads(claims))
        for header, scope, status, why in [
            (bearer, b"orders:delete", "APISEC_E_SCOPE", "a scope that the token lacks"),
            (bearer[:-8] + b"AAAAAAAA", b"orders:write", "APISEC_E_SIGNATURE", "eight other characters at the end of the signature"),
            (b"Basic dXNlcjpwYXNz", b"orders:write", "APISEC_E_NO_CREDENTIAL", "no bearer token"),
        ]:
            with self.subTest(why):
                with self.assertRaises(Refused) as refused:
                    decide(header, scope)
                self.assertEqual(refused.exception.status, code[status], str(refused.exception))


if __name__ == "__main__":
    outcome = unittest.main(exit=False, verbosity=1).result
    failed = len({str(test).split(" (<")[0] for test, _ in outcome.failures + outcome.errors})
    print(f"{outcome.testsRun - failed} passed, {failed} failed")
    sys.exit(not outcome.wasSuccessful())
