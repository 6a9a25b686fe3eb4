#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_schema.py: the JSON Schema of a guard's document says what the library reads, no more and no less.

A small validator for the part of JSON Schema that is used there, and the library itself, judge the same documents: ones that use every
member, and each of these with one thing wrong: an unknown member in each object, a value of another type in each place, a member gone.
What the schema refuses the library must refuse. What the library refuses the schema should, where a schema can say it. And the names
in the schema are those in the sources' tables.
"""
import copy
import ctypes
import glob
import json
import os
import re
import sys
import tempfile
import unittest

BUILD = os.environ.get("BUILD", "build")
LIBRARY = ctypes.CDLL(os.path.abspath(os.path.join(BUILD, "libapisec.so.0")))
LIBRARY.apisec_guard_schema.restype = ctypes.c_char_p
with open("lib/guard/schema.json", encoding="ascii") as file:
    TEXT = file.read()
SCHEMA = json.loads(TEXT)

EC = {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}  # RFC 7515 appendix A.3, the public half
SIGNER = dict(EC, alg="ES256", d="jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI")
DECRYPTER = dict(SIGNER, alg="ECDH-ES")
FILE = tempfile.NamedTemporaryFile("w")  # it goes with this process
FILE.write("-----BEGIN CERTIFICATE-----\n")
FILE.flush()
PEM = FILE.name
os.environ["APISEC_TEST_SECRET"] = "not much of a secret, 40 bytes of it ..."
os.environ["APISEC_TEST_SIGNER"] = json.dumps(SIGNER)
os.environ["APISEC_TEST_DECRYPTER"] = json.dumps(DECRYPTER)


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int32), ("text", ctypes.c_char * 252)]


def refusal(document):
    """What the library says of a document; None: it takes it."""
    guard, error, text = ctypes.c_void_p(), Error(), json.dumps(document).encode()
    status = LIBRARY.apisec_guard_new(text, ctypes.c_size_t(len(text)), ctypes.byref(guard), ctypes.byref(error))
    LIBRARY.apisec_guard_free(guard)
    return None if status == 0 else error.text.decode()


# ---- the schema: only what it uses; anything else in it is an error ----

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
SAID = {"$schema", "$defs", "title", "description"}


def is_type(value, name):
    return isinstance(value, TYPES[name]) and not (name == "integer" and isinstance(value, bool))


class Validator:
    def __init__(self):
        self.used = set()  # the members that a document had, each as the place in the schema that knows it

    def valid(self, value, schema, place="#"):
        if "$ref" in schema:
            name = schema["$ref"].split("/")[-1]
            if not self.valid(value, SCHEMA["$defs"][name], "#/$defs/" + name):
                return False
        return all(getattr(self, "check_" + key.lstrip("$"))(value, schema, place) for key in schema if key not in SAID)

    def check_ref(self, value, schema, place):
        return True

    def check_type(self, value, schema, place):
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        return any(is_type(value, name) for name in names)

    def check_const(self, value, schema, place):
        return value == schema["const"] and type(value) is type(schema["const"])

    def check_enum(self, value, schema, place):
        return value in schema["enum"]

    def check_minimum(self, value, schema, place):
        return not is_type(value, "integer") or value >= schema["minimum"]

    def check_maximum(self, value, schema, place):
        return not is_type(value, "integer") or value <= schema["maximum"]

    def check_minLength(self, value, schema, place):
        return not isinstance(value, str) or len(value) >= schema["minLength"]

    def check_maxLength(self, value, schema, place):
        return not isinstance(value, str) or len(value) <= schema["maxLength"]

    def check_pattern(self, value, schema, place):
        return not isinstance(value, str) or re.search(schema["pattern"], value) is not None

    def check_minItems(self, value, schema, place):
        return not isinstance(value, list) or len(value) >= schema["minItems"]

    def check_maxItems(self, value, schema, place):
        return not isinstance(value, list) or len(value) <= schema["maxItems"]

    def check_minProperties(self, value, schema, place):
        return not isinstance(value, dict) or len(value) >= schema["minProperties"]

    def check_required(self, value, schema, place):
        return not isinstance(value, dict) or all(name in value for name in schema["required"])

    def check_items(self, value, schema, place):
        return not isinstance(value, list) or all(self.valid(item, schema["items"], place + "[]") for item in value)

    def check_anyOf(self, value, schema, place):
        return any([self.valid(value, one, place) for one in schema["anyOf"]])

    def check_oneOf(self, value, schema, place):
        return [self.valid(value, one, place) for one in schema["oneOf"]].count(True) == 1

    def check_properties(self, value, schema, place):
        if not isinstance(value, dict):
            return True
        known = [name for name in value if name in schema["properties"]]
        self.used.update(place + "." + name for name in known)
        return all([self.valid(value[name], schema["properties"][name], place + "." + name) for name in known])

    def check_additionalProperties(self, value, schema, place):
        if not isinstance(value, dict):
            return True
        others = [name for name in value if name not in schema.get("properties", {})]
        if schema["additionalProperties"] is False:
            return not others
        return all(self.valid(value[name], schema["additionalProperties"], place + ".*") for name in others)


def places(schema, place="#"):
    """Every member that the schema knows, as Validator.used names it."""
    for name, one in schema.get("properties", {}).items():
        yield place + "." + name
        yield from places(one, place + "." + name)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from places(schema["additionalProperties"], place + ".*")
    if "items" in schema:
        yield from places(schema["items"], place + "[]")
    for one in schema.get("anyOf", []) + schema.get("oneOf", []):
        yield from places(one, place)
    for name, one in schema.get("$defs", {}).items():
        yield from places(one, "#/$defs/" + name)


# ---- documents that use everything ----

HASH = "$pbkdf2-sha256$i=10000$TqXuaP6gVYYQaJDe1XM4IA$xKq2QDyHsbSnBTMoCjdITXCHclRegptgRHTVr3zGepo"
SECRET = "env:APISEC_TEST_SECRET"
BASIC = {"method": "client_secret_basic", "client_id": "orders", "secret": SECRET}
KEYED = {"method": "private_key_jwt", "client_id": "orders", "key": "env:APISEC_TEST_SIGNER", "audience": "https://id.example"}
MTLS = {"method": "tls_client_auth", "client_id": "orders", "identity": "me"}
REQUIREMENT = {
    "networks": ["office"], "except_networks": ["cellar"], "peers": ["gateway"], "services": ["batch"],
    "issuers": ["https://id.example"], "audiences": ["orders"], "clients": ["web"], "actors": ["gateway"],
    "delegation": "required", "bound": True, "max_token_age": 60, "acr": ["gold"], "max_age": 60, "scopes": ["a"], "any_scope": ["b"],
    "roles": ["r"], "any_role": ["s"], "policies": ["clerk"],
}
CLAIMS = [
    {"claim": "a", "equals": "x"}, {"claim": "a", "equals": 7}, {"claim": "/a/b", "equals": True},
    {"claim": "a", "equals_parameter": "order"}, {"claim": "a", "one_of": ["x", "y"]}, {"claim": "a", "contains": "x"},
    {"claim": "a", "contains_parameter": "order"}, {"claim": "a", "prefix": "/x"}, {"claim": "a", "exists": True},
    {"claim": "a", "min": 1, "max": 2},
]
DOCUMENTS = [
    {
        "$schema": "schema.json",
        "trust": {
            "realm": "orders", "resource_metadata": "https://api.example/meta", "token_cache": {"max_tokens": 10, "max_age": 60},
            "decryption_keys": "env:APISEC_TEST_DECRYPTER", "origins": ["https://api.example"],
            "dpop": {"algorithms": ["ES256"], "nonce_lifetime": 60, "nonce_key": SECRET, "max_proofs": 100},
            "issuers": [
                {"issuer": "https://id.example", "audiences": ["orders"], "algorithms": ["ES256"], "profile": "jwt",
                 "jwks": {"keys": [EC]}, "require_claims": ["scope"], "leeway": 10, "max_lifetime": 60, "require_encryption": True,
                 "require_binding": True, "status_lists": ["https://id.example/lists/"], "require_status": True,
                 "introspection": {"endpoint": "https://id.example/i", "authentication": BASIC, "signed": True, "cache": 0,
                                   "prefix": "at_", "allow_absent_audience": True}},
                {"issuer": "https://b.example", "audiences": ["orders"], "algorithms": ["RS256"],
                 "jwks_uri": "https://b.example/jwks", "ignore_status": True},
                {"issuer": "https://c.example", "audiences": ["orders"], "algorithms": ["RS256"], "discover": True,
                 "introspection": {"endpoint": "https://c.example/i", "authentication": KEYED}},
                {"issuer": "https://d.example", "audiences": ["orders"],
                 "introspection": {"endpoint": "https://d.example/i", "authentication": MTLS, "prefix": "d_"}},
            ],
        },
        "http": {"ca_file": PEM, "timeout_ms": 1000, "connect_timeout_ms": 500, "allow_loopback": True,
                 "allow_private": True, "proxy": "http://proxy.example:3128",
                 "identities": {"me": {"certificate": PEM, "key": PEM}}},
        "exchange": {"ledger": {"endpoint": "https://id.example/token", "authentication": BASIC, "dpop_key": "env:APISEC_TEST_SIGNER",
                                "audiences": ["ledger"], "resources": ["https://ledger.example"], "scope": "a b",
                                "requested_type": "jwt", "actor": {"token": SECRET, "type": "jwt"}},
                     "stock": {"endpoint": "https://id.example/token", "authentication": BASIC, "audiences": ["stock"], "scope": "a",
                               "actor": {"key": "env:APISEC_TEST_SIGNER", "name": "orders", "audience": "https://id.example"}}},
        "audit": {"file": "/dev/null", "level": "written", "on_failure": "strict", "record_claims": ["scope", "/a/b"]},
        "role_claims": ["roles", "/realm_access/roles"],
        "policies": {"clerk": {"scopes": ["x"]}},
        "networks": {"office": ["192.0.2.0/24"], "cellar": ["2001:db8::/32"]},
        "trusted_proxies": ["office"],
        "peers": {"gateway": {"uris": ["spiffe://example/gateway"], "dns": ["gateway.example"],
                              "thumbprints": ["n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg"]}},
        "services": {"header": "X-Service-Authorization", "secrets": {"batch": HASH}},
        "limits": {"per-user": {"by": "principal", "requests": 60, "seconds": 60, "burst": 20, "max_keys": 100},
                   "per-tenant": {"by": {"claim": "tenant"}, "requests": 60, "seconds": 60, "max_keys": 100}},
        "rules": [
            {"id": "all", "path": "/orders/{order}", "methods": ["GET"], "require": dict(REQUIREMENT, claims=CLAIMS),
             "shadow": {"except_clients": ["old"], "all_of": [{"scopes": ["a"]}], "any_of": [{"roles": ["a"]}, {"roles": ["b"]}]},
             "limits": ["per-user", "per-tenant"],
             "body": {"content_types": ["application/json"], "max_bytes": 4096, "max_depth": 4, "max_members": 9, "max_elements": 9,
                      "max_string": 99, "members": ["item"], "optional": True}},
            {"id": "prices", "path": "/prices", "user": "none", "require": {"networks": ["office"]}},
            {"id": "health", "path": "/health", "public": True},
            {"id": "closed", "path": "/**", "deny": True},
        ],
    },
    {
        "trust": {"issuers": [{"issuer": "https://id.example", "audiences": ["orders"], "algorithms": ["ES256"], "discover": True}]},
        "rules": [{"id": "all", "path": "/**", "require": {}}],
        "audit": "none",
    },
]


def walk_all(value, path=()):
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in items:
        yield from walk_all(one, path + (key,))


def walk(document):
    """Every place of a document with TEST_EVERY=1, as test/support/stride.h has it; every seventh otherwise."""
    return list(walk_all(document))[:: 1 if os.environ.get("TEST_EVERY") == "1" else 7]


def changed(document, path, new):
    """A copy with another value at the path; without it where new is None."""
    made = copy.deepcopy(document)
    at = made
    for key in path[:-1]:
        at = at[key]
    if new is None:
        del at[path[-1]]
    else:
        at[path[-1]] = new
    return made


def valid(document):
    return Validator().valid(document, SCHEMA)


class SchemaTest(unittest.TestCase):
    def test_the_library_has_it(self):
        self.assertEqual(LIBRARY.apisec_guard_schema().decode(), TEXT)

    def test_documents_are_taken_by_both(self):
        validator = Validator()
        for document in DOCUMENTS:
            self.assertIsNone(refusal(document))
            self.assertTrue(validator.valid(document, SCHEMA))
        self.assertEqual(sorted(set(places(SCHEMA)) - validator.used), [], "no document uses these: does the library know them?")

    def test_the_demos_documents(self):
        documents = glob.glob("examples/mesh/*.json")
        self.assertEqual(len(documents), 3)
        for path in documents:
            with open(path, encoding="ascii") as document:
                self.assertTrue(valid(json.load(document)), path)

    def test_unknown_members(self):
        for document in DOCUMENTS:
            for path, value in walk(document):
                if not isinstance(value, dict) or "jwks" in path:
                    continue
                made = changed(document, path + ("no_such_member",), "x")
                self.assertFalse(valid(made), path)
                self.assertIsNotNone(refusal(made), path)

    def test_other_types(self):
        for document in DOCUMENTS:
            for path, value in walk(document):
                for other in (7, "", [None]):
                    if not path or "jwks" in path or type(value) is type(other) or (path[-1] == "equals" and other == 7):
                        continue
                    made = changed(document, path, other)
                    if not valid(made):
                        self.assertIsNotNone(refusal(made), (path, other))

    def test_wrong_types_are_said_by_the_schema(self):
        for document in DOCUMENTS:
            for path, value in walk(document):
                if path and "jwks" not in path and path[-1] not in ("equals", "contains"):
                    made = changed(document, path, 1.5)
                    self.assertFalse(valid(made), path)
                    self.assertIsNotNone(refusal(made), path)

    def test_members_gone(self):
        for document in DOCUMENTS:
            for path, _ in walk(document):
                if path and isinstance(path[-1], str) and "jwks" not in path:
                    made = changed(document, path, None)
                    if not valid(made):
                        self.assertIsNotNone(refusal(made), path)

    def test_the_names_in_the_sources(self):
        table = re.compile(r"const char \*const (?:\w*names|sections|rules_members)\[\] = \{(.*?)\};", re.S)
        read = set()
        for path in glob.glob("lib/guard/*.c") + glob.glob("lib/access/*.c"):
            with open(path, encoding="utf-8") as source:
                for names in table.findall(source.read()):
                    read.update(re.findall(r'"([^"]+)"', names))
        self.assertEqual(sorted({place.split(".")[-1] for place in places(SCHEMA)}), sorted(read))


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
